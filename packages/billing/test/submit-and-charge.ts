// A process for a test to kill: holds and charges tasks, several at once.
// Arguments: database URL, account.
import { openDatabase } from '@retone/database';
import { Ledger } from '../src/index.ts';

const [url, accountId] = process.argv.slice(2);
const ledger = new Ledger(await openDatabase({ url }));
let next = 0;
await Promise.all(
  Array.from({ length: 8 }, async () => {
    while (next < 190) {
      const task = `task-${next++}`;
      await ledger.hold(accountId!, task, 24_000);
      await ledger.charge(task);
      if (next === 50) console.log('under way');
    }
  }),
);
