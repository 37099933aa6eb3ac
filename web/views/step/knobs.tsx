import { batch } from '@preact/signals';
import type { JSX } from 'preact';
import { Segments } from '../../parts/field/segments.tsx';
import { Slider } from '../../parts/field/slider.tsx';
import { setKey } from '../../state/scenario.ts';
import { setViewState, viewState } from '../../state/view-state.ts';
import { inWords } from '../../text/translated.ts';
import type { StepData } from '../../../src/report/step/data.ts';
import type { PoolKnobs } from '../../worker/step/knobs.ts';
import { changesOf } from './apply.ts';
import { batchOf, flagOfKnob, knobs, type Knob } from './flags.ts';
import { stepIssues } from './state.ts';
import { stepText } from './text.ts';

const batchStops = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 512, 768, 1024, 1536, 2048];
const tokenStops = [256, 512, 1024, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768, 49152, 65536, 98304, 131072];
const draftStops = [0, 1, 2, 3, 4];

const whole = (value: number): string => value.toLocaleString('en-US');
const withOwn = (stops: readonly number[], ...own: readonly number[]): readonly number[] => [...new Set([...stops, ...own])].sort((a, b) => a - b);

/** The sliders: what they do is seen at once. */
export function Knobs({ knob, now }: { readonly knob: PoolKnobs; readonly now: StepData }): JSX.Element {
  const text = stepText();
  const moved = viewState.value;
  const decode = knob.phase === 'decode';
  const home = homeOf(knob);
  const at = (name: Knob): number => Number(moved[name] ?? home[name]);
  const set = (name: Knob, value: number): void => setViewState(name, value === home[name] ? undefined : String(value));
  const problem = (name: Knob): string | undefined => {
    const issue = stepIssues.value.find(({ path }) => flagOfKnob[name].includes(path));
    return issue === undefined ? undefined : inWords(issue.message);
  };
  const others = stepIssues.value.filter(({ path }) => !shown(knob).some((name) => flagOfKnob[name].includes(path)));
  const back = (value: number): { readonly value: number; readonly words: string } => ({ value, words: text.home });
  const { per } = batchOf(knob);
  const changed = knobs.some((name) => moved[name] !== undefined);
  return (
    <aside class="card knobs" aria-label={text.title}>
      <Slider
        label={text.knobs.batch}
        hint={decode ? text.hints.decodeBatch : text.hints.prefillBatch}
        stops={withOwn(decode ? batchStops : tokenStops, home.batch, at('batch'))}
        value={at('batch')}
        show={(value) => (per === 'rank' ? text.perRank(whole(value)) : text.perUnit(whole(value), per))}
        onInput={(value) => set('batch', value)}
        home={back(home.batch)}
        problem={problem('batch')}
      />
      <Slider
        label={decode ? text.knobs.context : text.knobs.prompt}
        hint={decode ? text.hints.context : text.hints.prompt}
        stops={withOwn(tokenStops, home.context, at('context'))}
        value={at('context')}
        show={(value) => text.tokens(whole(value))}
        onInput={(value) => set('context', value)}
        home={back(home.context)}
        problem={problem('context')}
      />
      {knob.experts.length < 2 ? undefined : (
        <Slider
          label={text.knobs.ep}
          hint={now.layout.dies === now.layout.experts.parallel ? text.hints.ep : text.hints.epPart}
          stops={knob.experts.map(({ parallel }) => parallel)}
          value={at('ep')}
          show={(value) => `EP${value}`}
          onInput={(value) => set('ep', value)}
          home={back(home.ep)}
          problem={problem('ep')}
        />
      )}
      {shown(knob).includes('mtp') ? (
        <Slider
          label={knob.flags.draft === undefined ? `${text.knobs.mtp} (MTP)` : text.knobs.mtp}
          hint={home.mtp === 0 ? text.hints.mtpAssumed : text.hints.mtp}
          stops={withOwn(draftStops, home.mtp, at('mtp'))}
          value={at('mtp')}
          show={String}
          onInput={(value) => set('mtp', value)}
          home={back(home.mtp)}
          problem={problem('mtp')}
        />
      ) : undefined}
      <div class="field">
        <Segments
          label={text.knobs.micro}
          options={Array.from({ length: knob.mostMicrobatches }, (_, i) => ({ value: String(i + 1), text: String(i + 1) }))}
          value={String(at('micro'))}
          onChange={(value) => set('micro', Number(value))}
        />
        <p class="field-more">{text.hints.micro}</p>
        {problem('micro') === undefined ? undefined : (
          <p class="field-problem" role="alert">
            {problem('micro')}
          </p>
        )}
      </div>
      {others.map(({ path, message }) => (
        <p key={`${path} ${message}`} class="field-problem" role="alert">
          <code>{path}</code> {inWords(message)}
        </p>
      ))}
      {knob.apart.map((what) => (
        <p key={what} class="field-more">
          {text.apart[what]}
        </p>
      ))}
      <div class="knobs-actions">
        <button type="button" disabled={!changed} onClick={reset}>
          {text.reset}
        </button>
        <button type="button" class="primary" disabled={!changed || stepIssues.value.length > 0} onClick={() => apply(knob)}>
          {text.apply}
        </button>
      </div>
    </aside>
  );
}

/** The sliders that a pool has. */
function shown({ experts, phase, drafts, draftTokens }: PoolKnobs): readonly Knob[] {
  const drafting = phase === 'decode' && (drafts || draftTokens > 0);
  return ['batch', 'context', ...(experts.length < 2 ? [] : (['ep'] as const)), ...(drafting ? (['mtp'] as const) : []), 'micro'];
}

/** Where the scenario has them. */
function homeOf(knob: PoolKnobs): Readonly<Record<Knob, number>> {
  const { flags, phase, draftTokens } = knob;
  return {
    batch: batchOf(knob).value,
    context: Number(phase === 'decode' ? flags.context : flags.prompt),
    ep: Number(flags.expertParallel ?? 1),
    mtp: draftTokens,
    micro: Number(flags.microbatches ?? 1),
  };
}

function reset(): void {
  batch(() => {
    for (const name of knobs) setViewState(name, undefined);
  });
}

/** The scenario gets what the sliders say. */
function apply(knob: PoolKnobs): void {
  const changes = changesOf(knob, viewState.peek());
  batch(() => {
    for (const { path, value } of changes) setKey(path, value);
    reset();
  });
}
