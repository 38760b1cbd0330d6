import { useEffect } from 'react';
import { type Kind, kindNames } from '../workspace/kinds.ts';
import { shownRuns, workspaces } from '../workspace/store.ts';
import { useView } from './router.ts';

/** Keys that work wherever nothing is being typed, with what they do. */
export const shortcuts: [string, string][] = [
  ['Space', 'Play or pause'],
  ['← →', 'One second back or on; with Shift a tenth'],
  ['Home', 'Back to the beginning'],
  ['A', 'Hear the source'],
  ['B', 'Hear the result; again: the next one'],
  ['1 – 9', 'Hear that result'],
  ['L', 'Loop on or off'],
  ['[ ]', 'Loop from here, loop to here'],
  ['Esc', 'Leave trimming, close what is open'],
  ['Ctrl Enter', 'Start, from the prompt'],
  ['?', 'These keys'],
];

/** Seconds. */
const shortestLoop = 0.1;

/** Handles the keys; `onHelp` is for the question mark. */
export function useShortcuts(onHelp: () => void): void {
  useEffect(() => {
    // What was only clicked does not keep the space bar from playing, or it would start another run.
    let clicked: Element | null = null;
    const point = ({ target }: PointerEvent) => {
      clicked = (target as Element).closest('button');
    };
    const press = (event: KeyboardEvent) => {
      if (event.key === 'Tab') clicked = null;
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
      const target = event.target as HTMLElement;
      const typing = target.closest('textarea, select, input:not([type=range])') !== null;
      if (typing) return;
      if (event.key === '?') return onHelp();
      const { view } = useView.getState();
      if (!(kindNames as readonly string[]).includes(view)) return;
      // Keys that the focused element has a use for are its own.
      const pressable = target.closest('button, a, summary, input, [role=slider], [popover]') !== null;
      if (event.key === ' ' && pressable && target !== clicked) return;
      if (/^(Arrow|Home)/.test(event.key) && target.closest('input, [role=slider]')) return;
      if (handle(event, view as Kind)) event.preventDefault();
    };
    addEventListener('keydown', press);
    addEventListener('pointerdown', point);
    return () => {
      removeEventListener('keydown', press);
      removeEventListener('pointerdown', point);
    };
  }, [onHelp]);
}

function handle({ key, shiftKey }: KeyboardEvent, kind: Kind): boolean {
  const { transport, use } = workspaces[kind];
  const { loop, total, heard } = transport.state.getState();
  const { source, trim } = use.getState();
  const shown = shownRuns(kind, use.getState());
  const results = shown.filter(({ sound }) => sound);
  const step = shiftKey ? 0.1 : 1;
  if (key === ' ') transport.toggle();
  else if (key === 'ArrowLeft') transport.seek(transport.time - step);
  else if (key === 'ArrowRight') transport.seek(transport.time + step);
  else if (key === 'Home') transport.seek(0);
  else if (/^a$/i.test(key) && source) transport.hear('source');
  else if (/^b$/i.test(key) && results.length > 0) {
    const at = results.findIndex(({ id }) => id === heard);
    transport.hear(results[(at + 1) % results.length]!.id);
  } else if (/^[1-9]$/.test(key) && shown[Number(key) - 1]?.sound) transport.hear(shown[Number(key) - 1]!.id);
  else if (/^l$/i.test(key)) transport.setLoop(loop ? undefined : { start: 0, end: total });
  else if (key === '[') {
    const start = Math.min(transport.time, total - shortestLoop);
    transport.setLoop({ start, end: Math.max(start + shortestLoop, loop?.end ?? total) });
  } else if (key === ']') {
    const end = Math.max(transport.time, shortestLoop);
    transport.setLoop({ start: Math.min(end - shortestLoop, loop?.start ?? 0), end });
  } else if (key === 'Escape' && trim) use.setState({ trim: undefined });
  else return false;
  return true;
}
