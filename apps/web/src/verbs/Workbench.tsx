import { Controls } from '../form/Controls.tsx';
import { Stage, type VerbStage } from '../stage/Stage.tsx';
import { verbs } from '../state/verbs.ts';

const intros = {
  transform: 'A recording and a sentence in, the transformed recording out.',
  generate: 'Music and sound effects from a sentence alone.',
  inpaint: 'Marked parts of a recording are regenerated; the rest stays as it is.',
  extend: 'A recording goes on, before its beginning and after its end.',
};

/** A verb: what is to be made on one side, the bench on the other. */
export function Workbench(stage: VerbStage) {
  return (
    <div className="workspace">
      <header className="intro">
        <h1>{verbs[stage.verb].title}</h1>
        <p>{intros[stage.verb]}</p>
      </header>
      <Controls verb={stage.verb} />
      <Stage {...stage} />
    </div>
  );
}
