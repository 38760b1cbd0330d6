import { isEnded, type TaskEvent } from '@retone/contract';
import type { Task, Tasks } from '@retone/jobs';

/** An estimate from the time that the finished part took; null while that is too little to judge by. */
function secondsLeft({ status, progress, startedAt }: Task): number | null {
  if (status !== 'processing' || !startedAt || !progress || progress.fraction < 0.05) return null;
  const elapsed = (Date.now() - startedAt.getTime()) / 1000;
  return Math.ceil((elapsed * (1 - progress.fraction)) / progress.fraction);
}

/** Follows tasks for clients that wait for them. */
export class TaskWatcher {
  readonly #tasks: Tasks;
  readonly #watchers = new Map<string, Set<() => void>>();

  constructor(tasks: Tasks) {
    this.#tasks = tasks;
  }

  /** Notifies the watchers of a task that it has changed. */
  wake(id: string): void {
    for (const wake of this.#watchers.get(id) ?? []) wake();
  }

  /** Waits until a task has ended, or the signal is aborted. */
  async ended(id: string, signal: AbortSignal): Promise<void> {
    for await (const event of this.watch(id, signal, 1000)) if (isEnded(event.status)) return;
  }

  /**
   * The states of a task until it has ended or the signal is aborted: the present one, every change, and one every
   * `interval` milliseconds, since notifications can be lost.
   */
  async *watch(id: string, signal: AbortSignal, interval: number): AsyncGenerator<TaskEvent> {
    let wake = () => {};
    const notify = () => wake();
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers.add(notify));
    signal.addEventListener('abort', notify);
    try {
      while (!signal.aborted) {
        const changed = new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, interval);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        const task = await this.#tasks.get(id);
        if (!task) return;
        const { status, progress, error, errorCode: error_code } = task;
        const ahead = status === 'created' ? await this.#tasks.countAhead(id) : null;
        yield { status, progress, error, error_code, tasks_ahead: ahead, seconds_left: secondsLeft(task) };
        if (isEnded(task.status)) return;
        await changed;
      }
    } finally {
      wake();
      signal.removeEventListener('abort', notify);
      watchers.delete(notify);
      if (watchers.size === 0) this.#watchers.delete(id);
    }
  }
}
