import type { Flags } from './arguments.ts';

/** A command of `retone`. */
export interface Command {
  summary: string;
  /** The usage after the command's name in the help text; a function if computing it takes long. */
  usage: string | (() => Promise<string>);
  flags: Flags;
  run(args: string[], signal: AbortSignal): Promise<void>;
}
