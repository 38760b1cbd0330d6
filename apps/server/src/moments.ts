import { z } from 'zod';

const form =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;
/** The range of times that the database can hold, within four-digit years of ISO 8601. */
const earliest = Date.parse('0001-01-01T00:00:00Z');
const latest = Date.parse('9999-12-31T23:59:59.999Z');

/** A time that a text in ISO 8601 names; undefined where it names none. Without an offset it is UTC; a day is its beginning. */
function parseMoment(text: string): Date | undefined {
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '0', offset = 'Z'] =
    form.exec(text.trim()) ?? [];
  if (year === undefined) return undefined;
  const [, sign, hours = '00', minutes = '00'] = /^([+-])(\d\d):?(\d\d)?$/.exec(offset) ?? [];
  const milliseconds = fraction.padEnd(3, '0').slice(0, 3);
  const zone = sign === undefined ? 'Z' : `${sign}${hours}:${minutes}`;
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${milliseconds}${zone}`);
  // Date takes 31 February for 3 March.
  const isDay = new Date(`${year}-${month}-${day}T00:00:00Z`).getUTCDate() === Number(day);
  if (Number.isNaN(date.getTime()) || !isDay) return undefined;
  return new Date(Math.min(Math.max(date.getTime(), earliest), latest));
}

/** A time in ISO 8601, as far as clients write it. */
export const moment = z
  .string()
  .transform((text, context) => {
    const date = parseMoment(text);
    if (date) return date;
    context.addIssue('a time in ISO 8601, such as 2026-11-22T19:18:27Z');
    return z.NEVER;
  })
  .meta({ description: 'ISO 8601; UTC where it has no offset.', examples: ['2026-11-22T19:18:27Z'] });
