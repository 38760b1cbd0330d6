import { plainAxis } from '../workspace/axis.ts';
import { Workspace } from '../workspace/Workspace.tsx';

/** A recording made to sound as a prompt says. */
export function Transform() {
  return (
    <Workspace
      kind="transform"
      intro="Give it a recording and a sentence; it gives back the recording transformed."
      axis={plainAxis}
      empty="Write a prompt and press Transform. Results appear here, in step with the source."
    />
  );
}
