import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MutableRoute, SmallDisk, TestServer } from '@retone/database/testing';
import type { S3Fault, S3Stub } from '@retone/storage/testing';
import type { ServiceProcess } from './process.ts';
import type { Receiver } from './receiver.ts';

/** The target of faults. */
export interface Target {
  parts: ServiceProcess[];
  /** The data folder, by which the processes of this service are known. */
  folder: string;
  receiver: Receiver;
  /** Numbers in [0, 1). */
  random: () => number;
  database?: { server: TestServer; route: MutableRoute };
  s3?: S3Stub;
  /** The disk of the data folder, where it is one that can be filled. */
  disk?: SmallDisk | undefined;
}

/** A fault, which is over when the promise resolves. Undefined if it does not apply to this target. */
export type Fault = (target: Target) => Promise<void> | undefined;

/** Milliseconds that an outage lasts, about. */
const outage = ({ random }: Target) => sleep(1000 + 4000 * random());

/** Process ids of the service whose command line matches. */
function processes(folder: string, line: RegExp): number[] {
  return readdirSync('/proc')
    .filter((id) => /^\d+$/.test(id) && Number(id) !== process.pid)
    .map(Number)
    .filter((id) => {
      try {
        const isOurs = readFileSync(`/proc/${id}/environ`, 'utf8').includes(`RETONE_DATA=${folder}`);
        return isOurs && line.test(readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' '));
      } catch {
        return false; // it has ended
      }
    });
}

function pick<Item>({ random }: Target, items: readonly Item[]): Item | undefined {
  return items[Math.floor(random() * items.length)];
}

/** Signals one of the processes; it may have ended by now. */
function signal(target: Target, line: RegExp, name: NodeJS.Signals): void {
  const id = pick(target, processes(target.folder, line));
  try {
    if (id !== undefined) process.kill(id, name);
  } catch {
    // It has ended.
  }
}

const engine = /engine-main/;
const codec = /audio\/src\/worker\/main/;

async function storageOutage(target: Target, fault: S3Fault): Promise<void> {
  target.s3!.fault = () => fault;
  await outage(target);
  target.s3!.fault = () => undefined;
}

/** Every fault by its name. */
export const faults: Record<string, Fault> = {
  'a part is killed': async (target) => {
    const part = pick(target, target.parts)!;
    await part.kill();
    await part.start();
  },
  'a part is stopped with SIGTERM': async (target) => {
    const part = pick(target, target.parts)!;
    await part.stop();
    await part.start();
  },
  'an engine is killed': async (target) => signal(target, engine, 'SIGKILL'),
  'a codec is killed': async (target) => signal(target, codec, 'SIGKILL'),
  'an engine hangs': async (target) => signal(target, engine, 'SIGSTOP'),
  'a codec hangs': async (target) => signal(target, codec, 'SIGSTOP'),
  'webhooks are refused': async (target) => {
    target.receiver.refuses = true;
    await outage(target);
    target.receiver.refuses = false;
  },
  'database connections fall silent': (target) => {
    if (!target.database) return undefined;
    target.database.route.mute();
    return sleep(1000);
  },
  'the database is silent': (target) => {
    const { database } = target;
    return (
      database &&
      (async () => {
        database.route.muteAll();
        await outage(target);
        database.route.restore();
      })()
    );
  },
  'the database restarts': (target) => target.database?.server.restart(),
  'S3 fails': (target) => target.s3 && storageOutage(target, 'error'),
  'S3 hangs': (target) => target.s3 && storageOutage(target, 'hang'),
  'S3 breaks off': (target) => target.s3 && storageOutage(target, 'cut'),
  'the disk is full': (target) => {
    const { disk, random } = target;
    return (
      disk &&
      (async () => {
        // For files alone, or for the database too.
        disk.fill(random() < 0.5 ? 150e6 : 0);
        await outage(target);
        disk.empty();
      })()
    );
  },
  // A file where the folder was: the disk of the files is away, and nothing can be written to it.
  'the folder of files is away': (target) => {
    if (target.s3) return undefined;
    return (async () => {
      const path = join(target.folder, 'files');
      renameSync(path, `${path}.away`);
      writeFileSync(path, '');
      await outage(target);
      rmSync(path, { force: true });
      renameSync(`${path}.away`, path);
    })();
  },
};
