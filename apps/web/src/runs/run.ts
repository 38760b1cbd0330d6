import type { TaskEvent, TaskResult } from '@retone/contract';
import type { Problem } from '../service/problems.ts';
import type { Sound } from '../sound/sound.ts';

type Phase = 'known' | 'uploading' | 'submitting' | 'waiting' | 'processing' | 'completed' | 'failed' | 'cancelled';

/** A request for sound, from the press of the button to the result. */
export interface Run {
  id: string;
  taskId?: string | undefined;
  /** The source that it was made from; results are shown with it. */
  sourceId?: string | undefined;
  phase: Phase;
  model: string;
  input: Record<string, unknown>;
  news?: TaskEvent | undefined;
  task?: TaskResult | undefined;
  sound?: Sound | undefined;
  problem?: Problem | undefined;
  /** When what failed is tried again, in milliseconds. */
  retryAt?: number | undefined;
}

/** Whether it has not come to its end. */
export const isOpen = ({ phase }: Run) => ['known', 'uploading', 'submitting', 'waiting', 'processing'].includes(phase);
