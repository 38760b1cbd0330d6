import { change, type Run } from '../state/bench.ts';
import { did } from '../state/undo.ts';
import { titleOf } from './titles.ts';

/** Takes a result off the bench; its task stays in the history, and it can be undone. */
export function dismiss(run: Run): void {
  change('run', run.id, { removedAt: Date.now() });
  did(`Removed ${titleOf(run)}`, () => change('run', run.id, { removedAt: undefined }));
}

export function rename(run: Run, name: string): void {
  const before = run.name;
  const next = name.trim() || undefined;
  if (next === before) return;
  change('run', run.id, { name: next });
  did(`Renamed ${titleOf(run)}`, () => change('run', run.id, { name: before }));
}

export function setFavourite(run: Run, favourite: boolean): void {
  change('run', run.id, { favourite });
}
