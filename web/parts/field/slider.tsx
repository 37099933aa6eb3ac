import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';
import './field.css';

interface Props {
  readonly label: string;
  readonly hint?: string | undefined;
  /** Ascending. */
  readonly stops: readonly number[];
  readonly value: number;
  /** A value as text with its unit. */
  readonly show: (value: number) => string;
  readonly onInput: (value: number) => void;
  /** Where the slider stands if nobody moves it, and the words that say so. */
  readonly home: { readonly value: number; readonly words: string };
  readonly problem?: ComponentChildren;
}

/** A slider over values that make sense, each step to the next one. */
export function Slider({ label, hint, stops, value, show, onInput, home, problem }: Props): JSX.Element {
  const id = useId();
  const index = Math.max(
    0,
    stops.findIndex((stop) => stop >= value),
  );
  const last = stops.length - 1;
  const homeAt = stops.indexOf(home.value);
  return (
    <div class="field slider">
      <div class="field-head">
        <label for={id}>{label}</label>
        <output for={id}>{show(value)}</output>
      </div>
      <input
        id={id}
        type="range"
        min={0}
        max={last}
        step={1}
        value={index}
        aria-valuetext={show(value)}
        aria-describedby={`${id}-more`}
        aria-invalid={problem !== undefined}
        list={homeAt < 0 ? undefined : `${id}-home`}
        onInput={({ currentTarget }) => onInput(stops[Number(currentTarget.value)] ?? value)}
      />
      {homeAt < 0 ? undefined : (
        <datalist id={`${id}-home`}>
          <option value={homeAt} />
        </datalist>
      )}
      <p class="field-more" id={`${id}-more`}>
        {value === home.value ? (
          hint
        ) : (
          <button type="button" class="link" onClick={() => onInput(home.value)}>
            {home.words} {show(home.value)}
          </button>
        )}
      </p>
      {problem === undefined ? undefined : (
        <p class="field-problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
