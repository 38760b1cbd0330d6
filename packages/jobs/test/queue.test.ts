import { describe, expect, test } from 'vitest';
import { deleteExpired } from '../src/index.ts';
import { endless, onEveryWorkplace, outputOf, place, price } from './workplace.ts';

onEveryWorkplace(() => {
  describe('the queue', () => {
    test("does not let one account's five hundred keep another's one waiting", async () => {
      const [greedy, modest] = [await place.account(), await place.account()];
      const machine = await place.machine();
      for (let i = 0; i < 500; i++) await place.submit(machine, greedy, { prompt: 'greedy' });
      const { id } = await place.submit(machine, modest, { prompt: 'modest' });
      await machine.work();
      await place.until(id, 'completed');
      expect(machine.engine.begun.indexOf('modest')).toBeLessThan(2);
    });

    test('lets accounts take turns, each in its own order', async () => {
      const [greedy, modest] = [await place.account(), await place.account()];
      const machine = await place.machine();
      const ids: string[] = [];
      for (const prompt of ['g0', 'g1', 'g2']) ids.push((await place.submit(machine, greedy, { prompt })).id);
      for (const prompt of ['m0', 'm1']) ids.push((await place.submit(machine, modest, { prompt })).id);
      ids.push((await place.submit(machine, greedy, { prompt: 'g3' })).id);
      await machine.work();
      await place.ended(ids);
      expect(machine.engine.begun).toEqual(['g0', 'm0', 'g1', 'm1', 'g2', 'g3']);
    });

    test('runs no more tasks of an account at once than it may, and lets others by', async () => {
      const [limited, free] = [await place.account(), await place.account()];
      const machine = await place.machine({ tasksAtOnce: 2 });
      let running = 0;
      let peak = 0;
      const others = Promise.withResolvers<void>();
      machine.engine.work = async (prompt) => {
        if (prompt === 'free') return others.resolve();
        peak = Math.max(peak, ++running);
        await others.promise;
        running--;
      };
      const ids: string[] = [];
      for (let i = 0; i < 6; i++) ids.push((await place.submit(machine, limited, { prompt: 'limited' })).id);
      await machine.work({ atOnce: 4 });
      ids.push((await place.submit(machine, free, { prompt: 'free' })).id);
      await place.ended(ids);
      expect(peak).toBe(2);
    });

    test("holds to an account's own limit where it has one", async () => {
      const account = await place.account();
      const machine = await place.machine({ tasksAtOnce: 2 });
      const three = Promise.withResolvers<void>();
      machine.engine.work = async () => {
        if (machine.engine.running === 3) three.resolve();
        await three.promise;
      };
      const ids: string[] = [];
      for (let i = 0; i < 6; i++) ids.push((await place.submit(machine, account, { tasksAtOnce: 3 })).id);
      await machine.work({ atOnce: 5 });
      await place.ended(ids);
      expect(machine.engine.peak).toBe(3);
    });

    test('takes no more than its limit', async () => {
      const account = await place.account(1);
      const machine = await place.machine({}, { queueLimit: 2 });
      for (let i = 0; i < 2; i++) await place.submit(machine, account);
      await expect(place.submit(machine, account)).rejects.toMatchObject({ code: 'queue-full' });
      expect(await place.ledger.balance(account)).toBe(1e6 - 2 * price);
    });
  });

  test('what an account cannot pay for is not queued, also when many ask at once', async () => {
    const account = await place.account(0.05);
    const machine = await place.machine();
    const answers = await Promise.allSettled(Array.from({ length: 6 }, () => place.submit(machine, account)));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(await place.tasks.countOpen(account)).toBe(2);
    expect(await place.ledger.balance(account)).toBe(50_000 - 2 * price);
  });

  test('tasks that are in no queue are queued again, and those of a clock that was set back are due', async () => {
    const account = await place.account(1);
    const machine = await place.machine();
    const [lost, late] = [await place.submit(machine, account), await place.submit(machine, account)];
    // A restore brings tasks without their jobs; and while a clock was ahead, retries were put off by that much.
    await place.database.query("DELETE FROM pgboss.job WHERE data->>'taskId' = $1", [lost.id]);
    await place.database.query("UPDATE tasks SET created_at = now() - interval '2 minutes' WHERE id = $1", [lost.id]);
    await place.database.query(
      "UPDATE pgboss.job SET start_after = now() + interval '1 day' WHERE data->>'taskId' = $1",
      [late.id],
    );
    await machine.work();
    const after = await place.submit(machine, account);
    await place.until(after.id, 'completed');
    for (const { id } of [lost, late]) expect((await place.tasks.get(id))!.status).toBe('created');
    expect(await machine.queue.reconcile(place.database)).toBe(2);
    for (const { id } of [lost, late]) expect(await place.until(id, 'completed')).toMatchObject({ attempts: 1 });
    expect(await machine.queue.reconcile(place.database)).toBe(0);
  });

  test('daily work is due soon after a start, once however many start', async () => {
    for (const { queue } of [await place.machine(), await place.machine()]) await queue.daily(async () => {});
    const due = await place.database.query(
      "SELECT start_after < now() + interval '61 seconds' AS soon FROM pgboss.job WHERE name = 'cleaning'",
    );
    expect(due).toEqual([{ soon: true }]);
  });

  test('retention deletes what has ended and is old, with its files, and old uploads', async () => {
    const account = await place.account(1);
    const machine = await place.machine();
    await machine.work();
    const done = await place.submit(machine, account);
    await place.until(done.id, 'completed');
    machine.engine.work = endless();
    const open = await place.submit(machine, account);
    await place.store.put('uploads/u', new Uint8Array(3));
    await place.files.add({ ...outputOf(done.id, 'upload'), taskId: null, key: 'uploads/u' });
    const past = new Date(Date.now() - 3600_000);
    // Left by a worker that died between storing a file and recording it.
    await place.store.put('outputs/lost', new Uint8Array(3));
    const { database, store } = place;
    const options = { database, store };
    expect(await deleteExpired(options, past)).toEqual({ tasks: 0, uploads: 0, strays: 0 });
    const future = new Date(Date.now() + 3600_000);
    expect(await deleteExpired(options, past, future)).toEqual({ tasks: 0, uploads: 0, strays: 1 });
    expect(await place.storedFiles('outputs/')).toHaveLength(1);
    expect(await deleteExpired(options, future)).toEqual({ tasks: 1, uploads: 1, strays: 0 });
    expect(await place.tasks.get(done.id)).toBeUndefined();
    expect(await place.tasks.get(open.id)).toBeDefined();
    expect(await place.storedFiles('')).toEqual([]);
    // The books stay.
    expect(await place.ledger.standing(done.id)).toBe('charged');
    await machine.lifecycle.cancel(open.id);
  });
});
