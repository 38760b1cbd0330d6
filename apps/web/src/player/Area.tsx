import type { PointerEvent, ReactNode } from 'react';
import type { Region } from '../sound/transport.ts';

interface Props {
  total: number;
  onSeek(time: number): void;
  /** A stretch that was dragged over; `done` when the pointer is up. */
  onSelect: ((region: Region, done: boolean) => void) | undefined;
  children: ReactNode;
}

/** How far a pointer moves before it drags, in pixels. */
const slack = 4;
/** The shortest stretch that is selected, in seconds; less is a click. */
const shortest = 0.05;

/** A stretch of the time axis: a click goes there, a drag selects. */
export function Area({ total, onSeek, onSelect, children }: Props) {
  const down = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0) return;
    const area = event.currentTarget;
    const { left, width } = area.getBoundingClientRect();
    const time = (x: number) => Math.max(0, Math.min(total, ((x - left) / width) * total));
    const from = event.clientX;
    const region = (x: number): Region => {
      const [start, end] = [time(from), time(x)].sort((a, b) => a - b) as [number, number];
      return { start: Math.round(start * 100) / 100, end: Math.round(end * 100) / 100 };
    };
    let dragged = false;
    let selected: Region | undefined;
    const move = ({ clientX }: globalThis.PointerEvent) => {
      if (!onSelect || (!dragged && Math.abs(clientX - from) < slack)) return;
      if (!dragged) area.setPointerCapture(event.pointerId);
      dragged = true;
      const { start, end } = region(clientX);
      if (end - start < shortest) return;
      selected = { start, end };
      onSelect(selected, false);
    };
    const up = ({ clientX, type }: globalThis.PointerEvent) => {
      area.removeEventListener('pointermove', move);
      area.removeEventListener('pointerup', up);
      area.removeEventListener('pointercancel', up);
      if (selected) onSelect?.(selected, true);
      else if (type !== 'pointercancel') onSeek(time(clientX));
    };
    area.addEventListener('pointermove', move);
    area.addEventListener('pointerup', up);
    area.addEventListener('pointercancel', up);
  };
  return (
    <div className="area" onPointerDown={down}>
      {children}
    </div>
  );
}
