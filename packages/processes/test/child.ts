import { endWithParent } from '../src/index.ts';

endWithParent();
setInterval(() => {}, 60_000);
process.send!('running');
