import { useEffect, useState } from 'react';
import { takeFiles } from '../bench/intake.ts';
import { go, useView } from '../state/router.ts';

/** Takes files that are dropped anywhere on the page. */
export function DropTarget() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const drag = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      const files = [...(event.dataTransfer?.files ?? [])];
      setOver(false);
      if (files.length === 0) return;
      // Without this the browser opens the file in place of the page.
      event.preventDefault();
      const { view } = useView.getState();
      if (!['transform', 'inpaint', 'extend'].includes(view)) go('transform');
      void takeFiles(files.map((blob) => ({ name: blob.name, blob })));
    };
    addEventListener('dragover', drag);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', drag);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, []);
  if (!over) return null;
  return (
    <div className="drop-veil" aria-hidden="true">
      Drop recordings anywhere
    </div>
  );
}
