import { type DragEvent, useRef, useState } from 'react';
import { problemOf } from '../service/problems.ts';
import { Icon } from '../shared/Icon.tsx';
import type { Kind } from '../workspace/kinds.ts';
import { workspaces } from '../workspace/store.ts';
import { examples } from './examples.ts';
import { Recorder } from './Recorder.tsx';
import { takeFile } from './source.ts';

/** Where a recording comes from: a file, the microphone, or an example. */
export function SourcePicker({ kind }: { kind: Kind }) {
  const reading = workspaces[kind].use((state) => state.reading);
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  const take = async (name: string, url: string) => {
    try {
      const answer = await fetch(url);
      await takeFile(kind, await answer.blob(), name);
    } catch (error) {
      workspaces[kind].use.setState({ sourceProblem: problemOf(error) });
    }
  };
  const drop = {
    onDragOver(event: DragEvent) {
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: () => setOver(false),
    onDrop(event: DragEvent) {
      event.preventDefault();
      setOver(false);
      const file = event.dataTransfer.files[0];
      if (file) void takeFile(kind, file, file.name);
    },
  };

  return (
    <div className={`picker ${over ? 'over' : ''}`} {...drop}>
      <div className="drop">
        <Icon name="upload" />
        <p className="lead">{reading ? `Reading ${reading} …` : 'Drop a recording here'}</p>
        <p className="hint">WAV, MP3, FLAC, M4A, OGG, AIFF and more</p>
        <div className="ways">
          <button type="button" className="secondary" onClick={() => input.current?.click()}>
            Choose a file
          </button>
          <Recorder onRecorded={(blob) => void takeFile(kind, blob, 'Recording.webm')} />
        </div>
        <input
          ref={input}
          type="file"
          accept="audio/*,video/webm,video/mp4,.aiff,.aif,.flac,.opus"
          className="visually-hidden"
          tabIndex={-1}
          aria-label="A recording"
          onChange={({ target }) => {
            const file = target.files?.[0];
            if (file) void takeFile(kind, file, file.name);
            target.value = '';
          }}
        />
      </div>
      <div className="examples">
        <span>or start with</span>
        {examples.map(({ name, file, url }) => (
          <button type="button" className="chip" key={file} onClick={() => void take(file, url)}>
            {name}
          </button>
        ))}
      </div>
    </div>
  );
}
