import { describe, expect, test } from 'vitest';
import { EngineFailure } from '../src/index.ts';
import { endless, type Machine, onEveryWorkplace, outputOf, place, price } from './workplace.ts';

onEveryWorkplace((tests) => {
  describe('a task', () => {
    test('is done, charged and downloadable', async () => {
      const account = await place.account(1);
      const machine = await place.machine();
      await machine.work();
      const { id } = await place.submit(machine, account);
      const task = await place.until(id, 'completed');
      expect(task).toMatchObject({ attempts: 1, error: '', outputs: [expect.any(String)] });
      const [file] = await place.files.ofTasks([id]);
      expect(file).toMatchObject({ token: task.outputs[0], mediaType: 'audio/wav' });
      expect((await place.store.read(file!.key))!.length).toBe(file!.size);
      expect(await place.ledger.standing(id)).toBe('charged');
      expect(await place.ledger.balance(account)).toBe(1e6 - price);
    });

    test('ends once, whoever tries to end it again and how', async () => {
      const account = await place.account(1);
      const { lifecycle } = await place.machine();
      const { id } = await place.submit({ lifecycle } as never, account);
      const first = (await place.tasks.claim(id))!;
      const second = (await place.tasks.claim(id))!;
      expect([first.attempts, second.attempts]).toEqual([1, 2]);
      // The first try was given up: what it made does not count.
      expect(await lifecycle.complete(first, [outputOf(id, 'first')], 5)).toBe(false);
      expect(await place.tasks.report(id, 1, { stage: 'sample', fraction: 0 })).toBe(false);
      const ends = await Promise.all([
        lifecycle.complete(second, [outputOf(id, 'second')], 5),
        lifecycle.complete(second, [outputOf(id, 'third')], 5),
        lifecycle.fail(id, { error: 'no', errorCode: 'internal' }),
        lifecycle.cancel(id),
      ]);
      expect(ends.filter(Boolean)).toHaveLength(1);
      const task = (await place.tasks.get(id))!;
      expect(await place.files.ofTasks([id])).toHaveLength(task.status === 'completed' ? 1 : 0);
      expect(await place.ledger.openHolds()).toEqual([]);
      expect(await place.ledger.balance(account)).toBe(task.status === 'completed' ? 1e6 - price : 1e6);
    });

    test('that cannot be done fails at once, says why and costs nothing', async () => {
      const account = await place.account(1);
      const machine = await place.machine();
      machine.engine.work = async () => {
        throw new EngineFailure('invalid-argument', 'the prompt is in no language');
      };
      await machine.work();
      const { id } = await place.submit(machine, account);
      const task = await place.until(id, 'failed');
      expect(task).toMatchObject({ attempts: 1, error: 'the prompt is in no language' });
      expect(await place.ledger.standing(id)).toBe('released');
      expect(await place.ledger.balance(account)).toBe(1e6);
    });

    test('is attempted three times if another attempt may succeed, and internals are hidden from its owner', async () => {
      const account = await place.account(1);
      const machine = await place.machine();
      machine.engine.work = async () => {
        throw new Error('the secret of the house');
      };
      await machine.work();
      const { id } = await place.submit(machine, account);
      const task = await place.until(id, 'failed');
      expect(machine.engine.begun).toHaveLength(3);
      expect(task.error).toMatch(/unexpected error/);
      await expect.poll(() => machine.outcomes.map(({ outcome }) => outcome)).toEqual(['retried', 'retried', 'failed']);
      expect(await place.ledger.balance(account)).toBe(1e6);
    });

    test('whose engine crashes once is done by the second try', async () => {
      const account = await place.account(1);
      const machine = await place.machine();
      machine.engine.work = async () => {
        if (machine.engine.begun.length === 1) throw new EngineFailure('crashed', 'gone');
      };
      await machine.work();
      const { id } = await place.submit(machine, account);
      expect(await place.until(id, 'completed')).toMatchObject({ attempts: 2, error: '' });
      expect(await place.ledger.balance(account)).toBe(1e6 - price);
    });

    test('that is cancelled while it runs is stopped, and costs and leaves nothing', async () => {
      const account = await place.account(1);
      const machine = await place.machine();
      const begun = Promise.withResolvers<void>();
      const stopped = Promise.withResolvers<void>();
      const work = endless(begun.resolve);
      machine.engine.run = async function (this: typeof machine.engine, request, options = {}) {
        // Steps continue, as those of an engine; the report of one shows that the task is no longer wanted.
        const steps = setInterval(() => options.onProgress?.({ stage: 'sample', fraction: 0.5 }), 20);
        try {
          await work(request.controls.prompt, options.signal);
        } finally {
          clearInterval(steps);
          stopped.resolve();
        }
        throw new Error('not reached');
      };
      await machine.work();
      const { id } = await place.submit(machine, account);
      await begun.promise;
      expect(await machine.lifecycle.cancel(id)).toBe(true);
      await stopped.promise;
      expect((await place.tasks.get(id))!.status).toBe('cancelled');
      expect(await place.storedFiles('outputs/')).toEqual([]);
      expect(await place.ledger.balance(account)).toBe(1e6);
    });

    test('that is cancelled while its engine reports nothing is stopped all the same', async () => {
      const account = await place.account(1);
      const machine = await place.machine();
      const begun = Promise.withResolvers<void>();
      machine.engine.work = endless(begun.resolve);
      await machine.work();
      const { id } = await place.submit(machine, account);
      await begun.promise;
      expect(await machine.lifecycle.cancel(id)).toBe(true);
      await expect.poll(() => machine.engine.running).toBe(0);
      await expect.poll(() => machine.outcomes).toMatchObject([{ outcome: 'dropped' }]);
      // The slot is free for the next.
      machine.engine.work = async () => {};
      const next = await place.submit(machine, account);
      await place.until(next.id, 'completed');
    });

    test('that is cancelled while it waits is never begun', async () => {
      const account = await place.account(1);
      const machine = await place.machine();
      const { id } = await place.submit(machine, account, { prompt: 'cancelled' });
      await machine.lifecycle.cancel(id);
      const after = await place.submit(machine, account, { prompt: 'after' });
      await machine.work();
      await place.until(after.id, 'completed');
      expect(machine.engine.begun).toEqual(['after']);
    });
  });

  describe('several machines', () => {
    test('do every task once', async () => {
      const account = await place.account(10);
      const machines = [await place.machine(), await place.machine()];
      const ids: string[] = [];
      for (let i = 0; i < 12; i++) ids.push((await place.submit(machines[i % 2]!, account, { prompt: `${i}` })).id);
      for (const machine of machines) await machine.work({ atOnce: 2 });
      const tasks = await place.ended(ids);
      expect(tasks.map(({ status }) => status)).toEqual(Array(12).fill('completed'));
      expect(machines.flatMap(({ engine }) => engine.begun).sort()).toEqual(ids.map((_, i) => `${i}`).sort());
      expect(await place.storedFiles('outputs/')).toHaveLength(12);
      expect(await place.ledger.balance(account)).toBe(10e6 - 12 * price);
      expect(await place.ledger.openHolds()).toEqual([]);
    });

    // In PGlite there is one process, and so nobody to leave a task to.
    test.runIf(tests.kind === 'postgres')('leave tasks to the one that has their model loaded', async () => {
      const account = await place.account(10);
      // Looks are so seldom that all is by notification, and the delay is one that a busy machine keeps.
      const settings = { pollSeconds: 60, coldDelaySeconds: 5 };
      const machines = [await place.machine(settings), await place.machine(settings)];
      const [cold, warm] = machines as [Machine, Machine];
      await cold.work({ isWarm: () => false });
      await warm.work({ isWarm: () => true });
      for (let i = 0; i < 5; i++) {
        const { id } = await place.submit(cold, account, { prompt: `${i}` });
        await place.until(id, 'completed');
      }
      expect(warm.engine.begun).toHaveLength(5);
      expect(cold.engine.begun).toEqual([]);
      // Where nobody has it, somebody does it all the same.
      await warm.queue.close(1);
      const { id } = await place.submit(cold, account, { prompt: 'alone' });
      await place.until(id, 'completed');
      expect(cold.engine.begun).toEqual(['alone']);
    });

    test('take up the task of one that was lost, whose late result does not count', async () => {
      const account = await place.account(1);
      const [lost, other] = [await place.machine({ tasksAtOnce: 1 }), await place.machine({ tasksAtOnce: 1 })];
      const begun = Promise.withResolvers<void>();
      const late = Promise.withResolvers<void>();
      lost.engine.work = () => {
        begun.resolve();
        return late.promise;
      };
      await lost.work();
      const { id } = await place.submit(lost, account);
      await begun.promise;
      await other.work();
      await place.silenceWorkers();
      const task = await place.until(id, 'completed');
      expect(task.attempts).toBeGreaterThan(1);
      late.resolve();
      await lost.queue.close(1);
      expect((await place.tasks.get(id))!.outputs).toEqual(task.outputs);
      expect(await place.storedFiles('outputs/')).toHaveLength(1);
      expect(await place.ledger.balance(account)).toBe(1e6 - price);
    });

    test('hand back what they have when they stop, as often as they like', async () => {
      const account = await place.account(1);
      const { id } = await place.submit(await place.machine(), account);
      const stops = 4;
      for (let stop = 1; stop <= stops; stop++) {
        const machine = await place.machine();
        const begun = Promise.withResolvers<void>();
        // It does not even notice that it is to stop.
        machine.engine.work = () => {
          begun.resolve();
          return new Promise(() => {});
        };
        await machine.work();
        await begun.promise;
        await machine.queue.close(0);
        expect(await place.tasks.get(id)).toMatchObject({ status: 'created', attempts: stop, handedBack: stop });
        expect(machine.outcomes).toMatchObject([{ outcome: 'handed back' }]);
      }
      await (await place.machine()).work();
      expect(await place.until(id, 'completed')).toMatchObject({ attempts: stops + 1, handedBack: stops });
    });

    test('give no more tries to a task that was handed back than to others', async () => {
      const account = await place.account(1);
      const [stopping, other] = [await place.machine(), await place.machine()];
      const begun = Promise.withResolvers<void>();
      stopping.engine.work = endless(begun.resolve);
      await stopping.work();
      const { id } = await place.submit(stopping, account);
      await begun.promise;
      await stopping.queue.close(0);
      other.engine.work = async () => {
        throw new EngineFailure('crashed', 'gone');
      };
      await other.work();
      expect(await place.until(id, 'failed')).toMatchObject({ attempts: 4, handedBack: 1, error: 'gone' });
    });
  });

  describe('tries that are lost', () => {
    /** Has the worker of a task lost again and again; it reaches the engine each time, up to `most` times. */
    async function loseWorkers(times: number) {
      const account = await place.account(1);
      const machine = await place.machine();
      let begun = Promise.withResolvers<void>();
      machine.engine.work = endless(() => begun.resolve());
      await machine.work({ atOnce: times + 1 });
      const { id } = await place.submit(machine, account);
      for (let attempt = 1; attempt <= times; attempt++) {
        await begun.promise;
        begun = Promise.withResolvers();
        if (attempt === times) machine.engine.work = async () => {};
        await place.silenceWorkers();
      }
      return { id, account, machine };
    }

    test('with their workers fail no task, however many in a row', async () => {
      const { id, account } = await loseWorkers(8);
      expect(await place.until(id, 'completed')).toMatchObject({ attempts: 9, failedTries: 0, handedBack: 0 });
      expect(await place.ledger.balance(account)).toBe(1e6 - price);
    });

    test('end a task that seems to kill every worker, and its price is released', async () => {
      const account = await place.account(1);
      const machine = await place.machine();
      const { id } = await place.submit(machine, account);
      for (let attempt = 1; attempt <= 20; attempt++) await place.tasks.claim(id);
      await machine.work();
      const task = await place.until(id, 'failed');
      expect(task).toMatchObject({ attempts: 20, errorCode: 'worker_lost', error: expect.stringMatching(/^20 tries/) });
      expect(machine.engine.begun).toEqual([]);
      expect(await place.ledger.standing(id)).toBe('released');
      expect(await place.ledger.balance(account)).toBe(1e6);
    });

    test('with their engine or codec fail no task either, and leave it all its own tries', async () => {
      const account = await place.account(1);
      const machine = await place.machine();
      machine.engine.work = async () => {
        const tries = machine.engine.begun.length;
        if (tries <= 6) throw new EngineFailure('killed', 'gone');
        if (tries <= 8) throw new EngineFailure('crashed', 'its own fault');
      };
      await machine.work();
      const { id } = await place.submit(machine, account);
      expect(await place.until(id, 'completed')).toMatchObject({ attempts: 9, failedTries: 2 });
    });

    test('do not hide that a task crashes the engine itself', async () => {
      const account = await place.account(1);
      const machine = await place.machine();
      machine.engine.work = async () => {
        const odd = machine.engine.begun.length % 2 === 1;
        throw new EngineFailure(odd ? 'killed' : 'crashed', 'gone');
      };
      await machine.work();
      const { id } = await place.submit(machine, account);
      expect(await place.until(id, 'failed')).toMatchObject({ attempts: 6, errorCode: 'engine_crashed' });
      expect(await place.ledger.balance(account)).toBe(1e6);
    });
  });
});
