import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';

/** Who may read a repository's files. */
export type Access = 'public' | 'gated' | 'private';

/** Rights of a token. Any other value is one that the hub does not know. */
export interface KnownToken {
  /** Gated and private repositories that its account has been given access to. */
  access: readonly string[];
  /** A fine-grained token without the right to read gated repositories. */
  withoutGated?: boolean;
}

/** The fault of the next answers that send a large file. */
export interface Faults {
  /** After how many bytes connections break, one after the other. */
  cuts?: number[];
  /** Answers with the whole file whatever part is asked for. */
  noRanges?: boolean;
  /** Paths of which a byte is sent wrong. */
  wrong?: string[];
  /** Paths of which more bytes are announced than there are. */
  announced?: Record<string, number>;
  /** Statuses to answer requests of the hub with, one after the other. */
  statuses?: number[];
}

interface Entry {
  file: string;
  size: number;
  lfs: boolean;
  sha256: string;
  gitSha1: string;
}

interface StoredRepository {
  access: Access;
  commit: string;
  entries: Map<string, Entry>;
}

/**
 * A server that speaks as much of the hub's protocol as pulling needs: commits, lists of files in pages, small files as they
 * are, large ones by a redirect to another host that wants no token, ranges, and refusals in the hub's own words.
 */
export class HubServer {
  readonly faults: Faults = {};
  readonly tokens = new Map<string, KnownToken>();
  /** Requests, such as `GET /owner/name/resolve/main/file` and `CDN /owner/name/file bytes=5-`. */
  readonly log: string[] = [];
  /** Called after every piece of a large file. */
  onSent: ((total: number) => void) | undefined;
  readonly #repositories = new Map<string, StoredRepository>();
  readonly #hub: Server;
  readonly #cdn: Server;
  #sent = 0;

  private constructor() {
    this.#hub = createServer((request, response) => this.#answer(request, response));
    this.#cdn = createServer((request, response) => this.#answerFromCdn(request, response));
  }

  static async start(): Promise<HubServer> {
    const server = new HubServer();
    for (const each of [server.#hub, server.#cdn]) {
      await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', resolve));
    }
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#hub.address() as AddressInfo).port}`;
  }

  /** Publishes a folder. Publishing again under the same name is another commit. */
  publish(name: string, folder: string, access: Access = 'public'): void {
    const entries = new Map<string, Entry>();
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      entries.set(relative(folder, file), describe(file));
    }
    const content = [...entries].map(([path, { sha256 }]) => `${path} ${sha256}`).join('\n');
    const commit = createHash('sha1').update(content).digest('hex');
    this.#repositories.set(name, { access, commit, entries });
  }

  commitOf(name: string): string {
    return this.#repositories.get(name)!.commit;
  }

  async close(): Promise<void> {
    for (const each of [this.#hub, this.#cdn]) {
      each.closeAllConnections();
      await new Promise((resolve) => each.close(resolve));
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): undefined {
    this.log.push(`GET ${request.url}`);
    const status = this.faults.statuses?.shift();
    if (status) return refuse(response, status, '', 'The server has a bad day.');
    const { pathname, searchParams } = new URL(request.url!, this.url);
    const info = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^/]+)$/.exec(pathname);
    const tree = /^\/api\/models\/([^/]+\/[^/]+)\/tree\/([^/]+)$/.exec(pathname);
    const resolve = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(pathname);
    const [, name, revision, path] = (info ?? tree ?? resolve ?? []) as string[];
    const repository = this.#allowed(request, response, name ?? '', resolve !== null);
    if (!repository) return;
    if (!['main', repository.commit].includes(revision!))
      return refuse(response, 404, 'RevisionNotFound', `Invalid rev id: ${revision}`);
    if (info)
      return json(response, { _id: '1', id: name, sha: repository.commit, lastModified: '2026-01-01T00:00:00Z' });
    if (tree) return this.#list(response, pathname, repository, Number(searchParams.get('cursor') ?? 0));
    const entry = repository.entries.get(decodeURIComponent(path!));
    if (!entry) return refuse(response, 404, 'EntryNotFound', 'Entry not found');
    response.setHeader('x-repo-commit', repository.commit);
    if (!entry.lfs) {
      response.setHeader('etag', `"${entry.gitSha1}"`);
      return this.#send(request, response, entry, decodeURIComponent(path!));
    }
    response.setHeader('x-linked-etag', `"${entry.sha256}"`);
    response.setHeader('x-linked-size', entry.size);
    const { port } = this.#cdn.address() as AddressInfo;
    response.writeHead(302, { location: `http://localhost:${port}/${name}/${path}` }).end();
  }

