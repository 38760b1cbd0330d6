import { useEffect } from 'react';
import { Icon } from '../shared/Icon.tsx';
import { dismissOffer, undo, useUndo } from '../state/undo.ts';

/** Milliseconds for which the offer is shown; the keys undo for as long as the page is open. */
const shownFor = 15_000;

/** Says what was done, and undoes it. */
export function UndoOffer() {
  const { steps, offered } = useUndo();
  const step = steps.find(({ id }) => id === offered);
  const id = step?.id;
  useEffect(() => {
    if (id === undefined) return;
    const timer = setTimeout(dismissOffer, shownFor);
    return () => clearTimeout(timer);
  }, [id]);
  return (
    <div className="undo" role="status">
      {step && (
        <>
          <span>{step.label}.</span>
          <button type="button" className="secondary" onClick={() => undo(step.id)}>
            Undo
          </button>
          <button type="button" className="quiet" aria-label="Close" onClick={dismissOffer}>
            <Icon name="close" />
          </button>
        </>
      )}
    </div>
  );
}
