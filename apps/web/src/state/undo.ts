import { create } from 'zustand';

interface Step {
  id: number;
  /** What was done, as a sentence without its full stop. */
  label: string;
  undo(): void;
}

const mostSteps = 50;
let last = 0;

/** What can be undone, latest last, and what the page offers to undo at its edge. */
export const useUndo = create<{ steps: Step[]; offered: number | undefined }>(() => ({
  steps: [],
  offered: undefined,
}));

/** Notes what was done and how it is undone. */
export function did(label: string, undo: () => void): void {
  const step = { id: ++last, label, undo };
  useUndo.setState(({ steps }) => ({ steps: [...steps, step].slice(-mostSteps), offered: step.id }));
}

/** Undoes the latest step, or one of the earlier ones. */
export function undo(id = useUndo.getState().steps.at(-1)?.id): void {
  const { steps } = useUndo.getState();
  const step = steps.find((each) => each.id === id);
  if (!step) return;
  useUndo.setState({ steps: steps.filter((each) => each !== step), offered: undefined });
  step.undo();
}

export function dismissOffer(): void {
  useUndo.setState({ offered: undefined });
}
