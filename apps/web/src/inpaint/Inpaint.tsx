import { Range } from '../player/Range.tsx';
import type { Region } from '../sound/transport.ts';
import { plainAxis } from '../workspace/axis.ts';
import { numberOf } from '../workspace/input.ts';
import { workspaces } from '../workspace/store.ts';
import { Workspace } from '../workspace/Workspace.tsx';

const { use } = workspaces.inpaint;

function setRegion({ start, end }: Region): void {
  const { values } = use.getState();
  use.setState({ values: { ...values, mask_start_seconds: start, mask_end_seconds: end } });
}

/** A part of a recording made anew. */
export function Inpaint() {
  const state = use();
  const region = { start: numberOf(state, 'mask_start_seconds'), end: numberOf(state, 'mask_end_seconds') };
  return (
    <Workspace
      kind="inpaint"
      intro="Mark a part of a recording by dragging over it. That part is made anew; the rest stays as it is."
      axis={plainAxis}
      empty="Drag over the waveform to mark what is made anew, say what should be there, and press Fill in."
      onSelect={setRegion}
      overlay={({ total }) => <Range total={total} value={region} label="New part" tone="mask" onChange={setRegion} />}
    />
  );
}
