import type { DeployedPool } from '../serving/deploy.ts';
import type { Interval } from '../serving/metrics.ts';
import type { Section } from './block.ts';
import { columns, row } from './cells.ts';
import type { Summary } from './summary.ts';
import { percent, plain, unknown } from './wording.ts';

/** What drafts came to, over the requests that finished in the window. */
export interface SpeculationSummary {
  /** Tokens that are drafted for a sequence in each step, and the chance that was stated for each position. */
  readonly drafts: number;
  readonly acceptance: readonly number[];
  /** Steps that a sequence took part in, tokens that the model went over in them, drafts included, and tokens that came out. */
  readonly steps: number;
  readonly verified: number;
  readonly emitted: number;
  /** Tokens that came out of a step, of one sequence. */
  readonly perStep: number;
}

/** Undefined where nothing drafts, or no request finished behind a decode step. */
export function speculationSummary(pools: readonly DeployedPool[], { decodeSteps, decodeEmitted }: Interval): SpeculationSummary | undefined {
  const acceptance = pools.find(({ plant }) => plant.acceptance.length > 0)?.plant.acceptance ?? [];
  if (acceptance.length === 0 || decodeSteps === 0) return undefined;
  return {
    drafts: acceptance.length,
    acceptance,
    steps: decodeSteps,
    verified: decodeSteps * (1 + acceptance.length),
    emitted: decodeEmitted,
    perStep: decodeEmitted / decodeSteps,
  };
}

/** Tokens that the model went over and tokens that came out, told apart. */
export function speculationSection({ speculation }: Summary): Section | undefined {
  if (speculation === undefined) return undefined;
  const { drafts, acceptance, verified, emitted, perStep } = speculation;
  return {
    title: 'Speculation',
    blocks: [
      {
        kind: 'table',
        caption: 'Drafted tokens of the requests that finished in the window: what steps verified, and what came out of them',
        columns: columns(['drafted a step', 'acceptance', 'verified', 'emitted', 'of what was verified', 'emitted a step'], 0),
        rows: [
          row(
            `${drafts}`,
            acceptance.map((share) => percent(share)).join(', '),
            plain(verified, 'tokens'),
            plain(emitted, 'tokens'),
            percent(verified > 0 ? emitted / verified : 0),
            Number.isFinite(perStep) ? perStep.toFixed(2) : unknown,
          ),
        ],
      },
    ],
  };
}
