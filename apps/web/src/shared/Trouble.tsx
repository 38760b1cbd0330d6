import type { ReactNode } from 'react';
import type { Problem } from './problem.ts';

/** What went wrong, what to do, and buttons that do it. */
export function Trouble({ problem, children }: { problem: Problem; children?: ReactNode }) {
  return (
    <div className="trouble" role="alert">
      <p>
        <strong>{problem.title}.</strong> {problem.advice}
      </p>
      {children && <div className="remedies">{children}</div>}
    </div>
  );
}
