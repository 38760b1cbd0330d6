import type { MouseEvent } from 'react';
import { useIntake } from '../bench/intake.ts';
import { titleOf } from '../bench/titles.ts';
import { problemOf } from '../service/problems.ts';
import { Menu } from '../shared/Menu.tsx';
import type { Run } from '../state/bench.ts';
import { type FileForm, fileName, fileUrl, formsOf, saveFile } from './files.ts';

/** A menu of the forms in which a result can be had. */
export function Download({ run }: { run: Run }) {
  return (
    <Menu icon="download" label="Download" name={`Download ${titleOf(run)}`}>
      {formsOf(run).map((form) => (
        <a
          key={form.label}
          href={fileUrl(run, form)}
          download={fileName(run, form)}
          onClick={(event) => saveHere(event, run, form)}
        >
          {form.label}
        </a>
      ))}
    </Menu>
  );
}

/** Has a press on a link to a result of this device download it from this browser. */
export function saveHere(event: MouseEvent, run: Run, form: FileForm): void {
  if (run.place !== 'device') return;
  event.preventDefault();
  saveFile(run, form).catch((error) => useIntake.setState({ problem: problemOf(error) }));
}
