import { Workbench } from './Workbench.tsx';

/** A recording made to sound as a prompt says. */
export function Transform() {
  return <Workbench verb="transform" empty="Write a prompt and press Transform. Results appear here, newest first." />;
}
