import type { TaskResult } from '@retone/contract';
import { useCallback, useEffect, useState } from 'react';
import { service } from '../service/client.ts';
import { type Problem, problemOf } from '../service/problems.ts';

/** All tasks of the account, newest first; pages come one after the other. */
export function useHistory() {
  const [tasks, setTasks] = useState<TaskResult[]>();
  const [problem, setProblem] = useState<Problem>();

  const load = useCallback(async (signal?: AbortSignal) => {
    setProblem(undefined);
    try {
      const all: TaskResult[] = [];
      for (let page = 1; ; page++) {
        const { total, items } = await service.history(page, signal);
        all.push(...items);
        setTasks([...all]);
        if (items.length === 0 || all.length >= total) return;
      }
    } catch (error) {
      if (!signal?.aborted) setProblem(problemOf(error));
    }
  }, []);

  useEffect(() => {
    const abort = new AbortController();
    void load(abort.signal);
    return () => abort.abort();
  }, [load]);

  const remove = async (ids: string[]) => {
    try {
      await service.deleteAll(ids);
      setTasks((before) => before?.filter(({ id }) => !ids.includes(id)));
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  return { tasks, problem, load, remove };
}
