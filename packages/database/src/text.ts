import * as array from 'postgres-array';

// Values travel as Postgres's own text. Both drivers have tables of their own for that, which differ in many corners
// (bigint, booleans, dates, arrays); this one replaces them, so that a statement answers the same on both.

/**
 * A statement's parameter as Postgres reads it. Arrays become Postgres arrays and other objects JSON; an array meant for a
 * json column is given as JSON text.
 *
 * @throws RangeError for an invalid Date
 */
export function toText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return `{${value.map(toArrayElement).join(',')}}`;
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

function toArrayElement(value: unknown): string {
  if (Array.isArray(value)) return toText(value)!;
  const text = toText(value);
  return text === null ? 'NULL' : `"${text.replace(/["\\]/g, '\\$&')}"`;
}

type Parser = (text: string) => unknown;

const toBigint: Parser = (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`the bigint ${text} is beyond 2^53: select it as text`);
  return value;
};

const toBytes: Parser = (text) => new Uint8Array(Buffer.from(text.slice(2), 'hex'));

// '2026-11-22 19:18:27.123456+00' is ISO 8601 but for the blank and the missing minutes. Microseconds are cut.
const toDate: Parser = (text) => new Date(text.replace(' ', 'T').replace(/[+-]\d\d$/, '$&:00'));

/** Types by object id (pg_type.oid): the type's own, its array's, and what becomes of a value's text. */
const types: readonly (readonly [type: number, arrayType: number, parse: Parser])[] = [
  [16, 1000, (text) => text === 't'], // boolean
  [17, 1001, toBytes], // bytea
  [20, 1016, toBigint], // bigint
  [21, 1005, Number], // smallint
  [23, 1007, Number], // integer
  [26, 1028, Number], // oid
  [700, 1021, Number], // real
  [701, 1022, Number], // double precision
  [114, 199, JSON.parse], // json
  [3802, 3807, JSON.parse], // jsonb
  [1184, 1185, toDate], // timestamptz
  // Read as they are; listed for their arrays.
  [25, 1009, String], // text
  [1043, 1015, String], // varchar
  [2950, 2951, String], // uuid
  [1700, 1231, String], // numeric
];

/**
 * How each type is read, by object id: numbers as numbers (bigint too, and one beyond 2^53 is an error), timestamptz as
 * Date, json and jsonb parsed, bytea as Uint8Array, arrays as arrays. A type that is not here stays text; so does numeric,
 * which SUM over a bigint column answers: write `SUM(...)::bigint`.
 */
export const parsers: Readonly<Record<number, Parser>> = Object.fromEntries(
  types.flatMap(([type, arrayType, parse]) => [
    [type, parse],
    [arrayType, (text: string) => array.parse(text, (element) => parse(element))],
  ]),
);
