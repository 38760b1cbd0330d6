import drums from '../../../../examples/drums.wav?url';
import melody from '../../../../examples/melody.wav?url';
import riff from '../../../../examples/riff.wav?url';

/** Recordings that come with Retone. */
export const examples = [
  { name: 'Guitar riff', file: 'riff.wav', url: riff },
  { name: 'Drum loop', file: 'drums.wav', url: drums },
  { name: 'Melody', file: 'melody.wav', url: melody },
];
