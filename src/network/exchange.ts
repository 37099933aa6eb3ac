import type { Doubt } from '../base/doubt.ts';
import { ln } from '../kernel/elementary.ts';
import type { Score } from '../catalogue/cell.ts';
import { bytesPerElement, type NumberFormat } from '../catalogue/format.ts';
import { planeOf, type Machine, type Plane } from '../catalogue/machine.ts';
import type { Exchange, ExchangeKernel, ExchangeOperation, Stack } from '../catalogue/stack.ts';
import { dieBandwidth, domainDies } from './reach.ts';

/** What one die sends to experts, or gets back. */
export interface ExchangeLoad {
  readonly tokens: number;
  readonly fanout: number;
  readonly hidden: number;
  /** Of a dispatched element; combined rows are in the format of the measurement. */
  readonly format: NumberFormat;
}

/** Dispatch and combine over a group of dies. */
export interface ExchangeModel {
  readonly plane: 'scale-up' | 'scale-out';
  /** [s] */
  time(operation: ExchangeOperation, load: ExchangeLoad): number;
  /** Bytes that one die sends. [B] */
  bytes(operation: ExchangeOperation, load: ExchangeLoad): number;
  /** Error of the measured tables, where it is known. */
  readonly error?: Score | undefined;
  /** What had to be assumed of this group. */
  readonly doubts: readonly Doubt[];
  /** What has to be assumed of one load. */
  loadDoubts(operation: ExchangeOperation, load: ExchangeLoad): readonly Doubt[];
}

/** Points of one EP degree, by tokens. */
interface Curve {
  readonly ranks: number;
  readonly tokens: readonly number[];
  readonly times: readonly number[];
}

/**
 * The model of a group of `ranks` dies from the stack's measured tables: linear in tokens between measured counts (from the empty call
 * below the first, by the last slope above the last), linear in the logarithm of the EP degree. What grows with the message scales with
 * its bytes and with the port's bandwidth against the measured machine's. Without any table it is the port at the plane's efficiency.
 */
export function exchangeModel(machine: Machine, stack: Stack, kernel: ExchangeKernel, ranks: number): ExchangeModel {
  const scaleUp = planeOf(machine, 'scale-up');
  const role = scaleUp !== undefined && ranks <= domainDies(machine, scaleUp) ? 'scale-up' : 'scale-out';
  const plane = planeOf(machine, role) ?? planeOf(machine, 'host') ?? machine.planes[0];
  const table = pick(stack, machine.chip.generation, kernel, role);
  if (plane === undefined || table === undefined) return untabled(machine, plane, stack, role, ranks);
  return tabled(machine, plane, table, role, ranks, kernel);
}

function pick(stack: Stack, generation: string, kernel: ExchangeKernel, role: 'scale-up' | 'scale-out'): Exchange | undefined {
  const fits = stack.exchanges.filter((entry) => entry.plane === role && (entry.generation === undefined || entry.generation === generation));
  const score = (entry: Exchange): number => (entry.kernel === kernel ? 2 : 0) + (entry.generation === undefined ? 0 : 1);
  return fits.toSorted((a, b) => score(b) - score(a))[0];
}

function messageBytes(table: Exchange, operation: ExchangeOperation, hidden: number, format: NumberFormat): number {
  if (operation === 'combine') return hidden * bytesPerElement[table.combineFormat];
  const narrow = bytesPerElement[format] < 2;
  return hidden * bytesPerElement[format] + (narrow ? (table.scaleBytes * hidden) / table.hidden : 0);
}

function curvesOf(table: Exchange, operation: ExchangeOperation): readonly Curve[] {
  const points = table.points.filter((point) => point.operation === operation);
  const degrees = [...new Set(points.map(({ ranks }) => ranks))].toSorted((a, b) => a - b);
  return degrees.map((ranks) => {
    const own = points.filter((point) => point.ranks === ranks).toSorted((a, b) => a.tokens - b.tokens);
    return { ranks, tokens: [0, ...own.map(({ tokens }) => tokens)], times: [table.start.value, ...own.map(({ time }) => time.value)] };
  });
}

/** Time of a curve at a token count, past its end by the last slope. */
function along({ tokens, times }: Curve, at: number): number {
  let i = 1;
  while (i < tokens.length - 1 && (tokens[i] ?? 0) < at) i++;
  const [x0 = 0, x1 = 1, y0 = 0, y1 = 0] = [tokens[i - 1], tokens[i], times[i - 1], times[i]];
  return y0 + ((at - x0) * (y1 - y0)) / (x1 - x0);
}

