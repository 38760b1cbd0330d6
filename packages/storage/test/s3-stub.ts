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
  const state: State = { bucket, objects: new Map(), uploads: new Map(), requests: [] };
  const server = createServer((request, response) => {
    // The client may hang up at any time.
    answer(state, stub.fault, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { bucket: _, ...shown } = state;
  const stub: S3Stub = {
    ...shown,
    fault: () => undefined,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  return stub;
}

type State = Pick<S3Stub, 'objects' | 'uploads' | 'requests'> & { bucket: string };

/** A request whose body has come. */
interface Call {
  response: ServerResponse;
  request: IncomingMessage;
  key: string;
  query: URLSearchParams;
  body: Buffer;
}

async function answer(
  state: State,
  fault: S3Stub['fault'],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url!, 'http://stub');
  state.requests.push(`${request.method} ${url.pathname}`);
  const [, bucket, ...rest] = decodeURIComponent(url.pathname).split('/');
  const call = { request, response, key: rest.join('/'), query: url.searchParams, body: await buffer(request) };
  const trouble = fault({ method: request.method!, key: call.key });
  if (trouble) return makeTrouble(trouble, state, call);
  if (request.headers['content-encoding'] === 'aws-chunked') return fail(response, 501, 'NotImplemented');
  if (bucket !== state.bucket) return fail(response, 404, 'NoSuchBucket');
  const methods: Record<string, (state: State, call: Call) => Promise<void>> = {
    PUT: put,
    POST: post,
    DELETE: remove,
    GET: get,
    HEAD: get,
  };
  const method = methods[request.method!];
  if (!method) return fail(response, 405, 'MethodNotAllowed');
  await method(state, call);
}

async function makeTrouble(fault: S3Fault, { objects }: State, { request, response, key }: Call): Promise<void> {
  if (fault === 'hang') return;
  if (fault === 'error') return fail(response, 500, 'InternalError');
  const object = request.method === 'GET' ? objects.get(key) : undefined;
  if (!object) return void request.socket.destroy();
  response.writeHead(200, { 'content-length': object.bytes.length });
  response.write(object.bytes.subarray(0, object.bytes.length / 2), () => request.socket.destroy());
}

async function put({ objects, uploads }: State, { request, response, key, query, body }: Call): Promise<void> {
  const uploadId = query.get('uploadId');
  if (uploadId) {
    const parts = uploads.get(uploadId);
    if (!parts) return fail(response, 404, 'NoSuchUpload');
    parts.set(Number(query.get('partNumber')), body);
  } else objects.set(key, { bytes: body, mediaType: request.headers['content-type'], storedAt: new Date() });
  response.setHeader('etag', etag(body)).end();
}

/** Begins an upload in parts, or completes one. */
async function post(
  { objects, uploads, requests }: State,
  { request, response, key, query, body }: Call,
): Promise<void> {
  if (query.has('uploads')) {
    const id = `upload-${requests.length}`;
    uploads.set(id, new Map());
    const begun = `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`;
    return xml(response, begun);
  }
  const uploadId = query.get('uploadId') ?? '';
  const parts = uploads.get(uploadId);
  if (!parts) return fail(response, 404, 'NoSuchUpload');
  const named = [...body.toString().matchAll(/<Part>.*?<\/Part>/gs)].map(([part]) => ({
    number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
    etag: /<ETag>(.*?)</.exec(part)?.[1]?.replaceAll('&quot;', '"'),
  }));
  const whole = named.map(({ number }) => parts.get(number));
  const right = named.every((part, at) => part.number === at + 1 && whole[at] && part.etag === etag(whole[at]));
  if (!right || named.length === 0) return fail(response, 400, 'InvalidPart');
  if (whole.slice(0, -1).some((part) => part!.length < 5 * 2 ** 20)) return fail(response, 400, 'EntityTooSmall');
  uploads.delete(uploadId);
  const bytes = Buffer.concat(whole.map((part) => part!));
  objects.set(key, { bytes, mediaType: request.headers['content-type'], storedAt: new Date() });
  xml(response, '<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>');
}

async function remove({ objects, uploads }: State, { response, key, query }: Call): Promise<void> {
  const uploadId = query.get('uploadId');
  if (uploadId) uploads.delete(uploadId);
  else objects.delete(key);
  response.writeHead(204).end();
}

/** An object, a range of it, or without a key a page of the list. */
async function get({ objects }: State, { request, response, key, query }: Call): Promise<void> {
  if (key === '') return xml(response, page(objects, query));
  const object = objects.get(key);
  if (!object) return fail(response, 404, 'NoSuchKey');
  const size = object.bytes.length;
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  if (!range) return void response.writeHead(200, { 'content-length': size }).end(object.bytes);
  const start = Number(range[1]);
  const end = Math.min(range[2] ? Number(range[2]) : Infinity, size - 1);
  if (start >= size) return fail(response, 416, 'InvalidRange');
  response.writeHead(206, { 'content-length': end - start + 1, 'content-range': `bytes ${start}-${end}/${size}` });
  response.end(object.bytes.subarray(start, end + 1));
}

function page(objects: S3Stub['objects'], query: URLSearchParams): string {
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
