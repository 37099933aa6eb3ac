import type { JSX } from 'preact';
import { opened } from '../../state/run.ts';
import { shellText } from '../../text/shell.ts';

/** The machine's map. */
export function View(): JSX.Element {
  return <h1>{opened.value?.machine.title ?? shellText().starting}</h1>;
}
