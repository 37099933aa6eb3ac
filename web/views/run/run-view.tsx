import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Opened } from '../../../src/report/live/opened.ts';
import { Flights } from '../../parts/map/flights.ts';
import { MachineMap } from '../../parts/map/machine-map.tsx';
import { MapBar } from '../../parts/map/map-bar.tsx';
import { plan, scene, selected, spans } from '../../parts/map/map-state.ts';
import { PartNow } from '../../parts/map/part-now.tsx';
import '../../parts/map/map.css';
import { frame, opened } from '../../state/run.ts';
import { shellText } from '../../text/shell.ts';
import { Charts } from './charts.tsx';
import { Controls } from './controls.tsx';
import { Flow } from './flow.tsx';
import { FaultActions, Faults } from './faults.tsx';
import { Requests } from './requests.tsx';
import './run.css';
import { runText } from './text.ts';
import { Timeline } from './timeline.tsx';

const tabs = { timeline: Timeline, requests: Requests, faults: Faults } as const;
type Tab = keyof typeof tabs;
const tabNames = Object.keys(tabs) as readonly Tab[];

/** The run as it plays: on the map, as charts, request by request and step by step. */
export function View(): JSX.Element {
  const flights = useRef(new Flights()).current;
  const still = useRef(matchMedia('(prefers-reduced-motion: reduce)')).current;
  useEffect(
    () =>
      frame.subscribe((now) => {
        const [map, found] = [plan.peek(), opened.peek()];
        if (now === undefined || map === undefined || found === undefined || now.seeking || still.matches) return;
        flights.add(now.flights, map, found, spans.peek(), performance.now());
      }),
    [],
  );
  const text = runText();
  if (opened.value === undefined || frame.value === undefined) return <p class="quiet">{shellText().starting}</p>;
  const part = selected.value;
  return (
    <div class="run">
      <h1 class="unseen">{text.title}</h1>
      <Controls />
      <Flow />
      <div class="stage">
        <div class="stage-main">
          <section class="card map-card">
            <MapBar plan={plan} selected={selected} />
            <MachineMap
              plan={plan}
              scene={scene}
              selected={selected}
              overlay={(context, camera, canvas, colours, now) => {
                flights.draw(context, camera, canvas, colours, now);
                return flights.active;
              }}
            />
            <ul class="legend moving" aria-label={text.moving.label}>
              {movingIn(opened.value).map((kind) => (
                <li key={kind} class={kind}>
                  {text.moving[kind]}
                </li>
              ))}
            </ul>
            {part === undefined ? undefined : (
              <div class="part">
                <h2 aria-live="polite">{part.name}</h2>
                <PartNow part={part} />
                {part.kind === 'rack' ? undefined : <FaultActions key={part.name} part={part.name} />}
              </div>
            )}
          </section>
          <Details />
        </div>
        <Charts />
      </div>
    </div>
  );
}

/** What can be seen to move in a deployment. */
function movingIn({ cache, pools }: Opened): readonly ('arrival' | 'read' | 'push' | 'finish')[] {
  const split = pools.some(({ role }) => role === 'decode');
  return ['arrival', ...(cache === undefined ? [] : (['read'] as const)), ...(split ? (['push'] as const) : []), 'finish'];
}

function Details(): JSX.Element {
  const text = runText();
  const tab = useSignal<Tab>('timeline');
  const Panel = tabs[tab.value];
  const walk = (event: KeyboardEvent): void => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (way === undefined) return;
    const next = tabNames[(tabNames.indexOf(tab.peek()) + way + tabNames.length) % tabNames.length] as Tab;
    tab.value = next;
    (event.currentTarget as HTMLElement).querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  return (
    <section class="card details">
      <div role="tablist" aria-label={text.panels} onKeyDown={walk}>
        {tabNames.map((name) => (
          <button
            key={name}
            id={`tab-${name}`}
            type="button"
            role="tab"
            aria-selected={tab.value === name}
            aria-controls="tab-panel"
            tabIndex={tab.value === name ? 0 : -1}
            onClick={() => (tab.value = name)}
          >
            {text.tabs[name]}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="tab-panel" aria-labelledby={`tab-${tab.value}`}>
        <Panel />
      </div>
    </section>
  );
}
