import type { JSX } from 'preact';
import { colourOf, letterOf } from './colours.ts';

/** What tells those that are compared apart beside their colours. */
export function Letter({ place }: { readonly place: number }): JSX.Element {
  return (
    <b class="letter" style={{ color: colourOf(place) }} aria-hidden="true">
      {letterOf(place)}
    </b>
  );
}
