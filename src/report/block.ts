/** Whether a figure is as one would wish it (`good`), needs the reader's eye (`warn`), or is neither. */
export type Tone = 'plain' | 'good' | 'warn';

/** A figure that the reader looks for first. `value` carries its unit. */
export interface Headline {
  readonly label: string;
  readonly value: string;
  /** The 80 % interval in words. */
  readonly range?: string | undefined;
  readonly note: string;
  readonly tone: Tone;
}

export interface Fact {
  readonly label: string;
  readonly lines: readonly string[];
}

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

export interface Cell {
  readonly text: string;
  /** Said beside the text, more quietly: the difference to the first column. */
  readonly note?: string | undefined;
  readonly best?: boolean | undefined;
}

/** One bar of a list: how much of the full length it fills, and the same in words. */
export interface Bar {
  readonly label: string;
  /** 0 to 1. */
  readonly share: number;
  readonly value: string;
  readonly detail: string;
  readonly tone: Tone;
}

export interface Line {
  readonly name: string;
  /** In SI units; what is not finite is a gap. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** Lines over simulated time. */
export interface TimeChart {
  readonly caption: string;
  /** What the vertical axis shows and its SI unit: `s`, `tok/s`, `%`, `requests`. */
  readonly axis: string;
  readonly unit: string;
  readonly lines: readonly Line[];
  /** Lines are parts of a whole: drawn on top of one another. */
  readonly stacked?: boolean | undefined;
  readonly limit?: { readonly value: number; readonly label: string } | undefined;
}

/** Something at a moment of a run, or over a span of it. */
export interface TimedEvent {
  readonly label: string;
  readonly from: number;
  readonly to: number;
}

/** Quantiles of one latency, a line per run. */
export interface QuantileChart {
  readonly caption: string;
  readonly lines: readonly { readonly name: string; readonly values: readonly { readonly quantile: string; readonly value: number }[] }[];
  readonly limit?: { readonly value: number; readonly label: string } | undefined;
}

/** Measured against predicted in SI units, both on logarithmic axes; the diagonal is agreement. */
export interface ScatterChart {
  readonly caption: string;
  readonly unit: string;
  readonly points: readonly { readonly x: number; readonly y: number; readonly label: string; readonly series: string }[];
}

/** A part of a whole. */
interface Part {
  readonly name: string;
  readonly share: number;
  /** The share in words: those of one whole add up. */
  readonly percentage: string;
  readonly value: string;
  /** What is left over: drawn as room, not as use. */
  readonly spare: boolean;
}

/** A piece of a report, free of any medium. Numbers in it are worded, except those that a chart draws. */
export type Block =
  | { readonly kind: 'sentences'; readonly tone: Tone; readonly lines: readonly string[] }
  | { readonly kind: 'table'; readonly caption: string; readonly columns: readonly Column[]; readonly rows: readonly (readonly Cell[])[] }
  | { readonly kind: 'bars'; readonly caption: string; readonly rows: readonly Bar[] }
  | { readonly kind: 'stack'; readonly caption: string; readonly parts: readonly Part[] }
  | {
      readonly kind: 'timeline';
      readonly charts: readonly TimeChart[];
      /** The steady window. [s] */
      readonly window: { readonly from: number; readonly to: number } | undefined;
      /** What happened to the deployment, and until when it was felt. [s] */
      readonly events?: readonly TimedEvent[] | undefined;
    }
  | { readonly kind: 'quantiles'; readonly charts: readonly QuantileChart[] }
  | { readonly kind: 'scatter'; readonly charts: readonly ScatterChart[] };

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** A report as its media share it: the terminal and the page draw the same one. */
export interface Report {
  readonly title: string;
  readonly subtitle: string;
  /** The answer in a few sentences. */
  readonly verdict: readonly string[];
  readonly facts: readonly Fact[];
  readonly headlines: readonly Headline[];
  readonly sections: readonly Section[];
  /** How to get the same bytes again. */
  readonly reproduce: readonly string[];
}
