import type { DragEvent } from 'react';
import { titleOf } from '../bench/titles.ts';
import { Icon } from '../shared/Icon.tsx';
import type { Run } from '../state/bench.ts';
import { saveHere } from './Download.tsx';
import { fileName, fileUrl, standardForm } from './files.ts';

/** Drags a result out of the page as a file: into a folder, or onto a track of another program. A press downloads it. */
export function DragHandle({ run }: { run: Run }) {
  const url = new URL(fileUrl(run, standardForm), location.href).href;
  const drag = ({ dataTransfer }: DragEvent) => {
    dataTransfer.effectAllowed = 'copy';
    dataTransfer.setData('DownloadURL', `${standardForm.mediaType}:${fileName(run, standardForm)}:${url}`);
    dataTransfer.setData('text/uri-list', url);
    dataTransfer.setData('text/plain', url);
  };
  return (
    <a
      className="quiet grip"
      href={url}
      download={fileName(run, standardForm)}
      draggable
      onClick={(event) => saveHere(event, run, standardForm)}
      onDragStart={drag}
      aria-label={`Drag out or download: ${titleOf(run)}`}
      title="Drag into your audio program, or press to download"
    >
      <Icon name="grip" />
    </a>
  );
}
