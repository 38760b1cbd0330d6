import { create } from 'zustand';
import type { Snap } from '../sound/grid.ts';
import { type Region, Transport } from '../sound/transport.ts';

/** What plays the sounds of the stage that is shown. */
export const transport = new Transport();

export type Drawing = 'waveform' | 'spectrogram' | 'both';

interface Timeline {
  /** How many times the axis is wider than the stage. */
  zoom: number;
  /** What share of the axis lies left of the stage, 0 to 1. */
  scroll: number;
  snap: Snap;
  units: 'seconds' | 'bars';
  drawing: Drawing;
  /** What to keep, while the recording is being trimmed; seconds of the recording. */
  trim: Region | undefined;
}

const place = 'retone.view';
const kept = ((): Partial<Timeline> => {
  try {
    return JSON.parse(localStorage.getItem(place) ?? '{}') ?? {};
  } catch {
    return {};
  }
})();

/** How the time axis is shown. */
export const useTimeline = create<Timeline>(() => ({
  zoom: 1,
  scroll: 0,
  snap: kept.snap ?? 'off',
  units: kept.units ?? 'seconds',
  drawing: kept.drawing ?? (innerWidth < 700 ? 'waveform' : 'both'),
  trim: undefined,
}));

export function setView(view: Partial<Pick<Timeline, 'snap' | 'units' | 'drawing'>>): void {
  useTimeline.setState(view);
  const { snap, units, drawing } = useTimeline.getState();
  localStorage.setItem(place, JSON.stringify({ snap, units, drawing }));
}

const mostZoom = 64;

/** Zooms so that the point at a share of the stage (0 to 1) stays where it is. */
export function zoomBy(factor: number, at = 0.5): void {
  const { zoom, scroll } = useTimeline.getState();
  const next = Math.max(1, Math.min(zoom * factor, mostZoom));
  const fixed = scroll + at / zoom;
  useTimeline.setState({ zoom: next, scroll: bounded(fixed - at / next, next) });
}

/** Scrolls by a share of the stage. */
export function scrollBy(share: number): void {
  const { zoom, scroll } = useTimeline.getState();
  useTimeline.setState({ scroll: bounded(scroll + share / zoom, zoom) });
}

export function showAll(): void {
  useTimeline.setState({ zoom: 1, scroll: 0 });
}

function bounded(scroll: number, zoom: number): number {
  return Math.max(0, Math.min(scroll, 1 - 1 / zoom));
}
