import { Workbench } from './Workbench.tsx';

/** Music or sound effects from a prompt alone. */
export function Generate() {
  return (
    <Workbench
      verb="generate"
      empty="Write a prompt and press Generate. Results appear here, and can be sent to the other three."
    />
  );
}
