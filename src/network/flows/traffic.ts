/**
 * Bytes that flow at once on one plane, between vertices of its level 0. `all-to-all`: from every member to every other, each pair a flow of its own.
 * `efficiency`: share of a link's rate that its payload reaches (1).
 */
export type Traffic =
  | { readonly kind: 'all-to-all'; readonly members: readonly number[]; readonly efficiency?: number | undefined }
  | { readonly kind: 'stream'; readonly from: number; readonly to: number; readonly efficiency?: number | undefined };

/** Flows that are alike: so many, with one of them to show, and the rate of each. */
export interface FlowClass {
  /** Place in the list of traffic. */
  readonly traffic: number;
  readonly flows: number;
  readonly from: number;
  readonly to: number;
  /** Of payload. 0 where no way is left. [B/s] */
  readonly rate: number;
}

/** Cables that are alike, one direction: what each can carry and what is on it, headers included. [B/s] */
export interface LinkClass {
  readonly lower: number;
  readonly upper: number;
  readonly upward: boolean;
  readonly cables: number;
  readonly capacity: number;
  readonly load: number;
}

/** Max-min fair rates of traffic. */
export interface Shares {
  readonly flows: readonly FlowClass[];
  readonly links: readonly LinkClass[];
}
