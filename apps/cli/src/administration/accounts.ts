import { dollarText, microDollars } from '@retone/billing';
import type { Service } from '@retone/server';
import { parse, UsageError } from '../arguments.ts';
import { type Administration, by } from './context.ts';
import { keyFlags } from './flags.ts';

/** `retone accounts list | create | credit | suspend | resume | rotate-secret` */
export async function accounts({ service, print }: Administration, args: string[]): Promise<void> {
  const { values, positionals } = parse(args, keyFlags);
  const [verb, amount] = positionals;
  const { accounts, ledger } = service;
  const id = () => accountId(service, values.account);
  if (verb === 'list') {
    for (const { id, name, status } of await accounts.list()) {
      print(`${id}  ${name}  ${status}  ${dollarText(await ledger.balance(id))}`);
    }
  } else if (verb === 'create' && values.name !== undefined) {
    print((await accounts.create(values.name, by)).id);
  } else if (verb === 'credit' && amount) {
    await ledger.credit(await id(), microDollars(amount), by);
    print(`${await id()} has ${dollarText(await ledger.balance(await id()))}`);
  } else if (verb === 'suspend' || verb === 'resume') {
    const { status } = await accounts[verb](await id(), by);
    print(`${await id()} is ${status}`);
  } else if (verb === 'rotate-secret') {
    print(await accounts.rotateWebhookSecret(await id(), by));
  } else {
    const verbs = 'list, create with --name, credit with an amount in dollars, suspend, resume, or rotate-secret';
    throw new UsageError(`accounts takes ${verbs}`);
  }
}

/** The account that a command is about. */
export async function accountId({ accounts }: Service, given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  const [first] = await accounts.list();
  if (!first) throw new UsageError('there is no account yet; retone serve makes the first one');
  return first.id;
}
