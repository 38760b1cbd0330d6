import { HubError, Passing } from './errors.ts';
import type { Token } from './token.ts';

/** The request, for the message. */
export interface Asked {
  hub: string;
  repository: string;
  revision: string;
  token: Token | undefined;
}

/**
 * Explains a refused request and what to do. The hub distinguishes gated, private and absent repositories by
 * `X-Error-Code` beside the status; without a token, the status is 401 for all three.
 */
export function refusal(response: Response, { hub, repository, revision, token }: Asked): HubError {
  const { status } = response;
  const reason = response.headers.get('x-error-code') ?? '';
  const said = (response.headers.get('x-error-message') ?? '').slice(0, 300);
  const page = `${hub}/${repository}`;
  const tokens = `${hub}/settings/tokens`;
  const tokenKind = 'of type "Read", or fine-grained with read access to public gated repositories';
  if (status === 401 && token) {
    return new HubError(
      'bad-token',
      `${hub} does not accept the access token from ${token.source}: it was revoked, has expired, or is misspelt. ` +
        `Make a new one at ${tokens} (${tokenKind}) and set HF_TOKEN to it`,
    );
  }
  if (status === 401 && reason === 'GatedRepo') {
    return new HubError(
      'gated',
      `${repository} is gated: accept its licence at ${page} when logged in, make an access token at ${tokens} ` +
        `(${tokenKind}), set HF_TOKEN to it, and pull again`,
    );
  }
  if (status === 401) {
    return new HubError(
      'not-found',
      `there is no public repository "${repository}" at ${hub}; for a private one, set HF_TOKEN to a token from ${tokens}`,
    );
  }
  if (status === 403 && /fine-grained/i.test(said)) {
    return new HubError(
      'gated',
      `the access token from ${token?.source ?? 'nowhere'} may not read gated repositories such as ${repository}: ` +
        `allow it "Read access to contents of all public gated repos" at ${tokens}, and pull again`,
    );
  }
  if (status === 403 && reason === 'GatedRepo') {
    return new HubError(
      'gated',
      `the account of the access token from ${token?.source ?? 'nowhere'} has not been given access to ${repository}: ` +
        `accept its licence at ${page} (some owners answer by hand, which takes a while), and pull again`,
    );
  }
  if (status === 403) return new HubError('forbidden', `${hub} refuses access to ${repository}${said && `: ${said}`}`);
  if (status === 404 && reason === 'RevisionNotFound')
    return new HubError('not-found', `${repository} has no revision "${revision}"; see ${page}/tree/main`);
  if (status === 404) return new HubError('not-found', `there is no repository "${repository}" at ${hub}`);
  if (status === 429) {
    const seconds = Number(response.headers.get('retry-after'));
    return new Passing('rate-limited', `${hub} has had too many requests from here; try again later`, {
      waitMs: seconds > 0 ? seconds * 1000 : undefined,
    });
  }
  if (status >= 500) return new Passing('unreachable', `${hub} answers with an error, ${status}; try again later`);
  return new HubError('bad-answer', `${hub} answers ${status} where ${repository} was expected${said && `: ${said}`}`);
}
