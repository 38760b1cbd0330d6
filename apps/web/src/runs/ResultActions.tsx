import { formatNamed, writableFormats } from '@retone/contract';
import { useId } from 'react';
import { ownUrl } from '../service/client.ts';
import { Icon } from '../shared/Icon.tsx';
import { takeUrl } from '../source/source.ts';
import { type Kind, kinds } from '../workspace/kinds.ts';
import type { Run } from './run.ts';
import { removeRun, start } from './running.ts';

/** What can be done with a result. */
export function ResultActions({ kind, run, title }: { kind: Kind; run: Run; title: string }) {
  const { audio: _, seed: _seed, ...again } = run.input;
  const output = run.task!.outputs[0]!;
  return (
    <>
      <button
        type="button"
        className="quiet"
        onClick={() => void start(kind, again, run.model)}
        title="Again with another seed"
      >
        <Icon name="again" /> <span className="words">Another seed</span>
      </button>
      {kind !== 'generate' && (
        <button
          type="button"
          className="quiet"
          onClick={() => void takeUrl(kind, output, title)}
          title={`Go on from this result: ${kinds[kind].title.toLowerCase()} it again`}
        >
          <Icon name="source" /> <span className="words">Use as source</span>
        </button>
      )}
      <Download url={output} />
      <button type="button" className="quiet" onClick={() => removeRun(kind, run.id)} aria-label={`Put ${title} away`}>
        <Icon name="close" />
      </button>
    </>
  );
}

/** A menu of the formats that a file of the service can be had in. */
export function Download({ url }: { url: string }) {
  const id = useId();
  return (
    <>
      <button
        type="button"
        className="quiet"
        popoverTarget={id}
        title="Download"
        style={{ anchorName: `--${id.replaceAll(/\W/g, '')}` } as React.CSSProperties}
      >
        <Icon name="download" /> <span className="words">Download</span>
      </button>
      <div
        id={id}
        popover="auto"
        className="menu"
        style={{ positionAnchor: `--${id.replaceAll(/\W/g, '')}` } as React.CSSProperties}
      >
        {writableFormats.map((format) => (
          <a
            key={format}
            href={`${ownUrl(url)}?format=${format}`}
            download
            onClick={({ currentTarget }) => (currentTarget.parentElement as HTMLElement).hidePopover()}
          >
            {formatNamed(format).title}
          </a>
        ))}
      </div>
    </>
  );
}
