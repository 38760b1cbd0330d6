// Writes into a store until it is killed. Arguments: options of the store, as JSON; what to do.
import { openFileStore } from '@retone/storage';

const store = openFileStore(JSON.parse(process.argv[2]!));
const chunk = new Uint8Array(3 * 2 ** 20);

async function* thatHangs(): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < 4; at++) yield chunk.fill(at);
  process.stdout.write('half\n');
  process.stdin.resume(); // keeps the process alive
  await new Promise(() => {});
}

if (process.argv[3] === 'half') await store.put('tasks/new', thatHangs());
for (let version = 1; ; version++) {
  await store.put('tasks/again', chunk.fill(version));
  process.stdout.write(`${version}\n`);
}
