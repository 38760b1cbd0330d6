import type { Run } from '../state/bench.ts';
import { verbs } from '../state/verbs.ts';

/** What a result is called: its own name, or its prompt. */
export function titleOf({ name, input, verb, number }: Run): string {
  return name || String(input.prompt ?? '').trim() || `${verbs[verb].title} ${number}`;
}
