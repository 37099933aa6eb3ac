/** Is told which prefix blocks a cache has, by their ids: what is stored may be hit from then on, what is removed no longer. */
export interface PrefixWatcher {
  stored(id: number): void;
  removed(id: number): void;
  /** A request has found it. Only the caches of ranks tell. */
  found?(id: number): void;
  /** All at once, such as when a fault takes the memory that they are in. */
  cleared(ids: Iterable<number>): void;
}
