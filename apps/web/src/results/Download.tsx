import { titleOf } from '../bench/titles.ts';
import { Menu } from '../shared/Menu.tsx';
import type { Run } from '../state/bench.ts';
import { fileForms, fileName, fileUrl } from './files.ts';

/** A menu of the forms in which a result can be had. */
export function Download({ run }: { run: Run }) {
  return (
    <Menu icon="download" label="Download" name={`Download ${titleOf(run)}`}>
      {fileForms.map((form) => (
        <a key={form.label} href={fileUrl(run, form)} download={fileName(run, form)}>
          {form.label}
        </a>
      ))}
    </Menu>
  );
}
