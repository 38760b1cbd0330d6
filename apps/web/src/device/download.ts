/** A file of the engine's folder, as `files.json` there lists them. */
export interface EngineFile {
  /** From the folder. */
  path: string;
  bytes: number;
}

/**
 * Downloads what the engine needs. Files that end in `.packed` come uncompressed, under their names without it.
 *
 * @param folder URL of the engine's folder, with a slash at the end
 * @param onProgress receives the bytes that have come, and those of the whole
 * @throws Error naming the file that did not come
 */
export async function download(
  folder: string,
  onProgress: (done: number, total: number) => void,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const list = (await (await fetched(new URL('files.json', folder))).json()) as EngineFile[];
  const total = list.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const counted = () =>
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(part, controller) {
        done += part.length;
        onProgress(done, total);
        controller.enqueue(part);
      },
    });
  const files = list.map(async ({ path }) => {
    const stream = (await fetched(new URL(path, folder))).body!.pipeThrough(counted());
    const isCompressed = path.endsWith('.packed');
    const content = isCompressed ? stream.pipeThrough(new DecompressionStream('gzip')) : stream;
    return [path.replace(/\.packed$/, ''), await new Response(content).bytes()] as const;
  });
  return new Map(await Promise.all(files));
}

async function fetched(url: URL): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname} could not be fetched (HTTP ${response.status})`);
  return response;
}