  /** In pages of three, as the hub has them of a thousand. */
  #list(response: ServerResponse, pathname: string, { entries }: StoredRepository, from: number): undefined {
    const items = [...entries].map(([path, { size, lfs, sha256, gitSha1 }]) => {
      const announced = this.faults.announced?.[path] ?? size;
      return {
        type: 'file',
        path,
        size: announced,
        oid: gitSha1,
        ...(lfs ? { lfs: { oid: sha256, size: announced } } : {}),
      };
    });
    if (from + 3 < items.length) response.setHeader('link', `<${this.url}${pathname}?cursor=${from + 3}>; rel="next"`);
    json(response, items.slice(from, from + 3));
  }

  #allowed(
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    forFiles: boolean,
  ): StoredRepository | undefined {
    const given = request.headers.authorization?.replace(/^Bearer /, '');
    const token = given === undefined ? undefined : this.tokens.get(given);
    const no = (status: number, code: string, message: string) => refuse(response, status, code, message);
    if (given !== undefined && !token) return no(401, '', 'Invalid credentials in Authorization header');
    const repository = this.#repositories.get(name);
    const member = token?.access.includes(name) ?? false;
    if (!repository || (repository.access === 'private' && !member)) {
      if (token) return no(404, 'RepoNotFound', 'Repository not found');
      return no(401, 'RepoNotFound', 'Invalid username or password.');
    }
    if (repository.access !== 'gated' || !forFiles) return repository;
    if (!token) return no(401, 'GatedRepo', `Access to model ${name} is restricted. Please log in.`);
    if (token.withoutGated) {
      const message = 'Please enable access to public gated repositories in your fine-grained token settings';
      return no(403, '', message);
    }
    if (!member) {
      const message = `Access to model ${name} is restricted and you are not in the authorized list.`;
      return no(403, 'GatedRepo', message);
    }
    return repository;
  }

  #answerFromCdn(request: IncomingMessage, response: ServerResponse): undefined {
    const [, owner, repository, ...rest] = request.url!.split('/');
    const path = decodeURIComponent(rest.join('/'));
    this.log.push(`CDN ${request.url} ${request.headers.range ?? 'whole'}`);
    // As S3 does: a signed URL and a token together are an error.
    if (request.headers.authorization) return refuse(response, 400, '', 'Only one auth mechanism allowed');
    const entry = this.#repositories.get(`${owner}/${repository}`)?.entries.get(path);
    if (!entry) return refuse(response, 404, '', 'no such key');
    this.#send(request, response, entry, path);
  }

  #send(request: IncomingMessage, response: ServerResponse, entry: Entry, path: string): undefined {
    const range = this.faults.noRanges ? undefined : /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    const start = Number(range?.[1] ?? 0);
    if (start > 0 && start >= entry.size) return refuse(response, 416, '', 'range not satisfiable');
    if (range) response.setHeader('content-range', `bytes ${start}-${entry.size - 1}/${entry.size}`);
    response.setHeader('content-length', entry.size - start);
    response.writeHead(range ? 206 : 200);
    const cut = entry.lfs ? this.faults.cuts?.shift() : undefined;
    const wrong = this.faults.wrong?.includes(path);
    let left = cut ?? Number.POSITIVE_INFINITY;
    const stream = createReadStream(entry.file, { start, highWaterMark: 64 * 1024 });
    stream.on('data', (chunk) => {
      const bytes = (chunk as Buffer).subarray(0, left);
      left -= bytes.length;
      if (wrong) bytes[0]! ^= 1;
      this.#sent += bytes.length;
      const more = response.write(bytes);
      this.onSent?.(this.#sent);
      if (left <= 0) {
        stream.destroy();
        // The data written so far is sent first; then the connection breaks.
        response.socket?.end(() => response.destroy());
      } else if (!more) {
        stream.pause();
        response.once('drain', () => stream.resume());
      }
    });
    stream.on('end', () => response.end());
    response.on('close', () => stream.destroy());
  }
}

function describe(file: string): Entry {
  const { size } = statSync(file);
  const lfs = file.endsWith('.safetensors') || size > 1e6;
  const sha256 = createHash('sha256');
  const gitSha1 = createHash('sha1').update(`blob ${size}\0`);
  const descriptor = openSync(file, 'r');
  const piece = Buffer.alloc(1 << 20);
  for (let count = readSync(descriptor, piece); count > 0; count = readSync(descriptor, piece)) {
    sha256.update(piece.subarray(0, count));
    gitSha1.update(piece.subarray(0, count));
  }
  closeSync(descriptor);
  return { file, size, lfs, sha256: sha256.digest('hex'), gitSha1: gitSha1.digest('hex') };
}

function json(response: ServerResponse, value: unknown): undefined {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, code: string, message: string): undefined {
  response.writeHead(status, {
    ...(code ? { 'x-error-code': code } : {}),
    'x-error-message': message,
    'content-type': 'application/json',
  });
  response.end(JSON.stringify({ error: message }));
}
