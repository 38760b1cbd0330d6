import { takeFiles } from '../bench/intake.ts';
import { chooserId } from './chooser.ts';

/** The browser's own chooser of files, opened by buttons elsewhere. What is on the bench stays there. */
export function FileChooser() {
  return (
    <input
      id={chooserId}
      type="file"
      multiple
      accept="audio/*,video/webm,video/mp4,.aiff,.aif,.flac,.opus"
      hidden
      aria-label="Recordings"
      onChange={({ target }) => {
        void takeFiles([...(target.files ?? [])].map((blob) => ({ name: blob.name, blob })));
        target.value = '';
      }}
    />
  );
}
