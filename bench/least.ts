const chunk = 50;

/** Time of `run` per item, the minimum of `repeats` for each fifty of them, so that other load of the machine is left out. [s] */
export function leastTime<Item>(items: readonly Item[], repeats: number, run: (item: Item) => unknown): number {
  let total = 0;
  for (let from = 0; from < items.length; from += chunk) {
    const some = items.slice(from, from + chunk);
    let least = Infinity;
    for (let i = 0; i < repeats; i++) {
      const start = performance.now();
      for (const item of some) run(item);
      least = Math.min(least, performance.now() - start);
    }
    total += least;
  }
  return total / 1000 / items.length;
}
