import type { StepRequest } from './request.ts';
import { bottleneckOf } from './bottleneck.ts';
import type { StepAccount } from './account.ts';
import type { StepData } from './data.ts';
import { resultOf } from './result.ts';

/** One iteration as JSON, documented in docs/guide/step.md. SI units. */
export function stepAsJson(request: StepRequest, account: StepAccount): string {
  return JSON.stringify(stepData(request, account), undefined, 2);
}

/** The same as plain data; without what the account does not have. */
export function stepData(request: StepRequest, { explanation, improvements, intervals, constants }: StepAccount): StepData {
  const { setting, phase, chips, memory, kvInUse, batch, emitted, acceptance, total, context, expertLoad } = request;
  const { machine, model, stack, precision, layout } = setting;
  const { time, pace, pipeline, hostGap, groups, operators, stages, engines, trust, doubts } = explanation;
  return {
    schema: 'supernode/step/1',
    machine: machine.name,
    model: model.name,
    stack: stack.name,
    phase,
    chips,
    precision,
    layout: { ...layout, drafter: drafterOf(layout) },
    batch: { total, context, ...batch },
    ...(expertLoad === undefined ? {} : { expertLoad }),
    acceptance,
    emittedPerStep: emitted,
    time,
    ...(pipeline === undefined ? {} : { pace, pipeline }),
    hostGap,
    ...resultOf(request, explanation),
    trust,
    ...(intervals === undefined ? {} : { intervals }),
    groups,
    operators,
    stages,
    engines,
    bottleneck: bottleneckOf(explanation),
    ...(improvements === undefined ? {} : { improvements }),
    ...(constants === undefined ? {} : { constants }),
    memory: { ...memory, kvInUse },
    doubts,
  };
}

/** The drafter without the whole of its model. */
function drafterOf({ drafter }: StepRequest['setting']['layout']): object | undefined {
  switch (drafter?.kind) {
    case 'head':
      return { kind: 'head', name: drafter.name, module: drafter.module };
    case 'model':
      return { kind: 'model', name: drafter.model.name, precision: drafter.precision, tensor: drafter.tensor };
    case 'lookup':
    case undefined:
      return drafter;
  }
}
