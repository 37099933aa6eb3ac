import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import './field.css';

interface Props<T extends string> {
  readonly label: string;
  readonly options: readonly { readonly value: T; readonly text: string }[];
  readonly value: T;
  readonly onChange: (value: T) => void;
  /** The label is said to screen readers alone. */
  readonly quiet?: boolean | undefined;
}

/** A choice between a few, all of them seen: arrow keys move it. */
export function Segments<T extends string>({ label, options, value, onChange, quiet = false }: Props<T>): JSX.Element {
  const name = useId();
  return (
    <fieldset class="segments">
      <legend class={quiet ? 'unseen' : undefined}>{label}</legend>
      <div class="segments-row">
        {options.map((option) => (
          <label key={option.value} data-on={option.value === value}>
            <input type="radio" class="unseen" name={name} checked={option.value === value} onChange={() => onChange(option.value)} />
            {option.text}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
