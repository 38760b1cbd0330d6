import { create } from 'zustand';
import { service } from './client.ts';

/** What the account has, in US dollars. */
export const useBalance = create<{ balance: number | undefined }>(() => ({ balance: undefined }));

export async function refreshBalance(): Promise<void> {
  const answer = await service.balance().catch(() => undefined);
  if (answer) useBalance.setState({ balance: answer.balance });
}
