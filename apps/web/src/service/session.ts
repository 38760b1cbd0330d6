import { create } from 'zustand';

const place = 'retone.key';
const tokenPlace = 'retone.token';

/** The token in the URL that the service prints: it goes on with this tab, and not into bookmarks. */
function takeToken(): string {
  const url = new URL(location.href);
  const token = url.searchParams.get('token');
  if (token === null) return sessionStorage.getItem(tokenPlace) ?? '';
  sessionStorage.setItem(tokenPlace, token);
  url.searchParams.delete('token');
  history.replaceState(null, '', url);
  return token;
}

const token = takeToken();

interface Session {
  key: string | undefined;
  /** Why the musician is asked for a key; undefined while none is wanted. */
  wanted: string | undefined;
}

/** The key that the page works with, and whether it has to ask for one. */
export const useSession = create<Session>(() => ({
  key: localStorage.getItem(place) ?? undefined,
  wanted: undefined,
}));

let asking: Promise<string | undefined> | undefined;

/** The key at hand, or one from the service, which gives it to a page that was opened by the URL that it printed. */
async function keyAtHand(): Promise<string | undefined> {
  const { key } = useSession.getState();
  if (key) return key;
  asking ??= askService().finally(() => {
    asking = undefined;
  });
  return asking;
}

/** The key at hand. @throws if there is none: a dialog that opens by itself would cover the page of a new visitor */
export async function quietKey(): Promise<string> {
  const key = await keyAtHand();
  if (!key) throw new Error('this page has no key yet');
  return key;
}

/** The key at hand, or the one that the musician gives when asked. */
export async function sessionKey(): Promise<string> {
  return (
    (await keyAtHand()) ?? new Promise<string>((resolve) => askPerson('This service asks for an API key.', resolve))
  );
}

async function askService(): Promise<string | undefined> {
  const answer = await fetch('playground/session', { method: 'POST', headers: { 'x-retone-token': token } });
  if (!answer.ok) return undefined;
  const { data } = (await answer.json()) as { data: { key: string } };
  takeKey(data.key);
  return data.key;
}

function askPerson(why: string, resolve: (key: string) => void): void {
  useSession.setState({ wanted: why });
  const stop = useSession.subscribe(({ key }) => {
    if (!key) return;
    stop();
    resolve(key);
  });
}

export function takeKey(key: string): void {
  localStorage.setItem(place, key);
  useSession.setState({ key, wanted: undefined });
}

/** Drops a key that the service no longer takes. */
export function dropKey(key: string): void {
  if (useSession.getState().key !== key) return;
  localStorage.removeItem(place);
  useSession.setState({ key: undefined });
}
