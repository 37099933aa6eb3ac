import { batch, effect, signal, type Signal } from '@preact/signals';
import { InputError } from '../../src/base/errors.ts';
import type { Opened } from '../../src/report/live/opened.ts';
import { firstView, isView, type ViewName } from '../views/views.ts';
import { fetched, pack, readLink, unpack, writeLink, type Link } from './link.ts';
import { keepPreferences } from './preferences.ts';
import { catalogue, engine, forgetAhead, frame, looking, opened, showFrame, spread } from './run.ts';
import { failure, issues, scenario, type ScenarioState } from './scenario.ts';
import { setViewState, viewState } from './view-state.ts';

/** What a first visit shows. */
const firstExample = 'cloudmatrix384-deepseek-r1';

/** Longest scenario that goes into an address. [characters] */
const longest = 64_000;

/** The scenario, with a large trace for example, is too large for a link. */
export const tooLarge: Signal<boolean> = signal(false);

/** The address names a scenario that cannot be read: another one is shown. */
export const unreadable: Signal<boolean> = signal(false);

/** The view that is shown. */
export const view: Signal<ViewName> = signal(firstView);

/** Joins the parts of the page: the address and the scenario, the scenario and the engine. */
export function start(): void {
  keepPreferences();
  engine.onBroken = fail;
  addEventListener('hashchange', () => void follow());
  effect(() => {
    const now = scenario.value;
    if (now !== undefined) void run(now);
  });
  effect(() => {
    const [now, name, more] = [scenario.value, view.value, viewState.value];
    if (now !== undefined) void address(now, name, more);
  });
  void begin();
}

async function begin(): Promise<void> {
  try {
    // The view that is asked for shows at once: who goes to another while the engine starts stays there.
    showAsked(readLink(location.hash));
    const { live, token } = viewState.peek();
    if (live !== undefined) return await lookOn(live, token);
    catalogue.value = await engine.ask('catalogue');
    scenario.value = (await stateOf(readLink(location.hash))) ?? exampleState(firstExample);
  } catch (error) {
    fail(error);
  }
}

/** Shows the run of an emulator, and its scenario in all other views. */
async function lookOn(base: string, token: string | undefined): Promise<void> {
  // What lets in is not left in the address.
  setViewState('token', undefined);
  const { LiveRun } = await import('./live.ts');
  const run = new LiveRun(base, token);
  const [state, found] = await Promise.all([run.scenario(), engine.ask('catalogue')]);
  catalogue.value = found;
  looking.value = { desk: run, lost: false };
  emulated = state.value;
  scenario.value = state;
  leave = () => {
    run.close();
    leave = () => {};
    looking.value = undefined;
    setViewState('live', undefined);
  };
  void run.look({
    opened: (now) => {
      if (looking.peek()?.desk === run) looking.value = { desk: run, lost: false };
      begun(now);
    },
    frame: showFrame,
    lost: () => {
      if (looking.peek()?.desk === run) looking.value = { desk: run, lost: true };
    },
  });
}

/** The scenario of the emulator that is looked on at, and how to look away from it. */
let emulated: unknown;
let leave = (): void => {};

/** The scenario of an example; undefined where there is none of that name. */
export function exampleState(name: string): ScenarioState | undefined {
  const example = catalogue.peek()?.examples[name];
  return example === undefined ? undefined : { name, value: example.scenario, files: [] };
}

function showAsked({ view: asked, more }: Link): void {
  if (isView(asked)) view.value = asked;
  viewState.value = more;
}

/** Takes over what the address says: a link that was followed or typed, or a step through the history. */
async function follow(): Promise<void> {
  const { hash } = location;
  if (hash === writeLink(written)) return;
  const link = readLink(hash);
  if (link.more['live'] !== undefined && looking.peek() === undefined) return begin();
  const next = await stateOf(link);
  if (location.hash !== hash) return;
  entry = undefined;
  // At once: else the view that is asked for is written into the address with the scenario that was there before.
  batch(() => {
    showAsked(link);
    if (next !== undefined) scenario.value = next;
  });
}

/** The scenario that a link names, or the entry of the history beside it, the one that is there where neither does; undefined where it cannot be read. */
async function stateOf({ packed: linked, file, example }: Link): Promise<ScenarioState | undefined> {
  const now = scenario.peek();
  const packed = linked ?? (file === undefined && example === undefined ? (history.state as Kept)?.packed : undefined);
  const named = packed ?? file ?? example;
  // One that runs is not begun anew.
  if (named === undefined || (now !== undefined && named === told)) return now;
  const found = packed !== undefined ? await unpack(packed) : file === undefined ? exampleState(named) : await fetched(file);
  unreadable.value = found === undefined;
  return found;
}

/** What the address was made to say last. */
let written: Link = { view: '', more: {} };
/** The scenario that it named, or the entry of the history did. */
let told: string | undefined;
/** What an entry of the history has of a scenario that is too large for its address: it is there when the page is loaded again. */
type Kept = { readonly packed: string | undefined } | null;
/** What the entry of the history shows that the page is at; undefined where the address came from outside. */
let entry: { readonly view: ViewName; readonly scenario: string } | undefined;

async function address(state: ScenarioState, name: ViewName, more: Readonly<Record<string, string>>): Promise<void> {
  const example = catalogue.peek()?.examples[state.name];
  const packed = example?.scenario === state.value ? undefined : await pack(state);
  if (state !== scenario.peek() || name !== view.peek() || more !== viewState.peek()) return;
  tooLarge.value = packed !== undefined && packed.length > longest;
  const inLink = packed !== undefined && !tooLarge.value;
  written = { view: name, example: packed === undefined ? state.name : undefined, packed: inLink ? packed : undefined, more };
  told = packed ?? state.name;
  // Another view or scenario can be left again by going back; what is changed in one is not a step of its own.
  const another = entry !== undefined && (entry.view !== name || entry.scenario !== state.name);
  entry = { view: name, scenario: state.name };
  const link = writeLink(written);
  const kept: Kept = tooLarge.value ? { packed } : null;
  if (location.hash !== link || kept !== null) history[another ? 'pushState' : 'replaceState'](kept, '', link);
}

/** Gives the engine the scenario, and lets it play. One that is refused leaves the run as it is. */
async function run({ name, value, files }: ScenarioState): Promise<void> {
  if (looking.peek() !== undefined && value === emulated) return;
  leave();
  try {
    const found = await engine.ask('open', { name, scenario: value, files: [...files] });
    if (scenario.peek()?.value !== value) return;
    issues.value = [];
    begun(found);
    await engine.ask('play');
  } catch (error) {
    if (error instanceof InputError) issues.value = error.issues;
    else fail(error);
  }
}

/** Another run is shown from here on. */
function begun(found: Opened): void {
  batch(() => {
    frame.value = undefined;
    forgetAhead();
    spread.value = undefined;
    opened.value = found;
  });
}

function fail(error: unknown): void {
  failure.value = error instanceof Error ? (error.stack ?? error.message) : String(error);
}
