import type { JSX } from 'preact';

/** What the schema says of a key, in English; names in it are set as code. */
export function Documented({ text, id }: { readonly text: string; readonly id?: string | undefined }): JSX.Element {
  return (
    <p class="field-more" lang="en" id={id} title={text.replaceAll('`', '')}>
      {text.split('`').map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}
    </p>
  );
}
