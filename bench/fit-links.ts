/**
 * Fits starts, steps and shares of ports of communication libraries to published micro-benchmarks in ../shared/measured, prints how far off the rows are that were
 * fitted and those that were held out, and writes data/libraries: `npx node bench/fit-links.ts`.
 */
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { readLibrary } from '../schema/library.ts';
import type { CollectiveOperation, Library } from '../src/catalogue/library.ts';
import type { Stack } from '../src/catalogue/stack.ts';
import { collectiveModel } from '../src/network/collective.ts';
import { loadMachine } from '../cli/machines.ts';
import { cannEntries, deepepEntries, oneSidedEntries } from './links/exchanges.ts';
import { fitInSwitch, fitOperation, type FittedWay } from './links/fit-collectives.ts';
import { spreadText } from './links/solve.ts';
import { customRows, disturbed, ncclRows, vidurRows, type CollectiveRow } from './links/tables.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A system that a library was fitted on, and those of the same generation that were held out. */
interface Fitted {
  readonly generations: readonly string[];
  readonly system: string;
  readonly title: string;
  readonly machine: string;
  readonly port: number;
  readonly heldOut: readonly { readonly system: string; readonly machine: string }[];
  /** Its name in a further set of all-reduces. */
  readonly vidur?: 'a100' | 'h100';
}

const systems: readonly Fitted[] = [
  {
    generations: ['hopper'],
    system: 'h100_sxm',
    title: 'H100',
    machine: 'hgx-h100',
    port: 450e9,
    heldOut: [{ system: 'h200_sxm', machine: 'hgx-h200' }],
    vidur: 'h100',
  },
  {
    generations: ['blackwell', 'blackwell-ultra'],
    system: 'b200_sxm',
    title: 'B200',
    machine: 'hgx-b200',
    port: 900e9,
    heldOut: [{ system: 'gb200', machine: 'gb200-nvl72' }],
  },
  { generations: ['ampere'], system: 'a100_sxm', title: 'A100', machine: 'hgx-a100', port: 300e9, heldOut: [], vidur: 'a100' },
];

const operations: readonly CollectiveOperation[] = ['all-reduce', 'all-gather', 'reduce-scatter', 'all-to-all'];
/** Ranges of the chunk that one operation may have. */
const ranges = { nccl: 4, custom: 4 };

function entryText(system: Fitted, operation: CollectiveOperation, ways: readonly FittedWay[], source: string, error: string): string {
  const lines = ways.map(({ algorithm, ranks, above, upTo, start, step, efficiency, local }) => {
    const parts = [
      `algorithm: ${algorithm}`,
      ...(ranks === undefined ? [] : [`ranks: [${ranks.join(', ')}]`]),
      ...(above === 0 ? [] : [`above: ${above} B`]),
      ...(Number.isFinite(upTo) ? [`up-to: ${upTo} B`] : []),
      `start: ${(start * 1e6).toPrecision(4)} us`,
      `step: ${(step * 1e6).toPrecision(4)} us`,
      `efficiency: ${Math.min(1, efficiency).toPrecision(4)}`,
      ...(local === undefined ? [] : [`local: ${(local / 1e9).toPrecision(4)} GB/s`]),
    ];
    return `      - { ${parts.join(', ')} }`;
  });
  return [
    `  - generations: [${system.generations.join(', ')}]`,
    `    operation: ${operation}`,
    '    latency: 3.33 us',
    `    port: ${system.port / 1e9} GB/s`,
    '    kind: measured',
    `    source: "${source}"`,
    `    error: "${error}"`,
    '    ways:',
    ...lines,
  ].join('\n');
}

const machineOf = new Map<string, ReturnType<typeof loadMachine>>();

