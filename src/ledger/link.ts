import { unreachable } from '../base/errors.ts';
import type { CollectiveOperation } from '../catalogue/library.ts';
import { collectiveModel } from '../network/collective.ts';
import { exchangeModel } from '../network/exchange.ts';
import { wayOf } from '../network/point-to-point.ts';
import type { Answer } from './answer.ts';
import type { CollectiveQuestion, ExchangeQuestion, PathQuestion } from './question.ts';

/** What the network layer says of a path, a collective, an exchange with experts. */
export function answerLink(question: PathQuestion | CollectiveQuestion | ExchangeQuestion): Answer {
  switch (question.kind) {
    case 'path': {
      const { machine, plane, scope, operation, to, figure } = question;
      return { value: wayOf(machine, plane, scope, operation, to)[figure], doubts: [] };
    }
    case 'collective': {
      const { machine, stack, library, operation, ranks, bytes, figure } = question;
      const own = library === undefined ? stack : { ...stack, collectives: stack.collectives.filter((way) => way.library === library) };
      const model = collectiveModel(machine, own, ranks);
      const { time } = model.price(operation, bytes);
      return { value: figure === 'time' ? time : (busFactor(operation, ranks) * bytes) / time, doubts: model.doubts };
    }
    case 'exchange': {
      const { machine, stack, operation, kernel, ranks, tokens, hidden, fanout, copies, format, figure } = question;
      const model = exchangeModel(machine, stack, kernel, ranks);
      const load = { tokens, fanout, hidden, format };
      const time = model.time(operation, load);
      const doubts = [...model.doubts, ...model.loadDoubts(operation, load)];
      return { value: figure === 'time' ? time : (model.bytes(operation, { ...load, fanout: 1 }) * copies) / time, doubts };
    }
    default:
      return unreachable(question);
  }
}

/** Share of the vector that passes a rank's port, as benchmarks count the bandwidth of the bus. */
function busFactor(operation: CollectiveOperation, ranks: number): number {
  switch (operation) {
    case 'all-reduce':
      return (2 * (ranks - 1)) / ranks;
    case 'all-gather':
    case 'reduce-scatter':
    case 'all-to-all':
      return (ranks - 1) / ranks;
    case 'broadcast':
      return 1;
    default:
      return unreachable(operation);
  }
}
