import { parse, UsageError } from '../arguments.ts';
import { accountId } from './accounts.ts';
import { type Administration, by } from './context.ts';
import { keyFlags } from './flags.ts';

/** `retone keys create | list | revoke` */
export async function keys({ service, print }: Administration, args: string[]): Promise<void> {
  const { values, positionals } = parse(args, keyFlags);
  const [verb, id] = positionals;
  if (verb === 'create') {
    const { key } = await service.keys.create(await accountId(service, values.account), values.name ?? 'unnamed', by);
    print(`The key is shown this once:\n\n  ${key}\n`);
  } else if (verb === 'list') {
    for (const key of await service.keys.list(values.account)) {
      const used = key.lastUsedAt ? `used ${key.lastUsedAt.toISOString()}` : 'never used';
      print(`${key.id}  ${key.prefix}…  ${key.name}  ${key.revokedAt ? 'revoked' : used}`);
    }
  } else if (verb === 'revoke' && id) {
    await service.keys.revoke(id, by);
    print(`${id} is revoked`);
  } else throw new UsageError('keys takes create, list, or revoke with a key id');
}
