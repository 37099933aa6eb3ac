/** Where a request is: a column of the request table, so that whatever a part held can be found when it is lost. */
export const place = {
  nowhere: 0,
  /** On its way through the front end, or waiting for an instance that could take it. */
  outside: 1,
  /** Its cached prefix is being read into the rank `source`. */
  reading: 2,
  /** In the queue of its rank. */
  queued: 3,
  /** Its prompt is being computed on its rank. */
  prefilling: 4,
  /** Computed: its KV waits on the rank `source` for a place to decode. */
  holding: 5,
  /** Its KV is on its way from the rank `source` to its rank. */
  pushing: 6,
  /** Its KV has left its source and arrives one latency later. */
  landing: 7,
  /** Its KV is on its rank: it decodes, or will from the next step on. */
  decoding: 8,
} as const;

/** Whether requests there count as running: an iteration has computed some of their prompt. */
export function runs(at: number): boolean {
  return at >= place.prefilling;
}
