import { Dialog } from '../shared/Dialog.tsx';
import { shortcuts } from './shortcuts.ts';

/** The keys. */
export function HelpDialog({ onClose }: { onClose(): void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
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
        Drag over a waveform to loop a part of it. Everything that can be dragged can also be reached with Tab and moved
        with the arrow keys.
      </p>
    </Dialog>
  );
}
