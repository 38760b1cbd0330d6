import type { Flags } from './arguments.ts';

/** A command of `retone`. */
export interface Command {
  summary: string;
  /** What follows the command's name in the help text. */
  usage: string;
  flags: Flags;
  run(args: string[], signal: AbortSignal): Promise<void>;
}
