import type { TaskEvent } from '@retone/contract';
import { create } from 'zustand';
import type { Problem } from '../shared/problem.ts';
import type { Run } from '../state/bench.ts';

export type Phase = 'reading' | 'downloading' | 'uploading' | 'submitting' | 'waiting' | 'processing';

/** How far a run is. Only the tab that watches it knows; nothing of it is kept. */
export interface Progress {
  phase: Phase;
  /** Share of the recording that was sent, or of the engine that has come, 0 to 1. */
  sent?: number | undefined;
  news?: TaskEvent | undefined;
  /** Why it waits for another try. */
  problem?: Problem | undefined;
  /** When the next try is, in milliseconds. */
  retryAt?: number | undefined;
}

export const useProgress = create<Record<string, Progress | undefined>>(() => ({}));

export function setProgress(id: string, change: Partial<Progress>): void {
  useProgress.setState((all) => ({ [id]: { phase: 'submitting', ...all[id], ...change } }));
}

export function endProgress(id: string): void {
  useProgress.setState({ [id]: undefined });
}

/** Whether a run has neither ended nor failed. */
export const isOpen = ({ task, failure }: Pick<Run, 'task' | 'failure'>): boolean => !task && !failure;

/** How far a run is in all, 0 to 1: sending a recording counts as its first twentieth. */
export function fractionOf(progress: Progress | undefined): number {
  if (!progress) return 0;
  if (progress.phase === 'uploading' || progress.phase === 'downloading') return 0.05 * (progress.sent ?? 0);
  const { fraction = 0 } = progress.news?.progress ?? {};
  return progress.phase === 'processing' ? 0.05 + 0.95 * fraction : 0.05;
}

/** How far open runs are together, in whole per cent. */
export const usePercent = (open: Run[]): number =>
  useProgress((all) => {
    const sum = open.reduce((total, { id }) => total + fractionOf(all[id]), 0);
    return Math.round((100 * sum) / (open.length || 1));
  });
