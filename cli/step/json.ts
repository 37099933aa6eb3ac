import type { StepRequest } from '../../schema/step/request.ts';
import type { StepExplanation } from '../../src/cost/explain.ts';
import { resultOf } from './result.ts';

/** One iteration as JSON, documented in docs/guide/step.md. SI units. */
export function stepAsJson(request: StepRequest, explanation: StepExplanation): string {
  const { setting, phase, chips, memory, kvInUse, batch, emitted, acceptance, total, context } = request;
  const { machine, model, stack, precision, layout } = setting;
  const { time, hostGap, groups, operators, stages, engines, doubts } = explanation;
  const result = {
    schema: 'supernode/step/1',
    machine: machine.name,
    model: model.name,
    stack: stack.name,
    phase,
    chips,
    precision,
    layout,
    batch: { total, context, ...batch },
    acceptance,
    emittedPerStep: emitted,
    time,
    hostGap,
    ...resultOf(request, explanation),
    groups,
    operators,
    stages,
    engines,
    memory: { ...memory, kvInUse },
    doubts,
  };
  return JSON.stringify(result, undefined, 2);
}