function tabled(machine: Machine, plane: Plane, table: Exchange, role: 'scale-up' | 'scale-out', ranks: number, kernel: ExchangeKernel): ExchangeModel {
  const port = dieBandwidth(machine, plane);
  const pace = table.bandwidth.value / port;
  const start = table.start.value;
  const blends = { dispatch: blend(curvesOf(table, 'dispatch'), ranks), combine: blend(curvesOf(table, 'combine'), ranks) };
  const measured = {
    dispatch: table.fanout * messageBytes(table, 'dispatch', table.hidden, table.dispatchFormat),
    combine: table.fanout * messageBytes(table, 'combine', table.hidden, table.dispatchFormat),
  };
  const equivalent = (operation: ExchangeOperation, load: ExchangeLoad): number =>
    (load.tokens * load.fanout * messageBytes(table, operation, load.hidden, load.format)) / measured[operation];
  const doubts: Doubt[] = [];
  const degrees = [...new Set(table.points.map((point) => point.ranks))].toSorted((a, b) => a - b);
  const [first = 0, last = 0] = [degrees[0], degrees.at(-1)];
  if (ranks > last || ranks < first)
    doubts.push({
      rule: 'exchange-degree',
      where: `EP${ranks}`,
      message: `${table.name} was measured from EP${first} to EP${last}; EP${ranks} is extrapolated in the logarithm of the degree`,
    });
  if (table.kernel !== kernel)
    doubts.push({ rule: 'exchange-kernel', where: table.name, message: `no ${kernel} kernel was measured for this chip: the ${table.kernel} one stands in` });
  if (pace < 0.99 || pace > 1.01)
    doubts.push({
      rule: 'exchange-bandwidth',
      where: table.name,
      message: `measured with ${(table.bandwidth.value / 1e9).toFixed(0)} GB/s a die, ${(port / 1e9).toFixed(0)} GB/s here: what grows with the message is scaled`,
    });
  return {
    plane: role,
    error: table.error,
    doubts,
    bytes: (operation, load) => load.tokens * load.fanout * messageBytes(table, operation, load.hidden, load.format),
    time(operation, load) {
      if (load.tokens <= 0) return 0;
      const whole = blends[operation](equivalent(operation, load));
      return Math.max(start, start + (whole - start) * pace);
    },
    loadDoubts(operation, load) {
      const tokens = table.points.filter((point) => point.operation === operation).map((point) => point.tokens);
      const most = Math.max(...tokens);
      const here = equivalent(operation, load);
      if (here <= most * 1.5) return [];
      return [
        {
          rule: 'exchange-tokens',
          where: `${operation} over EP${ranks}`,
          message: `measured up to ${most} tokens a rank; ${here.toFixed(0)} of that size are extrapolated by the last slope`,
        },
      ];
    },
  };
}

/** Time of a token count at an EP degree: between the two measured degrees around it, or by the nearest two beyond them. */
function blend(curves: readonly Curve[], ranks: number): (tokens: number) => number {
  let i = 1;
  while (i < curves.length - 1 && (curves[i]?.ranks ?? 0) < ranks) i++;
  const below = curves[i - 1];
  const above = curves[i] ?? below;
  if (below === undefined || above === undefined) return () => 0;
  if (below === above) return (tokens) => along(below, tokens);
  const share = (ln(ranks) - ln(below.ranks)) / (ln(above.ranks) - ln(below.ranks));
  return (tokens) => {
    const low = along(below, tokens);
    return Math.max(0, low + share * (along(above, tokens) - low));
  };
}

function untabled(machine: Machine, plane: Plane | undefined, stack: Stack, role: 'scale-up' | 'scale-out', ranks: number): ExchangeModel {
  const start = stack.collectives[0]?.start.value ?? 0;
  const bandwidth = plane === undefined ? Infinity : dieBandwidth(machine, plane) * plane.efficiency.value;
  const latency = plane?.port.latency.value ?? 0;
  const bytes = (operation: ExchangeOperation, load: ExchangeLoad): number =>
    load.tokens * load.fanout * load.hidden * bytesPerElement[operation === 'combine' ? 'bf16' : load.format];
  return {
    plane: role,
    bytes,
    time: (operation, load) => (load.tokens <= 0 ? 0 : start + latency + (bytes(operation, load) * (ranks - 1)) / ranks / bandwidth),
    doubts: [
      {
        rule: 'exchange-unmeasured',
        where: `EP${ranks} over ${plane?.name ?? role}`,
        message: 'no dispatch or combine was measured for this chip and plane: start of a collective plus bytes over the port',
      },
    ],
    loadDoubts: () => [],
  };
}
