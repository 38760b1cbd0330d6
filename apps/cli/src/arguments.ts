import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/** A command line that cannot be understood; the message says what would be right. */
export class UsageError extends Error {}

interface Flag {
  type: 'string' | 'number' | 'boolean' | 'list' | 'region' | 'levels' | 'adapter';
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

/** Noise levels. */
export interface Levels {
  from: number;
  to: number;
}

/** An adapter's file or folder, how strongly it counts, and at which noise levels. */
export interface AdapterFile {
  path: string;
  strength: number;
  range?: Levels;
}

type FlagValue<F extends Flag> = F['type'] extends 'number'
  ? number
  : F['type'] extends 'boolean'
    ? boolean
    : F['type'] extends 'region'
      ? Region[]
      : F['type'] extends 'levels'
        ? Levels
        : F['type'] extends 'adapter'
          ? AdapterFile[]
          : F['type'] extends 'list'
            ? string[]
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
  if (flag.type === 'levels') return toLevels(name, value as string);
  if (flag.type === 'adapter') return (value as string[]).map((text) => toAdapter(name, text));
  return value;
}

function toNumber(name: string, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new UsageError(`--${name} must be a number (got "${text}")`);
}

function toRegion(name: string, text: string): Region {
  const match = /^\s*(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)\s*$/.exec(text);
  if (match) return { start: Number(match[1]), end: Number(match[2]) };
  throw new UsageError(`--${name} must be seconds from-to, such as 2.5-4 (got "${text}")`);
}

function toLevels(name: string, text: string): Levels {
  const match = /^\s*([\d.]+)\s*-\s*([\d.]+)\s*$/.exec(text);
  const [from, to] = [Number(match?.[1]), Number(match?.[2])];
  if (from >= 0 && from < to && to <= 1) return { from, to };
  throw new UsageError(
    `--${name} must be noise levels from-to between 0 and 1, the lower one first, such as 0.2-0.8 (got "${text}")`,
  );
}

/** "cello.safetensors:0.8@0.5-1"; a path may have colons itself, and strength and noise levels be left out. */
function toAdapter(name: string, text: string): AdapterFile {
  const [, path, strength, levels] = /^(.+?)(?::([^:/\\@]*)(?:@([^:/\\@]*))?)?$/s.exec(text) ?? [];
  if (path === undefined || strength === '')
    throw new UsageError(`--${name} must be file:strength or file:strength@from-to (got "${text}")`);
  const adapter = { path, strength: strength === undefined ? 1 : toNumber(`${name} ${path}`, strength) };
  return levels === undefined ? adapter : { ...adapter, range: toLevels(`${name} ${path}`, levels) };
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
