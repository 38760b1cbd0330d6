import { HubError, Passing } from './errors.ts';
import { type Asked, refusal } from './refusals.ts';
import { retrying } from './retrying.ts';
import { readToken, type Token } from './token.ts';

/** A hash that the hub gives for a file: of its content (large files), or of a git blob with it (small ones). */
export interface Digest {
  kind: 'sha256' | 'git-sha1';
  hex: string;
}

/** A file of a repository at a commit. */
export interface RemoteFile {
  repository: string;
  commit: string;
  path: string;
  /** Bytes. */
  size: number;
  digest: Digest;
}

/** A repository at a commit. */
export interface Repository {
  name: string;
  commit: string;
  /** By path. */
  files: ReadonlyMap<string, RemoteFile>;
}

/** Longest wait for the beginning of an answer, in milliseconds. */
const answerTimeout = 30_000;

/**
 * Hugging Face's hub, or a mirror of it. `@huggingface/hub` asks for commits and lists of files; it neither resumes a
 * download nor checks one, so bytes are read here, by ranges, and checked in `download.ts`.
 */
export class Hub {
  /** Without a slash at its end. */
  readonly url: string;
  readonly #token: Token | undefined;
  readonly #firstWaitMs: number;

  /** @param options.firstWaitMs wait before a second try, in milliseconds */
  constructor(url: string, token: Token | undefined, { firstWaitMs = 1000 } = {}) {
    this.url = url.replace(/\/+$/, '');
    this.#token = token;
    this.#firstWaitMs = firstWaitMs;
  }

  /** The hub that the environment names (`HF_ENDPOINT`), with the user's token. */
  static fromEnvironment(environment: NodeJS.ProcessEnv = process.env): Hub {
    const url = environment.HF_ENDPOINT?.trim() || 'https://huggingface.co';
    if (!URL.canParse(url) || !/^https?:/i.test(url)) {
      throw new HubError('unreachable', `HF_ENDPOINT must be a URL such as https://huggingface.co (got "${url}")`);
    }
    return new Hub(url, readToken(environment));
  }

  /**
   * The commit that a revision is, and what files it has.
   *
   * @throws HubError when there is none, or it may not be read
   */
  async repository(name: string, revision = 'main', signal?: AbortSignal): Promise<Repository> {
    if (!/^[\w][\w.-]*\/[\w][\w.-]*$/.test(name)) {
      throw new HubError('unknown-model', `a repository must be owner/name (got "${name}")`);
    }
    return this.retrying(async () => {
      // Large, and of use to those alone who pull.
      const { listFiles, modelInfo } = await import('@huggingface/hub');
      const ask = this.#asking({ hub: this.url, repository: name, revision, token: this.#token }, signal);
      const asked = { name, revision, additionalFields: ['sha'] as 'sha'[], hubUrl: this.url, fetch: ask };
      const { sha: commit } = await modelInfo(asked).catch((error) => {
        // Not JSON, whatever its type says.
        throw error instanceof SyntaxError ? notTheHub(this.url) : error;
      });
      const files = new Map<string, RemoteFile>();
      const listed = listFiles({ repo: name, revision: commit, recursive: true, hubUrl: this.url, fetch: ask });
      for await (const { type, path, size, oid, lfs } of listed) {
        if (type !== 'file') continue;
        const digest = lfs ? ({ kind: 'sha256', hex: lfs.oid } as const) : ({ kind: 'git-sha1', hex: oid! } as const);
        files.set(path, { repository: name, commit, path, size: lfs?.size ?? size, digest });
      }
      return { name, commit, files };
    }, signal);
  }

  /** {@link retrying} with this hub's patience. */
  retrying<Result>(work: (progressed: () => void) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    return retrying(work, { firstWaitMs: this.#firstWaitMs, signal });
  }

  /**
   * A file's bytes from an offset on. The answer's `status` is 206, or 200 when the server sends the whole file anyway.
   *
   * @throws HubError when it may not be read
   */
  async read({ repository, commit, path }: RemoteFile, offset: number, signal?: AbortSignal): Promise<Response> {
    const ask = this.#asking({ hub: this.url, repository, revision: commit, token: this.#token }, signal);
    const inner = path.split('/').map(encodeURIComponent).join('/');
    // Ranges count the bytes of the file, not those of a compressed form of it.
    const headers = { 'accept-encoding': 'identity', ...(offset > 0 ? { range: `bytes=${offset}-` } : {}) };
    return ask(`${this.url}/${repository}/resolve/${commit}/${inner}`, { headers });
  }

  /** `fetch` with the token, a time limit for the beginning of the answer, and refusals explained. */
  #asking(asked: Asked, signal: AbortSignal | undefined): typeof fetch {
    return async (url, init) => {
      // A wish of the user's that other tools for these models keep too.
      if (/^(1|on|yes|true)$/i.test(process.env.HF_HUB_OFFLINE?.trim() ?? ''))
        throw new HubError('unreachable', 'HF_HUB_OFFLINE is set, so nothing is fetched; unset it to pull a model');
      const headers = new Headers(init?.headers);
      headers.set('user-agent', 'retone');
      // For redirects to other hosts, where large files are, fetch itself drops this header.
      if (this.#token) headers.set('authorization', `Bearer ${this.#token.value}`);
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(new Error(`no answer in ${answerTimeout / 1000} s`)), answerTimeout);
      const signals = [late.signal, ...(signal ? [signal] : [])];
      let response: Response;
      try {
        response = await fetch(url, { ...init, headers, signal: AbortSignal.any(signals) });
      } catch (error) {
        signal?.throwIfAborted();
        throw new Passing('unreachable', `${this.url} cannot be reached: ${reasonOf(error)}`, { cause: error });
      } finally {
        clearTimeout(timer);
      }
      if (response.ok && !isPage(response)) return response;
      await response.body?.cancel();
      if (response.ok) throw notTheHub(this.url);
      throw refusal(response, asked);
    };
  }
}

/** Whether an answer is a web page, which the hub gives for nothing that is asked here. */
function isPage(response: Response): boolean {
  return /^text\/html/i.test(response.headers.get('content-type') ?? '');
}

function notTheHub(url: string): HubError {
  return new HubError(
    'bad-answer',
    `a web page came that is not the hub's answer from ${url}; a captive portal or a proxy may want a login first`,
  );
}

/** The cause of a `fetch` error, whose own message says only that it failed. */
export function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  const inner = cause as { code?: string; message?: string } | undefined;
  return inner?.message || inner?.code || message;
}
