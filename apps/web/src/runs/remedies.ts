import { longestResult } from '../service/catalogue.ts';
import { useSession } from '../service/session.ts';
import type { Problem } from '../shared/problem.ts';
import { useSounds } from '../sound/sounds.ts';
import { openFileChooser } from '../source/chooser.ts';
import { type Run, useBench } from '../state/bench.ts';
import { useTimeline } from '../state/timeline.ts';

/** Does what a problem's button offers. */
export function remedy({ remedy: kind }: Problem, run?: Run): void {
  if (kind === 'key') useSession.setState({ wanted: 'Use an API key of this service.' });
  else if (kind === 'choose') openFileChooser();
  else if (kind === 'trim') trim(run);
}

function trim(run: Run | undefined): void {
  const { selected } = useBench.getState();
  const facts = useSounds.getState().facts[run?.sourceId ?? selected ?? ''];
  if (!facts) return;
  const longest = longestResult('audio-to-audio') ?? facts.duration;
  useTimeline.setState({ trim: { start: 0, end: Math.min(facts.duration, longest) } });
}
