import { useEffect, useRef } from 'react';
import { titleOf } from '../bench/titles.ts';
import { isOpen, usePercent } from '../runs/progress.ts';
import { isShown, useBench } from '../state/bench.ts';
import { drawFavicon } from './favicon.ts';

/** Shows in the tab's title and icon how far the runs are, and notifies when one ends while the page is hidden. */
export function useAttention(view: string): void {
  const runs = useBench((state) => state.runs);
  const open = runs.filter((run) => isShown(run) && isOpen(run));
  const percent = usePercent(open);
  const busy = open.length > 0;
  useEffect(() => {
    document.title = busy ? `${percent} % · ${view} · Retone` : `${view} · Retone`;
    drawFavicon(busy ? percent / 100 : undefined);
  }, [busy, percent, view]);

  const waited = useRef(new Set<string>());
  useEffect(() => {
    for (const run of runs) {
      if (isOpen(run)) waited.current.add(run.id);
      else if (waited.current.delete(run.id) && isShown(run)) notify(titleOf(run), run.task?.status === 'completed');
    }
  }, [runs]);
}

/** The browser shows notifications only where it may, and has them at all on https or this machine. */
const canNotify = () => 'Notification' in window && Notification.permission === 'granted';

function notify(title: string, done: boolean): void {
  if (!document.hidden || !canNotify()) return;
  new Notification(done ? 'Result ready' : 'It did not work', { body: title, tag: 'retone' });
}
