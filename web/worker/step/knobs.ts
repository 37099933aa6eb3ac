import type { PoolStep } from '../../../schema/step/of-scenario.ts';
import type { StepFlags } from '../../../schema/step/flags.ts';
import { chipCount } from '../../../src/catalogue/machine.ts';
import { dataRanks, type Layout } from '../../../src/model/layout.ts';
import type { Scenario } from '../../../src/serving/scenario.ts';

/** A width of expert parallelism, and the flags that go with it: others than the scenario's own copy the shared expert to every die. */
export interface ExpertStop {
  readonly parallel: number;
  readonly flags: StepFlags;
}

/** What may be changed of the iteration of a pool. */
export interface PoolKnobs extends PoolStep {
  readonly ranks: number;
  /** Without experts, or where they are apart or sliced: none. */
  readonly experts: readonly ExpertStop[];
  readonly mostMicrobatches: number;
  /** Whether the model has a module of its own that drafts. */
  readonly drafts: boolean;
  /** Of the drafts of the scenario. */
  readonly draftTokens: number;
}

const widths = [4, 8, 16, 32, 48, 64, 72, 96, 128, 144, 160, 192, 256, 288, 320, 384, 512, 576, 640, 768, 1024];

export function knobsOf(step: PoolStep, scenario: Scenario): PoolKnobs {
  const { deployment, model } = scenario;
  const layout = deployment.kind === 'merged' ? deployment.layout : deployment[step.pool === 'prefill' ? 'prefill' : 'decode'].layout;
  return {
    ...step,
    ranks: dataRanks(layout),
    experts: expertStops(step.flags, layout, scenario),
    mostMicrobatches: step.phase === 'decode' && layout.experts.apart === true ? 4 : 2,
    drafts: model.draft !== undefined,
    draftTokens: layout.draftTokens,
  };
}

/** An instance that is as wide as its experts grows and shrinks with them; in any other they are spread over parts of it. */
function expertStops(own: StepFlags, layout: Layout, { machine, model }: Scenario): readonly ExpertStop[] {
  const moe = model.groups.map(({ feedForward }) => feedForward).find((feedForward) => feedForward.kind === 'experts');
  const { parallel, apart } = layout.experts;
  if (moe?.kind !== 'experts' || apart === true || parallel < layout.tensor) return [];
  const whole = parallel === layout.dies;
  const { dies } = machine.chip;
  const most = chipCount(machine) * dies;
  const fits = (width: number): boolean =>
    width >= layout.tensor && width % layout.tensor === 0 && width % dies === 0 && (whole ? width <= most : width <= layout.dies && layout.dies % width === 0);
  return [...new Set([...widths.filter(fits), parallel])]
    .sort((a, b) => a - b)
    .map((width): ExpertStop => {
      if (width === parallel) return { parallel: width, flags: own };
      const { npus: _n, gpus: _g, chips: _c, dies: _d, ...rest } = own;
      const size: StepFlags = whole ? { dies: String(width) } : {};
      const redundant = (width - (moe.routed % width)) % width;
      const shared: StepFlags = moe.sharedCount > 0 ? { sharedDies: String(width) } : {};
      return { parallel: width, flags: { ...(whole ? rest : own), ...size, ...shared, expertParallel: String(width), redundant: String(redundant) } };
    });
}
