import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/** A command line that cannot be understood; the message says what would be right. */
export class UsageError extends Error {}

interface Flag {
  type: 'string' | 'number' | 'boolean' | 'region' | 'adapter';
  short?: string;
  multiple?: boolean;
  /** How the value is called in the help text. */
  value?: string;
  help: string;
}

export type Flags = Record<string, Flag>;

export interface Region {
  start: number;
  end: number;
}

/** An adapter's file, and how strongly it counts. */
export interface AdapterFile {
  path: string;
  strength: number;
}

type FlagValue<F extends Flag> = F['type'] extends 'number'
  ? number
  : F['type'] extends 'boolean'
    ? boolean
    : F['type'] extends 'region'
      ? Region[]
      : F['type'] extends 'adapter'
        ? AdapterFile[]
        : string;

export type Values<F extends Flags> = { [Name in keyof F]?: FlagValue<F[Name]> };

/**
 * Parses the arguments of a command.
 *
 * @throws UsageError naming the flag at fault
 */
export function parse<F extends Flags>(args: string[], flags: F): { values: Values<F>; positionals: string[] } {
  const options: ParseArgsOptionsConfig = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => {
      const type = flag.type === 'boolean' ? ('boolean' as const) : ('string' as const);
      return [name, { type, multiple: flag.multiple ?? false, ...(flag.short ? { short: flag.short } : {}) }];
    }),
  );
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: joinNegativeNumbers(args, flags), options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0]);
  }
  const values = Object.fromEntries(
    Object.entries(parsed.values).map(([name, value]) => [
      name,
      convert(name, flags[name]!, value as string | boolean | string[]),
    ]),
  );
  return { values: values as Values<F>, positionals: parsed.positionals };
}

/** The help text of a command's flags. */
export function describe(flags: Flags): string {
  const lines = Object.entries(flags).map(([name, flag]) => {
    const value = flag.type === 'boolean' ? '' : ` <${flag.value ?? flag.type}>`;
    return [`${flag.short ? `-${flag.short}, ` : '    '}--${name}${value}`, flag.help] as const;
  });
  const width = Math.max(...lines.map(([left]) => left.length)) + 2;
  return lines.map(([left, help]) => `  ${left.padEnd(width)}${help}`).join('\n');
}

function convert(name: string, flag: Flag, value: string | boolean | string[]): unknown {
  if (flag.type === 'number') return toNumber(name, value as string);
  if (flag.type === 'region') return (value as string[]).map((text) => toRegion(name, text));
  if (flag.type === 'adapter') return (value as string[]).map((text) => toAdapter(name, text));
  return value;
}

function toNumber(name: string, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new UsageError(`--${name} is "${text}"; it takes a number`);
}

function toRegion(name: string, text: string): Region {
  const match = /^\s*(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)\s*$/.exec(text);
  if (match) return { start: Number(match[1]), end: Number(match[2]) };
  throw new UsageError(`--${name} is "${text}"; it takes seconds from-to, such as 2.5-4`);
}

/** "cello.safetensors:0.8"; a path may have colons itself, and the strength be left out. */
function toAdapter(name: string, text: string): AdapterFile {
  const [, path, strength] = /^(.+?)(?::([^:/\\]*))?$/s.exec(text) ?? [];
  if (path === undefined || strength === '') throw new UsageError(`--${name} is "${text}"; it takes file:strength`);
  if (strength === undefined) return { path, strength: 1 };
  return { path, strength: toNumber(`${name} ${path}`, strength) };
}

/** `--seed -1` is a flag and its value, though it looks like two flags; behind `--` nothing is a flag. */
function joinNegativeNumbers(args: string[], flags: Flags): string[] {
  const takesValue = (arg: string | undefined) => {
    const long = Object.entries(flags).find(([name, { short }]) => arg === `--${name}` || arg === `-${short}`);
    return long !== undefined && long[1].type !== 'boolean';
  };
  const joined: string[] = [];
  for (const [i, arg] of args.entries()) {
    if (arg === '--') return [...joined, ...args.slice(i)];
    const previous = joined.at(-1);
    if (/^-\d/.test(arg) && takesValue(previous))
      joined[joined.length - 1] = previous!.startsWith('--') ? `${previous}=${arg}` : `${previous}${arg}`;
    else joined.push(arg);
  }
  return joined;
}
