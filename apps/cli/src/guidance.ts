import { CheckpointError, parseSamplingShift } from '@retone/checkpoint';
import { type Controls, unconditionals } from '@retone/engine';
import { type Flags, UsageError, type Values } from './arguments.ts';

/** Flags that decide how guidance acts, and how noise levels are spread over the steps. */
export const guidanceFlags = {
  'apg-scale': {
    type: 'number',
    value: '0-1',
    help: "how much of guidance's part along the sound itself is dropped; default 1; 0: plain guidance",
  },
  'guidance-rescale': { type: 'number', value: '0-1', help: 'how far guidance keeps the level without it; default 0' },
  'guidance-interval': {
    type: 'levels',
    value: 'from-to',
    help: 'noise levels at which guidance applies, 1 (first step) to 0 (last); default 0-1',
  },
  'guidance-norm-threshold': {
    type: 'number',
    help: 'bounds what guidance adds per unit of its scale; default: no bound',
  },
  unconditional: {
    type: 'string',
    value: 'kind',
    help: `${unconditionals.join(' or ')}: what guidance leads away from without a negative prompt; default zeros`,
  },
  shift: {
    type: 'string',
    value: 'kind:key=value,...',
    help: "how noise levels are spread over the steps: none, flux, full or logsnr, with the keys of model_config.json; default: the model's own",
  },
} satisfies Flags;

/** Engine options of these flags. @throws UsageError */
export function guidanceOptions(values: Values<typeof guidanceFlags>): Partial<Controls> {
  const given = values.unconditional;
  const unconditional = unconditionals.find((kind) => kind === given);
  if (given !== undefined && unconditional === undefined)
    throw new UsageError(`--unconditional must be ${unconditionals.join(' or ')} (got "${given}")`);
  return {
    apgScale: values['apg-scale'],
    guidanceRescale: values['guidance-rescale'],
    guidanceInterval: values['guidance-interval'],
    guidanceNormThreshold: values['guidance-norm-threshold'],
    unconditional,
    shift: values.shift === undefined ? undefined : shiftOf(values.shift),
  };
}

/** "logsnr:rate=0,logsnr_end=2" */
function shiftOf(text: string): Controls['shift'] {
  const [, type, rest = ''] = /^(\w+)(?::(.*))?$/.exec(text) ?? [];
  const pairs = rest
    .split(',')
    .filter(Boolean)
    .map((pair) => /^(\w+)=(.+)$/.exec(pair.trim()));
  if (type === undefined || pairs.some((pair) => pair === null))
    throw new UsageError(`--shift must be kind:key=value,..., such as logsnr:rate=0,logsnr_end=2 (got "${text}")`);
  try {
    // Values are numbers, and true or false; the schema says which.
    const shift = parseSamplingShift({
      type,
      ...Object.fromEntries(pairs.map((pair) => [pair![1], parsed(pair![2]!)])),
    });
    const known = Object.keys(parseSamplingShift({ type }) ?? {});
    const stranger = pairs.find((pair) => !known.includes(pair![1]!))?.[1];
    if (stranger !== undefined)
      throw new UsageError(`--shift ${type} has no key ${stranger}; it has ${known.slice(1).join(', ') || 'none'}`);
    return shift;
  } catch (error) {
    throw error instanceof CheckpointError ? new UsageError(error.message) : error;
  }
}

function parsed(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return Number.isNaN(Number(text)) ? text : Number(text);
}
