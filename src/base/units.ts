declare const unit: unique symbol;

/** A bare number fits; a quantity of another unit does not. Erased at run time. */
type Quantity<Unit extends string> = number & { readonly [unit]?: Unit | undefined };

export type Seconds = Quantity<'s'>;
export type Bytes = Quantity<'B'>;
export type BytesPerSecond = Quantity<'B/s'>;
/** Work: multiply and add count as two. */
export type Flop = Quantity<'flop'>;
export type FlopPerSecond = Quantity<'flop/s'>;
export type Hertz = Quantity<'1/s'>;
export type Watts = Quantity<'W'>;
export type Joules = Quantity<'J'>;
export type Dollars = Quantity<'$'>;
export type DollarsPerSecond = Quantity<'$/s'>;
