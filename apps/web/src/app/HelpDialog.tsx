import { Dialog } from '../shared/Dialog.tsx';
import { shortcuts } from './shortcuts.ts';

const advice = [
  ['Describe the result', '“a solo flute in a large hall”, not “replace the piano”'],
  ['Instruments', 'choir, brass, strings, bells, distorted guitar, drums'],
  ['Character', 'dark or bright, distorted or clean'],
  ['Space', 'dry, spacious'],
  ['In English', 'other languages have little effect; there is no speech'],
  ['Level', 'Colour and Re-play keep your notes; Re-imagine keeps their outline'],
] as const;

/** What to write, and the keys. */
export function HelpDialog({ onClose }: { onClose(): void }) {
  return (
    <Dialog title="Help" onClose={onClose}>
      <h3>What to write</h3>
      <dl className="keys">
        {advice.map(([what, such]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{such}</dd>
          </div>
        ))}
      </dl>
      <h3>Keys</h3>
      <dl className="keys">
        {shortcuts.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p className="help">
        Drag over a waveform to loop a part of it; Ctrl and the wheel zoom. Everything that can be dragged can also be
        reached with Tab and moved with the arrow keys.
      </p>
    </Dialog>
  );
}
