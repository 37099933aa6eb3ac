import type { JSX } from 'preact';
import type { NamedFigure } from '../../../src/catalogue/figures.ts';
import type { Machine } from '../../../src/catalogue/machine.ts';
import { withUnit } from '../../parts/figure/show.ts';
import type { Part } from '../../parts/map/plan.ts';
import { factsOf } from './facts.ts';
import { machineText } from './text.ts';

/** The figures of a part with their sources, and what else is known of it. */
export function PartFacts({ machine, part }: { readonly machine: Machine; readonly part: Part | undefined }): JSX.Element {
  const text = machineText();
  const facts = factsOf(machine, part);
  const whole = part === undefined || part.kind === 'rack';
  return (
    <>
      <About machine={machine} part={part} />
      {facts.length === 0 ? (
        <p class="quiet">{text.noFacts}</p>
      ) : (
        <ul class="facts">
          {facts.map((fact) => (
            <Fact key={fact.name} fact={fact} />
          ))}
        </ul>
      )}
      {whole ? <Planes machine={machine} /> : undefined}
      {whole && machine.notes.length > 0 ? (
        <>
          <h3>{text.notes}</h3>
          <ul class="notes">
            {[...machine.notes, ...machine.chip.notes].map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </>
      ) : undefined}
    </>
  );
}

function Fact({ fact: { name, unit, figure } }: { readonly fact: NamedFigure }): JSX.Element {
  const text = machineText();
  const { kind, source, value, alternatives = [] } = figure;
  return (
    <li>
      <span class="name">{named(name, text.words)}</span> <b>{withUnit(value, unit)}</b>
      <small>
        <span class={`kind ${kind}`}>{text.kinds[kind]}</span> {source}
        {alternatives.length === 0 ? '' : `; ${text.others(alternatives.map((other) => `${withUnit(other.value, unit)} (${other.source})`).join('; '))}`}
      </small>
    </li>
  );
}

/** `ub.port.bandwidth` as words. */
function named(name: string, words: Readonly<Record<string, string>>): string {
  return name
    .replace(/^die\.|^chip\./, '')
    .replace(/^draws\.(.*)\.(\w+)$/, '$1.power.$2')
    .split(/[.-]/)
    .map((word) => words[word] ?? word)
    .join(' ');
}

function About({ machine, part }: { readonly machine: Machine; readonly part: Part | undefined }): JSX.Element | null {
  const text = machineText();
  if (part?.kind === 'cpu') return <p class="quiet">{text.cpu(machine.node.cpu)}</p>;
  if (part?.kind === 'chip' || part?.kind === 'die') return <p class="quiet">{machine.chip.title}</p>;
  if (part?.of === undefined) return null;
  const { level, plane, lane, down, up } = part.of;
  const parts = [
    text.switch(level, plane.name),
    lane === undefined ? '' : text.lane(lane),
    `${text.down} ${withUnit(down, 'B/s')}`,
    up > 0 ? `${text.upwards} ${withUnit(up, 'B/s')}` : '',
  ];
  return <p class="quiet">{parts.filter((one) => one !== '').join(', ')}</p>;
}

function Planes({ machine }: { readonly machine: Machine }): JSX.Element {
  const text = machineText();
  return (
    <div class="scroll">
      <table>
        <caption>{text.planes}</caption>
        <thead>
          <tr>
            <th />
            <th scope="col">{text.plane.role}</th>
            <th scope="col">{text.plane.port}</th>
            <th scope="col">{text.plane.rate}</th>
            <th scope="col">{text.plane.parts}</th>
          </tr>
        </thead>
        <tbody>
          {machine.planes.map(({ name, role, port, subPlanes, rails, levels }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{text.roles[role]}</td>
              <td>{text.owners[port.owner]}</td>
              <td>{withUnit(port.bandwidth.value, 'B/s')}</td>
              <td>
                {[subPlanes > 1 ? text.subPlanes(subPlanes) : '', rails > 1 ? text.rails(rails) : '', ...levels.map((level) => level.name)]
                  .filter((one) => one !== '')
                  .join(', ')}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
