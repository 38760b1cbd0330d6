import { roughly } from '../shared/format.ts';
import type { Progress } from './progress.ts';

const stages = {
  text: 'Reading the prompt',
  encode: 'Analysing the source',
  sample: 'Generating',
  decode: 'Rendering',
};

/** What a run does now. */
export function stageOf(progress: Progress | undefined): string {
  if (!progress) return 'Looking it up';
  const { phase, news, sent = 0 } = progress;
  if (phase === 'uploading') return `Uploading, ${Math.round(100 * sent)} %`;
  if (phase === 'downloading') return `Downloading the engine, ${Math.round(100 * sent)} %`;
  if (phase === 'submitting') return 'Submitting';
  if (phase === 'waiting') return 'In the queue';
  const { stage, step = 0, steps } = news?.progress ?? {};
  if (stage === 'sample' && steps) return `Step ${Math.max(1, step)} of ${steps}`;
  return (stage && stages[stage]) || 'Starting';
}

/** How long it will take, as far as that is known. */
export function statusOf(progress: Progress | undefined): string {
  if (!progress) return '';
  const { tasks_ahead: ahead, seconds_left: left } = progress.news ?? {};
  if (progress.phase === 'waiting' && typeof ahead === 'number') {
    return ahead === 0 ? 'next in line' : `${ahead} ahead of it`;
  }
  // The first guesses jump: an estimate from the first steps of a short run says little.
  const known = (progress.news?.progress?.fraction ?? 0) > 0.25;
  return progress.phase === 'processing' && known && typeof left === 'number' ? roughly(left) : '';
}
