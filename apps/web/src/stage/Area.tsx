import { type PointerEvent, type ReactNode, useEffect, useRef } from 'react';
import type { Region } from '../sound/transport.ts';
import { scrollBy, useTimeline, zoomBy } from '../state/timeline.ts';

interface Props {
  total: number;
  snap(time: number): number;
  onSeek(time: number): void;
  /** A stretch that was dragged over; `done` when the pointer is up. */
  onSelect: (region: Region, done: boolean) => void;
  /** What is drawn of the sound, in the part of the axis that is seen. */
  drawn: ReactNode;
  /** What lies over it, along the whole axis. */
  children: ReactNode;
}

/** How far a pointer moves before it drags, in pixels. */
const slack = 4;
/** The shortest stretch that is selected, in seconds; less is a click. */
const shortest = 0.05;

const rounded = (time: number) => Math.round(time * 1000) / 1000;

/** A stretch of the time axis: a click goes there, a drag selects, the wheel with Ctrl zooms, with Shift it scrolls. */
export function Area({ total, snap, onSeek, onSelect, drawn, children }: Props) {
  const { zoom, scroll } = useTimeline();
  const area = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current } = area;
    const wheel = (event: WheelEvent) => {
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      const { left, width } = current!.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey) zoomBy(Math.exp(-event.deltaY / 300), (event.clientX - left) / width);
      else if (sideways !== 0) scrollBy(sideways / width);
      else return;
      event.preventDefault();
    };
    // React listens passively, and the browser would zoom the whole page.
    current?.addEventListener('wheel', wheel, { passive: false });
    return () => current?.removeEventListener('wheel', wheel);
  }, []);

  const down = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0) return;
    const strip = event.currentTarget;
    const { left, width } = strip.getBoundingClientRect();
    const time = (x: number) => Math.max(0, Math.min(total, ((x - left) / width) * total));
    const from = event.clientX;
    let dragged = false;
    let selected: Region | undefined;
    const move = ({ clientX }: globalThis.PointerEvent) => {
      if (!dragged && Math.abs(clientX - from) < slack) return;
      if (!dragged) strip.setPointerCapture(event.pointerId);
      dragged = true;
      const [start, end] = [snap(time(from)), snap(time(clientX))].toSorted((a, b) => a - b) as [number, number];
      if (end - start < shortest) return;
      selected = { start: rounded(start), end: rounded(Math.min(end, total)) };
      onSelect(selected, false);
    };
    const up = ({ clientX, type }: globalThis.PointerEvent) => {
      strip.removeEventListener('pointermove', move);
      strip.removeEventListener('pointerup', up);
      strip.removeEventListener('pointercancel', up);
      if (selected) onSelect(selected, true);
      else if (type !== 'pointercancel') onSeek(time(clientX));
    };
    strip.addEventListener('pointermove', move);
    strip.addEventListener('pointerup', up);
    strip.addEventListener('pointercancel', up);
  };
  return (
    <div className="area" ref={area}>
      {drawn}
      <div className="strip" style={{ width: `${100 * zoom}%`, left: `${-100 * zoom * scroll}%` }} onPointerDown={down}>
        {children}
        <div className="cursor" />
      </div>
    </div>
  );
}
