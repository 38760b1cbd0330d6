import { BillingError } from './errors.ts';

// Amounts are integers of micro-dollars ($1 = 1,000,000), so that sums are exact.

const perDollar = 1_000_000;

/** Micro-dollars as dollars, for answers in JSON. */
export function dollars(microDollars: number): number {
  return microDollars / perDollar;
}

/** Micro-dollars for people: at least cents, and as many digits more as there are, for example `-$0.0206`. */
export function dollarText(microDollars: number): string {
  const text = (Math.abs(microDollars) / perDollar).toFixed(6).replace(/0{1,4}$/, '');
  return `${microDollars < 0 ? '-' : ''}$${text}`;
}

/**
 * An amount that a person typed, such as `25`, `$0.5` or `-3.25`, in micro-dollars.
 *
 * @throws BillingError `bad-amount` if it is not a number or has more than six decimals
 */
export function microDollars(text: string): number {
  const match = /^(-?)\$?(\d{1,9})(?:\.(\d{1,6}))?$/.exec(text.trim());
  if (!match)
    throw new BillingError(
      'bad-amount',
      `"${text}" is not an amount; give dollars with up to six decimals, such as 12.50`,
    );
  const [, sign, whole, decimals = ''] = match;
  const amount = Number(whole) * perDollar + Number(decimals.padEnd(6, '0'));
  return sign ? -amount : amount;
}