/** Errors of rows by the model that runs in the engine. */
function errorsOf(library: Library, machineName: string, rows: readonly CollectiveRow[]): ReadonlyMap<CollectiveRow, number> {
  const machine = machineOf.get(machineName) ?? loadMachine(machineName);
  machineOf.set(machineName, machine);
  const stack = { collectives: library.collectives } as unknown as Stack;
  return new Map(rows.map((row) => [row, collectiveModel(machine, stack, row.ranks).price(row.operation, row.bytes).time / row.time - 1]));
}

function libraryOf(name: string, entries: readonly string[]): Library {
  return readLibrary(parse([`name: ${name}`, `title: ${name}`, 'collectives:', ...entries].join('\n')), name);
}

const openEnded = (ways: readonly FittedWay[]): readonly FittedWay[] => ways.map((way, i) => (i === ways.length - 1 ? { ...way, upTo: Infinity } : way));

function fitNccl(): readonly string[] {
  return systems.flatMap((system) => {
    const version = system.system === 'a100_sxm' ? '2.27.3' : '2.29.2';
    const all = ncclRows(system.system);
    const noise = disturbed(all);
    return operations.map((operation) => {
      const rows = all.filter((row) => row.operation === operation && row.format === 'half' && !noise.has(row));
      const source = `NCCL ${version} on 2, 4 and 8 x ${system.title}, 16 bit; aiconfigurator 095f58a`;
      const ring = openEnded(fitOperation(rows, system.port, ranges.nccl, 'general'));
      const first = libraryOf('nccl', [entryText(system, operation, ring, source, 'x')]);
      const inSwitch = operation === 'all-reduce' ? fitInSwitch(rows, errorsOf(first, system.machine, rows), system.port, 8) : undefined;
      let ways = ring;
      if (inSwitch !== undefined) {
        // The other ways are of groups and messages that the switches do not serve.
        const others = rows.filter((row) => !(row.ranks >= 8 && row.bytes / row.ranks > inSwitch.above));
        ways = [...openEnded(fitOperation(others, system.port, ranges.nccl, 'general')), { ...inSwitch, upTo: Infinity }];
      }
      const written = entryText(system, operation, ways, source, 'x');
      const library = libraryOf('nccl', [written]);
      const errors = [...errorsOf(library, system.machine, rows).values()];
      const other = all.filter((row) => row.operation === operation && row.format === 'int8' && !noise.has(row));
      const withheld = [
        ...(operation === 'all-reduce' ? [] : [`8 bit: ${spreadText([...errorsOf(library, system.machine, other).values()])}`]),
        ...system.heldOut.map(({ system: name, machine }) => {
          const held = ncclRows(name);
          const disturbance = disturbed(held);
          const own = held.filter((row) => row.operation === operation && row.format === 'half' && !disturbance.has(row));
          return `${name}: ${spreadText([...errorsOf(library, machine, own).values()])}`;
        }),
        groupOfFour(system, operation, rows),
        ...(operation === 'all-reduce' && system.vidur !== undefined
          ? [`Vidur, 8 MB and more: ${spreadText([...errorsOf(library, system.machine, vidurRows(system.vidur)).values()])}`]
          : []),
      ];
      const left = all.filter((row) => row.operation === operation && row.format === 'half' && noise.has(row)).length;
      const error = `${spreadText(errors)}${left === 0 ? '' : ` (${left} disturbed rows left out)`}; held out: ${withheld.join('; ')}`;
      say(`nccl ${system.title} ${operation}: ${error}`);
      return entryText(system, operation, ways, source, error);
    });
  });
}

/** How far off groups of four are when only two and eight are fitted. */
function groupOfFour(system: Fitted, operation: CollectiveOperation, rows: readonly CollectiveRow[]): string {
  const ways = openEnded(
    fitOperation(
      rows.filter(({ ranks }) => ranks !== 4),
      system.port,
      ranges.nccl,
      'general',
    ),
  );
  const library = libraryOf('nccl', [entryText(system, operation, ways, 'x', 'x')]);
  const four = rows.filter(({ ranks }) => ranks === 4);
  return `4 ranks from 2 and 8: ${spreadText([...errorsOf(library, system.machine, four).values()])}`;
}

