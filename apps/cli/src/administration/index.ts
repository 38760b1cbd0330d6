import { isLocked } from '@retone/database';
import { readSettings, Service } from '@retone/server';
import { accounts } from './accounts.ts';
import { backup } from './backup.ts';
import type { AdministrationCommand } from './context.ts';
import { doctor } from './doctor.ts';
import { keys } from './keys.ts';
import { sendCommand } from './socket.ts';
import { tasks } from './tasks.ts';

/** The commands of administrators. */
export const administration: Record<string, AdministrationCommand> = { keys, accounts, tasks, doctor, backup };

/** Carries out a command on the service's database: in the service itself where that has it open for itself. */
export async function administer(name: string, args: string[]): Promise<void> {
  const settings = readSettings(process.env);
  const print = (line: string) => console.log(line);
  const quiet = { info() {}, warn() {}, error() {} };
  let service: Service;
  try {
    service = await Service.open(settings, { log: quiet });
  } catch (error) {
    if (isLocked(error) && (await sendCommand(settings.RETONE_DATA, name, args, print))) return;
    throw error;
  }
  try {
    await administration[name]!({ service, print }, args);
  } finally {
    await service.close(0);
  }
}
