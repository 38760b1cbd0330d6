import { Hub, pull } from '@retone/hub';

// A process to kill: pulls a model from the hub at a URL into a folder.

const [url, models, model] = process.argv.slice(2) as [string, string, string];
await pull(model, { models, hub: new Hub(url, undefined) });