function fitCustom(name: string, framework: string, title: string): readonly string[] {
  return systems.flatMap((system) => {
    const rows = customRows(system.system, framework);
    const fitted = rows.length > 0 ? system : { ...system, ...system.heldOut[0] };
    const own = rows.length > 0 ? rows : system.heldOut.flatMap(({ system: held }) => customRows(held, framework));
    if (own.length === 0) return [];
    const library = ncclRows(fitted.system).filter(({ operation, format }) => operation === 'all-reduce' && format === 'half');
    // Large messages are left to NCCL: their times are its own.
    const handed = (row: CollectiveRow): boolean =>
      library.some(({ ranks, bytes, time }) => ranks === row.ranks && bytes === row.bytes && bytes > 2 ** 23 && Math.abs(row.time / time - 1) < 0.04);
    const limit = new Map([2, 4, 8].map((n) => [n, Math.min(...own.filter((row) => row.ranks === n && handed(row)).map(({ bytes }) => bytes))]));
    const noise = disturbed(own);
    const kept = own.filter((row) => row.bytes < (limit.get(row.ranks) ?? Infinity) && !noise.has(row));
    const source = `${title} on 2, 4 and 8 x ${rows.length > 0 ? system.title : (system.heldOut[0]?.system ?? '')}, bfloat16, captured graphs; aiconfigurator 095f58a`;
    const ways = fitOperation(kept, system.port, ranges.custom, 'custom');
    const fit = libraryOf(name, [entryText(system, 'all-reduce', ways, source, 'x')]);
    const errors = [...errorsOf(fit, fitted.machine, kept).values()];
    const held = (rows.length > 0 ? system.heldOut : [])
      .map(({ system: other, machine }) => {
        const theirs = customRows(other, framework).filter((row) => row.bytes < (limit.get(row.ranks) ?? Infinity));
        return theirs.length === 0 ? '' : `${other}: ${spreadText([...errorsOf(fit, machine, theirs).values()])}`;
      })
      .filter((text) => text !== '');
    const error = `${spreadText(errors)}${noise.size === 0 ? '' : ` (${noise.size} disturbed rows left out)`}${held.length === 0 ? '' : `; held out: ${held.join('; ')}`}`;
    say(`${name} ${system.title}: ${error}`);
    return [entryText(system, 'all-reduce', ways, source, error)];
  });
}

function write(name: string, title: string, kind: 'collectives' | 'exchanges', entries: readonly string[]): void {
  const path = fileURLToPath(new URL(`../data/libraries/${name}.yaml`, import.meta.url));
  const how =
    kind === 'collectives' ? "Chunks are the bytes of one rank's part." : 'Times of a call, a rank, an expert, a token and an element; shares of the port.';
  writeFileSync(path, `# Written by bench/fit-links.ts. ${how}\nname: ${name}\ntitle: ${title}\n${kind}:\n${entries.join('\n')}\n`);
}

write('deepep', 'DeepEP', 'exchanges', deepepEntries(say));
write('tensorrt-llm-all-to-all', 'one-sided all-to-all of TensorRT-LLM', 'exchanges', oneSidedEntries(say));
write('cann-ep', 'CANN EP', 'exchanges', cannEntries(say));
write('nccl', 'NCCL', 'collectives', fitNccl());
write('vllm-all-reduce', 'all-reduce of vLLM', 'collectives', fitCustom('vllm-all-reduce', 'vllm', 'vLLM, custom all-reduce'));
write('sglang-all-reduce', 'all-reduce of SGLang', 'collectives', fitCustom('sglang-all-reduce', 'sglang', 'SGLang, custom all-reduce'));
write(
  'tensorrt-llm-all-reduce',
  'all-reduce of TensorRT-LLM',
  'collectives',
  fitCustom('tensorrt-llm-all-reduce', 'trtllm', 'TensorRT-LLM, custom all-reduce'),
);
