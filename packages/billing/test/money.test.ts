import { expect, test } from 'vitest';
import { dollarText, microDollars } from '../src/index.ts';

test.each([
  [0, '$0.00'],
  [1, '$0.000001'],
  [24_000, '$0.024'],
  [20_600, '$0.0206'],
  [500_000, '$0.50'],
  [1_000_000, '$1.00'],
  [10_000_000_000, '$10000.00'],
  [-24_000, '-$0.024'],
  [-0, '$0.00'],
])('%d micro-dollars are shown as %s', (amount, text) => {
  expect(dollarText(amount)).toBe(text);
  expect(microDollars(text)).toBe(amount + 0);
});

test.each([
  ['25', 25_000_000],
  ['0.1', 100_000],
  ['12.50', 12_500_000],
  [' -3.25 ', -3_250_000],
  ['999999999.999999', 999_999_999_999_999],
])('"%s" is %d micro-dollars', (text, amount) => {
  expect(microDollars(text)).toBe(amount);
});

test.each(['', '-', '$', '.5', '1.', '1.0000001', '1e3', '1,000', '0x10', 'NaN', '1 000', '--1', '1234567890'])(
  '"%s" is not an amount',
  (text) => {
    expect(() => microDollars(text)).toThrow(expect.objectContaining({ code: 'bad-amount' }));
  },
);
