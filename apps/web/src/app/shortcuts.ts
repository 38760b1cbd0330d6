import { useEffect } from 'react';
import { runsOf, useBench } from '../state/bench.ts';
import { useView } from '../state/router.ts';
import { showAll, transport, useTimeline, zoomBy } from '../state/timeline.ts';
import { undo } from '../state/undo.ts';
import { takesSource, type Verb, verbNames } from '../state/verbs.ts';

/** Keys that work wherever nothing is being typed, with what they do. */
export const shortcuts: [string, string][] = [
  ['Space', 'Play or pause'],
  ['← →', 'Skip 1 s; with Shift 0.1 s'],
  ['↑ ↓', 'Listen to the previous or next track'],
  ['Home', 'Back to the beginning'],
  ['A', 'Listen to the source'],
  ['B', 'Listen to the result; again: the next one'],
  ['1 – 9', 'Listen to that result'],
  ['L', 'Loop on or off'],
  ['[ ]', 'Set loop start, set loop end'],
  ['+ −', 'Zoom in, zoom out'],
  ['0', 'Show all'],
  ['Ctrl Z', 'Undo'],
  ['Esc', 'Cancel trimming, close what is open'],
  ['Ctrl Enter', 'Run, from the prompt'],
  ['?', 'These keys'],
];

/** Seconds. */
const shortestLoop = 0.1;

/** Handles the keys; `onHelp` is for the question mark. */
export function useShortcuts(onHelp: () => void): void {
  useEffect(() => {
    // A button that was only clicked does not keep the space bar from playing, or it would start another run.
    let clicked: Element | null = null;
    const point = ({ target }: PointerEvent) => {
      clicked = (target as Element).closest('button');
    };
    const press = (event: KeyboardEvent) => {
      if (event.key === 'Tab') clicked = null;
      if (document.querySelector('dialog[open]')) return;
      const target = event.target as HTMLElement;
      const typing = target.closest('textarea, select, input:not([type=range], [type=checkbox])') !== null;
      if (typing) return;
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'z') {
        event.preventDefault();
        return undo();
      }
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === '?') return onHelp();
      const { view } = useView.getState();
      if (!(verbNames as readonly string[]).includes(view)) return;
      // Keys that the focused element has a use for are its own.
      const pressable = target.closest('button, a, summary, input, [role=slider], [popover]') !== null;
      if (event.key === ' ' && pressable && target !== clicked) return;
      if (/^(Arrow|Home)/.test(event.key) && target.closest('input, [role=slider], [popover]')) return;
      if (handle(event, view as Verb)) event.preventDefault();
    };
    addEventListener('keydown', press);
    addEventListener('pointerdown', point);
    return () => {
      removeEventListener('keydown', press);
      removeEventListener('pointerdown', point);
    };
  }, [onHelp]);
}

function handle({ key, shiftKey }: KeyboardEvent, verb: Verb): boolean {
  const { loop, total, heard } = transport.state.getState();
  const { runs, selected } = useBench.getState();
  const source = takesSource(verb) ? selected : undefined;
  const results = runsOf(runs, source).filter(({ task }) => task?.outputs[0]);
  const step = shiftKey ? 0.1 : 1;
  const numbered = /^[1-9]$/.test(key) ? results.find(({ number }) => number === Number(key)) : undefined;
  if (key === ' ') transport.toggle();
  else if (key === 'ArrowLeft') transport.seek(transport.time - step);
  else if (key === 'ArrowRight') transport.seek(transport.time + step);
  else if (key === 'ArrowUp' || key === 'ArrowDown') hearNeighbour(key === 'ArrowUp' ? -1 : 1, source, results);
  else if (key === 'Home') transport.seek(0);
  else if (/^a$/i.test(key) && source) transport.hear('source');
  else if (/^b$/i.test(key) && results.length > 0) {
    const at = results.findIndex(({ id }) => id === heard);
    transport.hear(results[(at + 1) % results.length]!.id);
  } else if (numbered) transport.hear(numbered.id);
  else if (/^l$/i.test(key)) transport.toggleLoop();
  else if (key === '[') {
    const start = Math.min(transport.time, total - shortestLoop);
    transport.setLoop({ start, end: Math.max(start + shortestLoop, loop?.end ?? total) });
  } else if (key === ']') {
    const end = Math.max(transport.time, shortestLoop);
    transport.setLoop({ start: Math.min(end - shortestLoop, loop?.start ?? 0), end });
  } else if (key === '+' || key === '=') zoomBy(2);
  else if (key === '-') zoomBy(0.5);
  else if (key === '0') showAll();
  else if (key === 'Escape' && useTimeline.getState().trim) useTimeline.setState({ trim: undefined });
  else return false;
  return true;
}

/** Listens to the track above or below, as they stand on the stage. */
function hearNeighbour(by: number, source: string | undefined, results: { id: string }[]): void {
  const order = [...(source ? ['source'] : []), ...results.map(({ id }) => id)];
  const at = order.indexOf(transport.state.getState().heard ?? '');
  const next = order[Math.max(0, Math.min(at + by, order.length - 1))];
  if (next) transport.hear(next);
}
