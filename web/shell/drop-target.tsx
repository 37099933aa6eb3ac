import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { openFiles } from '../state/files.ts';
import { shellText } from '../text/shell.ts';

/** Files may be dropped anywhere on the page. */
export function DropTarget(): JSX.Element | null {
  const over = useSignal(false);
  useEffect(() => {
    const controller = new AbortController();
    const on = (kind: 'dragover' | 'dragleave' | 'drop', handle: (event: DragEvent) => void): void =>
      addEventListener(kind, handle, { signal: controller.signal });
    on('dragover', (event) => {
      if (event.dataTransfer?.types.includes('Files') !== true) return;
      event.preventDefault();
      over.value = true;
    });
    on('dragleave', ({ relatedTarget }) => {
      if (relatedTarget === null) over.value = false;
    });
    on('drop', (event) => {
      over.value = false;
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      void openFiles(files);
    });
    return () => controller.abort();
  }, []);
  return over.value ? <p class="drop-target">{shellText().drop}</p> : null;
}
