import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** As much of the S3 protocol as the store uses, in memory. Signatures are not looked at. */
export interface S3Stub {
  endpoint: string;
  /** By key, without the bucket. */
  objects: Map<string, { bytes: Buffer; mediaType: string | undefined; storedAt: Date }>;
  /** Uploads in parts that are neither completed nor given up. */
  uploads: Map<string, Map<number, Buffer>>;
  /** The fault of a request, if something is to. */
  fault: (request: { method: string; key: string }) => S3Fault | undefined;
  /** Requests so far, such as `PUT /bucket/key`. */
  requests: string[];
  close(): Promise<void>;
}

/** `error`: 500; `hang`: no answer; `cut`: the connection breaks in the middle of the answer's body, or before it. */
export type S3Fault = 'error' | 'hang' | 'cut';

/** Keys in one page of a list: few, so that lists of the tests take several. */
const pageSize = 3;

export async function startS3Stub(bucket: string): Promise<S3Stub> {
  const objects: S3Stub['objects'] = new Map();
  const uploads: S3Stub['uploads'] = new Map();
  const requests: string[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, 'http://stub');
    requests.push(`${request.method} ${url.pathname}`);
    const [, itsBucket, ...rest] = decodeURIComponent(url.pathname).split('/');
    const key = rest.join('/');
    const query = url.searchParams;
    const uploadId = query.get('uploadId');
    const body = await buffer(request);
    const fault = stub.fault({ method: request.method!, key });
    if (fault === 'hang') return;
    if (fault === 'error') return fail(response, 500, 'InternalError');
    if (fault === 'cut') {
      const object = request.method === 'GET' ? objects.get(key) : undefined;
      if (!object) return void request.socket.destroy();
      response.writeHead(200, { 'content-length': object.bytes.length });
      response.write(object.bytes.subarray(0, object.bytes.length / 2), () => request.socket.destroy());
      return;
    }
    if (request.headers['content-encoding'] === 'aws-chunked') return fail(response, 501, 'NotImplemented');
    if (itsBucket !== bucket) return fail(response, 404, 'NoSuchBucket');
    const mediaType = request.headers['content-type'];

    switch (request.method) {
      case 'PUT':
        if (uploadId) {
          const parts = uploads.get(uploadId);
          if (!parts) return fail(response, 404, 'NoSuchUpload');
          parts.set(Number(query.get('partNumber')), body);
        } else objects.set(key, { bytes: body, mediaType, storedAt: new Date() });
        return void response.setHeader('etag', etag(body)).end();
      case 'POST': {
        if (query.has('uploads')) {
          const id = `upload-${requests.length}`;
          uploads.set(id, new Map());
          return xml(
            response,
            `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
          );
        }
        const parts = uploads.get(uploadId ?? '');
        if (!parts) return fail(response, 404, 'NoSuchUpload');
        const named = [...body.toString().matchAll(/<Part>.*?<\/Part>/gs)].map(([part]) => ({
          number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
          etag: /<ETag>(.*?)</.exec(part)?.[1]?.replaceAll('&quot;', '"'),
        }));
        const whole = named.map(({ number }) => parts.get(number));
        const right = named.every((part, at) => part.number === at + 1 && whole[at] && part.etag === etag(whole[at]));
        if (!right || named.length === 0) return fail(response, 400, 'InvalidPart');
        if (whole.slice(0, -1).some((part) => part!.length < 5 * 2 ** 20)) return fail(response, 400, 'EntityTooSmall');
        uploads.delete(uploadId!);
        objects.set(key, { bytes: Buffer.concat(whole.map((part) => part!)), mediaType, storedAt: new Date() });
        return xml(response, '<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>');
      }
      case 'DELETE':
        if (uploadId) uploads.delete(uploadId);
        else objects.delete(key);
        return void response.writeHead(204).end();
      case 'GET':
      case 'HEAD': {
        if (key === '') return xml(response, page(query));
        const object = objects.get(key);
        if (!object) return fail(response, 404, 'NoSuchKey');
        const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
        if (!range) return void response.writeHead(200, { 'content-length': object.bytes.length }).end(object.bytes);
        const size = object.bytes.length;
        const start = Number(range[1]);
        const end = Math.min(range[2] ? Number(range[2]) : Infinity, size - 1);
        if (start >= size) return fail(response, 416, 'InvalidRange');
        response.writeHead(206, {
          'content-length': end - start + 1,
          'content-range': `bytes ${start}-${end}/${size}`,
        });
        return void response.end(object.bytes.subarray(start, end + 1));
      }
      default:
        return fail(response, 405, 'MethodNotAllowed');
    }
  }

  function page(query: URLSearchParams): string {
    const after = query.get('continuation-token') ?? '';
    const keys = [...objects.keys()].filter((key) => key.startsWith(query.get('prefix') ?? '') && key > after).sort();
    const shown = keys.slice(0, pageSize);
    const more = keys.length > pageSize;
    const contents = shown.map((key) => {
      const { bytes, storedAt } = objects.get(key)!;
      const facts = `<Size>${bytes.length}</Size><LastModified>${storedAt.toISOString()}</LastModified>`;
      return `<Contents><Key>${key}</Key>${facts}</Contents>`;
    });
    return `<ListBucketResult><IsTruncated>${more}</IsTruncated>${contents.join('')}${
      more ? `<NextContinuationToken>${shown.at(-1)}</NextContinuationToken>` : ''
    }</ListBucketResult>`;
  }

  const server = createServer((request, response) => {
    // The client may hang up at any time.
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const stub: S3Stub = {
    fault: () => undefined,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    uploads,
    requests,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  return stub;
}

function etag(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}

function xml(response: ServerResponse, body: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?>${body}`);
}

function fail(response: ServerResponse, status: number, code: string): void {
  if (response.req.method === 'HEAD') return void response.writeHead(status).end();
  xml(response, `<Error><Code>${code}</Code><Message>${code}</Message></Error>`, status);
}
