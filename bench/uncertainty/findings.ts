import process from 'node:process';
import type { Found } from './file.ts';
import { predictive, predictiveText, quantilesOf, spreadText } from './spread.ts';
import { median, type Judged } from './tables.ts';

/** Spreads that were found, each told as it is found. */
export class Findings {
  /** By title. */
  readonly spreads: Map<string, Found> = new Map();

  /** Part that a cell's operators share, and what each has of its own. */
  tell(title: string, judged: readonly Judged[]): void {
    const enough = judged.filter(({ groups }) => groups.length >= 3);
    const common = enough.map(({ groups }) => median(groups));
    const own = enough.flatMap(({ groups }, i) => groups.map((error) => error - (common[i] ?? 0)));
    if (enough.length > 0) this.spreads.set(title, { together: quantilesOf(common), apart: quantilesOf(own), cells: enough.length, groups: own.length });
    process.stdout.write(`${title}: ${enough.length} cells\n  common ${spreadText(common)}, bias ${median(common).toFixed(3)}\n  own    ${spreadText(own)}\n`);
  }

  /** What one more cell of a class would be off by, of which there are fewer than ten. */
  tellFew(title: string, judged: readonly Judged[]): void {
    const spread = predictive(
      judged.map(({ groups }) => median(groups)),
      0,
    );
    if (spread === undefined) process.stdout.write(`${title}: ${judged.length} cells\n`);
    else {
      const own = judged.flatMap(({ groups }) => groups.map((error) => error - median(groups)));
      this.spreads.set(title, { together: spread.spread, apart: quantilesOf(own), cells: judged.length, groups: own.length });
      process.stdout.write(`${title}: ${judged.length} cells\n  common of one more ${predictiveText(spread)}\n  own    ${spreadText(own)}\n`);
    }
  }
}
