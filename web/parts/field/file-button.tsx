import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';

export interface FileButtonProps {
  readonly text: string;
  /** Of the field that a screen reader finds; the text by default. */
  readonly label?: string;
  readonly hint?: string;
  readonly accept?: string;
  readonly multiple?: boolean;
  readonly onFiles: (files: readonly File[]) => void;
}

/** A button that lets files be chosen. */
export function FileButton({ text, label = text, hint, accept, multiple = false, onFiles }: FileButtonProps): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        class="unseen"
        tabIndex={-1}
        aria-label={label}
        multiple={multiple}
        accept={accept}
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])];
          // The same file may be chosen again.
          currentTarget.value = '';
          if (files.length > 0) onFiles(files);
        }}
      />
      <button type="button" title={hint} onClick={() => input.current?.click()}>
        {text}
      </button>
    </>
  );
}
