import type { Flags } from '../arguments.ts';

// Flags of administrators' commands, apart from what carries these out: the help text needs no service.

const account = { type: 'string', value: 'id', help: 'which account; default: the first' } as const;

export const keyFlags = {
  name: { type: 'string', value: 'text', help: 'what the key, or the account, is for' },
  account,
} satisfies Flags;

export const taskFlags = {
  account: { ...account, help: 'only of this account' },
  status: { type: 'string', value: 'status', help: 'only created, processing, completed, failed or cancelled ones' },
  limit: { type: 'number', value: 'count', help: 'how many to list; default: 20' },
} satisfies Flags;
