import { service } from '../service/client.ts';
import { blobOf, change, type Source } from '../state/bench.ts';

interface Options {
  /** Whether to send it again although it was sent: the service may have deleted it. */
  afresh: boolean;
  signal: AbortSignal;
  onProgress(sent: number): void;
}

interface Upload {
  url: Promise<string>;
  abort: AbortController;
  listeners: Set<(sent: number) => void>;
}

const uploads = new Map<string, Upload>();

/** The URL of a recording at the service. Variations share one upload; it stops when none of them wants it any more. */
export async function uploaded(source: Source, { afresh, signal, onProgress }: Options): Promise<string> {
  if (source.url && !afresh) return source.url;
  const upload = uploads.get(source.id) ?? begin(source);
  upload.listeners.add(onProgress);
  const leave = () => {
    upload.listeners.delete(onProgress);
    if (upload.listeners.size === 0) upload.abort.abort();
  };
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await upload.url;
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

function begin(source: Source): Upload {
  const abort = new AbortController();
  const listeners = new Set<(sent: number) => void>();
  const send = async () => {
    const blob = await blobOf(source.id);
    if (!blob) throw new Error('this browser no longer has the recording');
    const { download_url: url } = await service.upload(blob, source.name, {
      signal: abort.signal,
      onProgress: (sent) => {
        for (const listener of listeners) listener(sent);
      },
    });
    change('source', source.id, { url });
    return url;
  };
  const upload = { url: send().finally(() => uploads.delete(source.id)), abort, listeners };
  uploads.set(source.id, upload);
  return upload;
}
