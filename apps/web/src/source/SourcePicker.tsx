import { useLayoutEffect, useRef } from 'react';
import { takeFiles } from '../bench/intake.ts';
import { Icon } from '../shared/Icon.tsx';
import { openFileChooser } from './chooser.ts';
import { examples } from './examples.ts';
import { Recorder } from './Recorder.tsx';
import { takeExample } from './take-example.ts';

/** What stands where there is no recording yet: a file, the microphone, or an example. */
export function SourcePicker() {
  const root = useRef<HTMLDivElement>(null);
  // When the pressed button disappears, the keys of the page go on working.
  useLayoutEffect(() => {
    const { current } = root;
    return () => {
      if (current?.contains(document.activeElement)) document.getElementById('main')?.focus();
    };
  }, []);
  return (
    <div className="picker" ref={root}>
      <Icon name="upload" />
      <p className="lead">Drop recordings here, or anywhere on the page</p>
      <p className="hint">WAV, MP3, FLAC, M4A, OGG, AIFF and more; several at once</p>
      <div className="ways">
        <button type="button" className="secondary" onClick={openFileChooser}>
          Choose files
        </button>
        <Recorder onRecorded={(blob, name) => void takeFiles([{ name, blob }])} />
      </div>
      <div className="examples">
        <span>or start with</span>
        {examples.map(({ name, file, url }) => (
          <button type="button" className="chip" key={file} onClick={() => void takeExample(file, url)}>
            {name}
          </button>
        ))}
      </div>
    </div>
  );
}
