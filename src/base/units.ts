declare const unit: unique symbol;

/** A bare number fits; a quantity of another unit does not. Erased at run time. */
type Quantity<Unit extends string> = number & { readonly [unit]?: Unit | undefined };

export type Seconds = Quantity<'s'>;
export type Bytes = Quantity<'B'>;
export type BytesPerSecond = Quantity<'B/s'>;
/** Multiply and add count as two. */
export type FlopPerSecond = Quantity<'flop/s'>;
export type Watts = Quantity<'W'>;
export type Joules = Quantity<'J'>;
