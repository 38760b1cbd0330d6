import type { TaskResult } from '@retone/contract';
import { create } from 'zustand';
import { deleteResults, resultIds, resultTasks } from '../device/results.ts';
import { service } from '../service/client.ts';
import { problemOf } from '../service/problems.ts';
import { serviceSettings } from '../service/settings.ts';
import type { Problem } from '../shared/problem.ts';
import { change, isShown, useBench } from './bench.ts';
import { did } from './undo.ts';
import type { Verb } from './verbs.ts';

interface History {
  /** All tasks of the account, newest first; undefined until they were read. */
  tasks: TaskResult[] | undefined;
  loading: boolean;
  problem: Problem | undefined;
  // How the view was left: it is found again so.
  words: string;
  verb: Verb | 'all' | 'favourites';
  shown: number;
  chosen: string[];
}

/** Rows that are drawn at once; more come by a button. */
export const pageSize = 50;

export const useHistory = create<History>(() => ({
  tasks: undefined,
  loading: false,
  problem: undefined,
  words: '',
  verb: 'all',
  shown: pageSize,
  chosen: [],
}));

/** Tasks that are deleted when the time for undo is over. They are kept here in case the page closes before. */
const doomedPlace = 'retone.deleting';
const undoTime = 20_000;
const doomed = (): string[] => JSON.parse(localStorage.getItem(doomedPlace) ?? '[]');
const setDoomed = (ids: string[]) => localStorage.setItem(doomedPlace, JSON.stringify(ids));

/** Reads the history, page after page. */
export async function loadHistory(): Promise<void> {
  if (useHistory.getState().loading) return;
  useHistory.setState({ problem: undefined, loading: true });
  try {
    await carryOut(doomed());
    const all = await resultTasks();
    const here = all.length;
    for (let page = 1; !serviceSettings.alone; page++) {
      const { total, items } = await service.history(page);
      all.push(...items);
      if (items.length === 0 || all.length - here >= total) break;
    }
    useHistory.setState({ tasks: all.toSorted((a, b) => b.created_at.localeCompare(a.created_at)) });
  } catch (error) {
    useHistory.setState({ problem: problemOf(error) });
  } finally {
    useHistory.setState({ loading: false });
  }
}

/** Deletes tasks with their files, here, on the bench, and in a while at the service: until then it can be undone. */
export function deleteTasks(tasks: TaskResult[]): void {
  const ids = tasks.map(({ id }) => id);
  const { runs } = useBench.getState();
  const onBench = runs.filter((run) => run.taskId && ids.includes(run.taskId) && isShown(run));
  const before = useHistory.getState().tasks ?? [];
  useHistory.setState({ tasks: before.filter(({ id }) => !ids.includes(id)), chosen: [] });
  for (const { id } of onBench) change('run', id, { removedAt: Date.now() });
  setDoomed([...doomed(), ...ids]);
  const timer = setTimeout(() => {
    carryOut(ids).catch((error) => useHistory.setState({ problem: problemOf(error) }));
  }, undoTime);
  did(tasks.length === 1 ? `Deleted “${tasks[0]!.input.prompt}”` : `Deleted ${tasks.length} results`, () => {
    clearTimeout(timer);
    setDoomed(doomed().filter((id) => !ids.includes(id)));
    for (const { id } of onBench) change('run', id, { removedAt: undefined });
    useHistory.setState({ tasks: before });
    void loadHistory();
  });
}

async function carryOut(ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  const here = await resultIds();
  await deleteResults(ids.filter((id) => here.includes(id)));
  const there = ids.filter((id) => !here.includes(id));
  if (there.length > 0) await service.deleteAll(there);
  setDoomed(doomed().filter((id) => !ids.includes(id)));
}
