import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hub, HubError, type PullOptions, pull } from '@retone/hub';
import { afterEach, beforeEach, vi } from 'vitest';
import { HubServer } from './hub-server.ts';
import { Workplace } from './workplace.ts';

// A hub with one small model, and a folder of installed ones, for each test.

export const name = 'someone/small';
export const weights = 'model.safetensors';
export let place: Workplace;
export let server: HubServer;
/** The folder of the published model. */
export let published: string;

beforeEach(async () => {
  place = new Workplace();
  server = await HubServer.start();
  published = place.checkpoint('small', undefined, { LICENSE: 'as is', 'README.md': 'read me' });
  server.publish(name, published);
  vi.stubEnv('RETONE_MODELS', place.models);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
  place.remove();
});

export const get = (model = name, { token, ...options }: Partial<PullOptions> & { token?: string } = {}) => {
  const hub = new Hub(server.url, token === undefined ? undefined : { value: token, source: 'HF_TOKEN' }, {
    firstWaitMs: 1,
  });
  return pull(model, { models: place.models, hub, ...options });
};
export const failure = (model?: string, options?: Parameters<typeof get>[1]): Promise<HubError> =>
  get(model, options).then(
    () => Promise.reject(new Error('it was installed')),
    (error) => (error instanceof HubError ? error : Promise.reject(error)),
  );
export const installed = () => readdirSync(place.models).filter((entry) => !entry.startsWith('.'));
export const folder = () => join(place.models, 'small');
export const fetchedOf = (path: string) => server.log.filter((line) => line.startsWith('CDN') && line.includes(path));
export const sameAsPublished = (path: string) =>
  readFileSync(join(folder(), path)).equals(readFileSync(join(published, path)));
