import type { KeyboardEvent, PointerEvent } from 'react';
import { clock } from '../shared/format.ts';
import type { Region } from '../sound/transport.ts';

interface Props {
  /** The axis' length in seconds. */
  total: number;
  value: Region;
  onChange(value: Region): void;
  /** Called when a drag or a key press is done. */
  onDone?: (value: Region) => void;
  /** What it marks, for screen readers. */
  label: string;
  tone: 'loop' | 'trim' | 'mask' | 'extend';
  minimum?: number;
  maximum?: number;
  /** What stays within it. */
  core?: Region;
  /** Moves a time to where it should lie, such as the nearest beat. */
  snap?: (time: number) => number;
}

const unsnapped = (time: number) => time;

/** A part of the time axis, between two handles that can be dragged or moved with the arrow keys. */
export function Range({
  total,
  value,
  onChange,
  onDone,
  label,
  tone,
  minimum = 0.1,
  maximum = total,
  core,
  snap = unsnapped,
}: Props) {
  const fits = ({ start, end }: Region, side: 'start' | 'end'): Region => {
    const clamped = (time: number, low: number, high: number) =>
      Math.round(Math.max(low, Math.min(time, high)) * 1000) / 1000;
    return side === 'start'
      ? { start: clamped(start, Math.max(0, end - maximum), core?.start ?? end - minimum), end }
      : { start, end: clamped(end, core?.end ?? start + minimum, Math.min(total, start + maximum)) };
  };

  const drag = (side: 'start' | 'end') => (down: PointerEvent<HTMLElement>) => {
    const handle = down.currentTarget;
    const { left, width } = handle.closest('.strip')!.getBoundingClientRect();
    down.preventDefault();
    down.stopPropagation();
    handle.focus();
    handle.setPointerCapture(down.pointerId);
    let latest = value;
    const move = ({ clientX }: globalThis.PointerEvent) => {
      latest = fits({ ...value, [side]: snap(((clientX - left) / width) * total) }, side);
      onChange(latest);
    };
    const up = () => {
      handle.removeEventListener('pointermove', move);
      onDone?.(latest);
    };
    handle.addEventListener('pointermove', move);
    handle.addEventListener('lostpointercapture', up, { once: true });
  };

  const press = (side: 'start' | 'end') => (event: KeyboardEvent) => {
    const step = event.shiftKey ? 1 : 0.1;
    const to: Record<string, number> = {
      ArrowLeft: value[side] - step,
      ArrowDown: value[side] - step,
      ArrowRight: value[side] + step,
      ArrowUp: value[side] + step,
      PageDown: value[side] - 1,
      PageUp: value[side] + 1,
      Home: 0,
      End: total,
    };
    const time = to[event.key];
    if (time === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = fits({ ...value, [side]: time }, side);
    onChange(next);
    onDone?.(next);
  };

  const share = (time: number) => `${(100 * time) / total}%`;
  return (
    <div
      className={`range ${tone}`}
      style={{ left: share(value.start), width: share(value.end - value.start) }}
      role="group"
      aria-label={label}
    >
      {(['start', 'end'] as const).map((side) => (
        <div
          key={side}
          className={`handle ${side} ${value[side] <= 0 || value[side] >= total - 0.01 ? 'at' : ''}`}
          role="slider"
          tabIndex={0}
          aria-label={`${label}: ${side}`}
          aria-valuemin={0}
          aria-valuemax={Math.round(total * 100) / 100}
          aria-valuenow={Math.round(value[side] * 100) / 100}
          aria-valuetext={clock(value[side], 2)}
          onPointerDown={drag(side)}
          onKeyDown={press(side)}
        />
      ))}
    </div>
  );
}
