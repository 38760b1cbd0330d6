import { plainAxis } from '../workspace/axis.ts';
import { Workspace } from '../workspace/Workspace.tsx';

/** Music or sound effects from a prompt alone. */
export function Generate() {
  return (
    <Workspace
      kind="generate"
      intro="Music and sound effects from a sentence alone."
      axis={plainAxis}
      empty="Write a prompt and press Generate. Results appear here, under each other."
    />
  );
}
