import { filePath, ServiceError } from '../service/client.ts';
import { decodeFile, decodeUrl } from '../sound/decode.ts';
import type { Load } from '../sound/sounds.ts';
import { blobOf, type Run, type Source } from '../state/bench.ts';

/** How the samples of a recording are had: from this browser, or from the service. */
export const loadSource =
  (source: Source): Load =>
  async () => {
    const blob = await blobOf(source.id);
    if (blob) return decodeFile(blob, source.name);
    if (source.url) return decodeUrl(source.url);
    throw new ServiceError(404, 'unknown_file', 'this browser no longer has the recording');
  };

/** How the samples of a result are had. */
export const loadResult =
  (run: Run): Load =>
  () =>
    decodeUrl(run.task!.outputs[0]!);

/** The id of a result's sound: its file's, so that bench and history share what is known of it. */
export const soundOf = (output: string): string => filePath(output) ?? output;
