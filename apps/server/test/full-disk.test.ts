import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { smallDisk } from '@retone/database/testing';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Running, startService } from './service.ts';
import { StubEngine } from './stub-engine.ts';

const disk = smallDisk(800);
if (!disk) console.warn('skipped: full disks, which only root on Linux can mount');
afterAll(() => disk?.close());

const music = '/api/v3/stability-ai/stable-audio-3/music';
const fromAudio = '/api/v3/stability-ai/stable-audio-3/audio-to-audio';
const recording = { prompt: 'x', audio: Buffer.alloc(1000).toString('base64') };

describe.skipIf(!disk)('while the disk is full', () => {
  let running: Running;
  beforeEach(async () => {
    running = await startService({
      engine: new StubEngine(),
      settings: { RETONE_DATA: mkdtempSync(join(disk!.folder, 'data-')), RETONE_TASKS_AT_ONCE: '10' },
      events: { info() {}, warn() {}, error() {} },
    });
  });
  afterEach(async () => {
    disk!.empty();
    await running.close();
  });

  const refused = ({ status, headers, body }: Awaited<ReturnType<Running['call']>>) => {
    expect([status, body.error_code, body.message]).toEqual([503, 'disk_full', expect.stringContaining('is full')]);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  };
  const submit = async () => (await running.call('POST', music, { prompt: 'x' })).body.data.id as string;
  const task = async (id: string) => (await running.service.tasks.get(id))!;
  const completed = (id: string) => expect.poll(async () => (await task(id)).status).toBe('completed');

  test('of files, tasks wait for room, recordings are refused, and tasks can be deleted', async () => {
    const old = await submit();
    await completed(old);
    disk!.fill(150e6);
    refused(await running.call('POST', fromAudio, recording));
    const ids = [await submit(), await submit()];
    await expect.poll(async () => (await task(ids[0]!)).attempts).toBeGreaterThan(0);
    expect((await running.call('DELETE', `/api/v3/predictions/${old}`)).status).toBe(200);
    expect((await running.call('GET', `/api/v3/predictions/${old}`)).status).toBe(404);
    disk!.empty();
    for (const id of ids) {
      await completed(id);
      expect(await task(id)).toMatchObject({ failedTries: 0, error: '' });
    }
    expect(await running.service.ledger.openHolds()).toEqual([]);
  });

  test('of the database too, requests that write are refused, the others answered, and nothing is lost', async () => {
    const before = await submit();
    await completed(before);
    // A key that no request came with yet, and one of an account that has not asked in this minute.
    const other = await running.newAccount();
    disk!.fill(0);
    for (let i = 0; i < 20; i++) {
      await expect.poll(async () => (await running.call('POST', music, { prompt: 'x' })).status).toBe(503);
    }
    refused(await running.call('POST', music, { prompt: 'x' }));
    refused(await running.call('POST', fromAudio, recording));
    expect((await running.call('GET', `/api/v3/predictions/${before}`)).body.data.status).toBe('completed');
    expect((await running.call('POST', '/api/v3/predictions', {})).body.data.total).toBe(1);
    expect((await other.call('GET', '/api/v3/balance')).status).toBe(200);
    for (const path of ['/healthz', '/metrics']) expect((await fetch(running.url + path)).status).toBe(200);
    disk!.empty();
    await expect.poll(async () => (await running.call('POST', music, { prompt: 'x' })).status).toBe(200);
    await expect
      .poll(async () => (await running.call('GET', '/api/v3/predictions?status=completed')).body.data.total)
      .toBe(2);
    expect(await running.service.ledger.openHolds()).toEqual([]);
    expect(await running.service.ledger.wrongBalances()).toEqual([]);
  });
});
