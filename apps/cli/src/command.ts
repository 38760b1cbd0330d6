import type { Flags } from './arguments.ts';

/** A command of `retone`. */
export interface Command {
  summary: string;
  /** What follows the command's name in the help text; a function where that is long in the making. */
  usage: string | (() => Promise<string>);
  flags: Flags;
  run(args: string[], signal: AbortSignal): Promise<void>;
}
