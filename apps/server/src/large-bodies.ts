import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, retryAfter } from './envelope.ts';

/** Bytes of a body that any request may have. */
const small = 1024 * 1024;
/** Large bodies that one account may send at once, and all accounts together: each is in memory until its task is made. */
const ofAccount = 4;
const ofAll = 8;

/** Keeps the memory that large bodies take within bounds, whoever sends them. */
export class LargeBodies {
  readonly #open = new Map<string, number>();
  readonly #admitted = new WeakSet<FastifyRequest>();
  #all = 0;

  /** A hook for routes that take large bodies. */
  readonly admit = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    if (encoding === undefined && Number(length ?? 0) <= small) return;
    const { id } = request.account;
    const own = this.#open.get(id) ?? 0;
    if (own >= ofAccount) {
      const message = `an account may send at most ${ofAccount} recordings inside requests at once; upload them instead`;
      throw new ApiError('too_many_bodies', message, retryAfter(5));
    }
    if (this.#all >= ofAll) {
      throw new ApiError('busy', 'too many recordings arrive inside requests; try again later', retryAfter(5));
    }
    this.#open.set(id, own + 1);
    this.#all++;
    this.#admitted.add(request);
    reply.raw.once('close', () => this.release(request));
  };

  /** Notes that a request's body is no longer in memory. */
  release(request: FastifyRequest): void {
    if (!this.#admitted.delete(request)) return;
    const { id } = request.account;
    this.#all--;
    const left = this.#open.get(id)! - 1;
    if (left > 0) this.#open.set(id, left);
    else this.#open.delete(id);
  }
}
