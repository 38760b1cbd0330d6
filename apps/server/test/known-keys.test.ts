import type { ApiKeys } from '@retone/billing';
import { expect, test } from 'vitest';
import { KnownKeys } from '../src/known-keys.ts';

/** Keys of a database that answers when the test lets it. */
function slowKeys(valid: readonly string[]) {
  const asked: { key: string; answer: () => void }[] = [];
  const keys = {
    authenticate: (key: string) =>
      new Promise((resolve) => {
        const known = valid.includes(key) ? { account: { id: `account of ${key}` }, keyId: key } : undefined;
        asked.push({ key, answer: () => resolve(known) });
      }),
  } as unknown as ApiKeys;
  return { known: new KnownKeys(keys), asked };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('keys never seen are looked up two at a time, and hold up no key that was valid', async () => {
  const { known, asked } = slowKeys(['good']);
  const first = known.authenticate('good');
  await settled();
  asked.splice(0)[0]!.answer();
  expect(await first).toMatchObject({ keyId: 'good' });

  const guesses = Array.from({ length: 50 }, (_, i) => known.authenticate(`guess ${i}`));
  await settled();
  expect(asked.map(({ key }) => key)).toEqual(['guess 0', 'guess 1']);
  // It was revoked, perhaps: it is looked up again, in front of all who guess.
  known.forget('account of good');
  const again = known.authenticate('good');
  await settled();
  expect(asked.at(-1)!.key).toBe('good');
  asked.pop()!.answer();
  expect(await again).toMatchObject({ keyId: 'good' });

  for (let answered = 0; answered < 50; ) {
    expect(asked.length).toBeLessThanOrEqual(2);
    for (const { answer } of asked.splice(0)) {
      answer();
      answered++;
    }
    await settled();
  }
  expect(await Promise.all(guesses)).toEqual(Array(50).fill(undefined));
  // And a wrong key that comes again costs nothing.
  expect(await known.authenticate('guess 7')).toBeUndefined();
  expect(asked).toEqual([]);
});

test('one key that comes often at once is looked up once', async () => {
  const { known, asked } = slowKeys(['good']);
  const answers = Array.from({ length: 20 }, () => known.authenticate('good'));
  await settled();
  expect(asked).toHaveLength(1);
  asked[0]!.answer();
  for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ keyId: 'good' });
});
