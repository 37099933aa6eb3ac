import { InputError, type Issue } from '../src/base/errors.ts';

/** What the emulator is going to open by one of its flags. */
export type Listening = Ports | Names;

/** Ports that are counted up; from 0: any that are free. */
interface Ports {
  readonly kind: 'ports';
  readonly flag: string;
  /** Absent where it connects to them instead. */
  readonly host: string | undefined;
  readonly first: number;
  readonly many: number;
  /** Who has one each. */
  readonly each: 'server' | 'instance' | 'rank';
}

/** What is no port: files and names within the process. */
interface Names {
  readonly kind: 'names';
  readonly flag: string;
  readonly names: readonly string[];
}

export const lastPort = 65_535;

/** What keeps them from being opened together, as far as it is seen before: ports that there are not, and those that two of them would have. */
export function listeningIssues(all: readonly Listening[]): readonly Issue[] {
  return [...all.flatMap(beyond), ...all.flatMap((one, at) => all.slice(0, at).flatMap((before) => clash(before, one)))];
}

function beyond(one: Listening): readonly Issue[] {
  if (one.kind === 'names' || one.first === 0 || one.first + one.many - 1 <= lastPort) return [];
  const { flag, first, many, each } = one;
  const why = many === 1 ? '' : `: ${each} n has port + n, and there are ${many}`;
  return [{ path: flag, message: `expected a port of at most ${lastPort + 1 - many}, got ${first}${why}` }];
}

function clash(before: Listening, one: Listening): readonly Issue[] {
  if (before.kind === 'ports' && one.kind === 'ports') return portClash(before, one);
  const name = before.kind === 'names' && one.kind === 'names' ? one.names.find((own) => before.names.includes(own)) : undefined;
  return name === undefined ? [] : [{ path: one.flag, message: `${name} is that of ${before.flag} too; expected one that nothing else has` }];
}

function portClash(before: Ports, one: Ports): readonly Issue[] {
  const port = Math.max(before.first, one.first);
  const both = [before, one].every(({ first, many }) => first > 0 && port < first + many);
  if (!both || !meet(before.host, one.host)) return [];
  const [owner, other] = [before, one].map(({ each, first, many }) => (many === 1 ? undefined : `${each} ${port - first}`));
  const own = other === undefined ? '' : `, of ${other},`;
  const theirs = owner === undefined ? before.flag : `${owner} by ${before.flag}`;
  return [{ path: one.flag, message: `port ${port}${own} is that of ${theirs} too; expected one that nothing else has` }];
}

const everywhere: readonly string[] = ['*', '0.0.0.0', '::', '[::]'];

/** Whether two addresses are of one interface, as far as their texts tell. */
function meet(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  const named = (host: string): string => (host === 'localhost' ? '127.0.0.1' : host);
  return everywhere.includes(one) || everywhere.includes(other) || named(one) === named(other);
}

/** Why a server cannot listen, by what its input says: the port, or the address. */
const causes: Readonly<Record<string, 'port' | 'host'>> = { EADDRINUSE: 'port', EACCES: 'port', EADDRNOTAVAIL: 'host', ENOTFOUND: 'host', EAI_AGAIN: 'host' };

/** What is wrong with the input where a server cannot listen; an error that has another cause as it is. @param flag of its port */
export function listenProblem(error: unknown, flag: string): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const { [code]: cause } = causes;
  return cause === undefined ? error : new InputError([{ path: cause === 'port' ? flag : '--host', message: `cannot listen: ${message}` }]);
}
