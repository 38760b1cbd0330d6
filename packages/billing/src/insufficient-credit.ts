import { BillingError } from './errors.ts';
import { dollarText } from './money.ts';

/** A task costs more than the account has. Amounts in micro-dollars. */
export class InsufficientCredit extends BillingError {
  readonly balance: number;
  readonly price: number;

  constructor(balance: number, price: number) {
    super(
      'insufficient-credit',
      `insufficient credit: this costs ${dollarText(price)} and the account has ${dollarText(balance)}`,
    );
    this.name = 'InsufficientCredit';
    this.balance = balance;
    this.price = price;
  }
}
