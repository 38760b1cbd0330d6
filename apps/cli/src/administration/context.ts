import type { Service } from '@retone/server';

/** Context of an administrator's command: the running service's own parts, or those that it opened for itself. */
export interface Administration {
  service: Service;
  /** Prints a line for the person who gave the command. */
  print(line: string): void;
}

/** A command of administrators, as its arguments say. */
export type AdministrationCommand = (context: Administration, args: string[]) => Promise<void>;

/** Who acts, for the audit. */
export const by = 'command line';
