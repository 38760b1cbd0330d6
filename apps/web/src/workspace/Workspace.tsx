import type { ComponentProps } from 'react';
import { Controls } from '../form/Controls.tsx';
import { kinds } from './kinds.ts';
import { Stage } from './Stage.tsx';

type Props = ComponentProps<typeof Stage> & { intro: string };

/** A workspace: what is to be made on one side, what there is on the other. */
export function Workspace({ intro, ...stage }: Props) {
  return (
    <div className="workspace">
      <header className="intro">
        <h1>{kinds[stage.kind].title}</h1>
        <p>{intro}</p>
      </header>
      <Controls kind={stage.kind} />
      <Stage {...stage} />
    </div>
  );
}
