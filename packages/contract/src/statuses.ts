/** The statuses of a task, in the order in which a task passes through them. The last three are final. */
export const taskStatuses = ['created', 'processing', 'completed', 'failed', 'cancelled'] as const;
export type TaskStatus = (typeof taskStatuses)[number];

/** Whether a task of this status will not change any more. */
export function isEnded(status: TaskStatus): boolean {
  return status !== 'created' && status !== 'processing';
}

/** The states of a webhook delivery; `failed` means that delivery was given up. */
export const webhookStates = ['waiting', 'delivered', 'failed'] as const;

/** The stages of a task that is being processed. */
export const stages = ['text', 'encode', 'sample', 'decode'] as const;
