import { type BillingEntry, type DayUsage, dollars } from '@retone/billing';
import type { Task } from '@retone/jobs';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { success } from '../envelope.ts';
import { moment } from '../moments.ts';
import { answers } from '../openapi.ts';
import type { Service } from '../service.ts';

const tags = ['Account'];

/** A time as clients of billing send it: milliseconds since 1970, or ISO 8601. */
const time = z
  .union(
    [
      z
        .number()
        .min(-62_135_596_800_000)
        .max(253_402_300_799_999)
        .transform((ms) => new Date(ms)),
      moment,
    ],
    {
      error: 'a time in ISO 8601 or in milliseconds since 1970',
    },
  )
  .meta({ description: 'ISO 8601, or milliseconds since 1970.' });

const search = z.object({
  page: z.int().min(1).max(1_000_000).default(1),
  page_size: z.int().min(1).max(100).default(20),
  billing_type: z.enum(['deduct', 'refund']).optional(),
  prediction_uuids: z.array(z.string().max(64)).max(1000).optional().describe('Ids of tasks.'),
  sort: z.string().max(100).optional().describe('`created_at asc` for the oldest first; newest first otherwise.'),
  start_time: time.optional(),
  end_time: time.optional(),
  model_uuid: z.string().max(200).optional().describe('A model id.'),
  access_key_uuid: z.string().max(64).optional().describe('The id of a key.'),
});
const item = z.object({
  uuid: z.string(),
  billing_type: z.enum(['deduct', 'refund']),
  price: z.number().describe('In US dollars.'),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
  access_key_id: z.string(),
  access_key_name: z.string(),
  order: z.object({
    uuid: z.string(),
    state: z.string(),
    price: z.number(),
    origin_price: z.number(),
    status: z.string(),
    ak_id: z.string(),
  }),
  prediction: z.object({
    uuid: z.string(),
    model_uuid: z.string(),
    status: z.string().describe('`deleted` when the task is no longer there.'),
  }),
});
const found = z.object({ page: z.int(), total: z.int(), has_more: z.boolean(), items: z.array(item) });

const period = z.object({
  start_time: time.optional(),
  end_time: time.optional(),
  model_uuid: z.string().max(200).optional(),
});
const perModel = z.object({ model_uuid: z.string(), amount: z.number(), count: z.int() });
const stats = z.object({
  per_model_usage: z.array(perModel),
  daily_usage: z.array(z.object({ date: z.iso.date(), amount: z.number(), count: z.int() })),
  summary: z.object({ total_cost: z.number(), total_requests: z.int(), success_requests: z.int() }),
});
const usageQuery = z.object({
  start_date: moment.optional(),
  end_date: moment.optional(),
  model: z.string().max(200).optional(),
});
const usage = z.object({
  period: z.object({ start_date: z.string().nullable(), end_date: z.string().nullable() }),
  total_requests: z.int(),
  total_cost: z.number().describe('In US dollars.'),
  by_model: z.array(z.object({ model: z.string(), requests: z.int(), cost: z.number() })),
});

/** Payments and usage of an account, from the ledger. */
export const usageRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (api, { service }) => {
  api.post(
    '/billings/search',
    { schema: { tags, summary: 'Prices taken for tasks, and given back', body: search, response: answers(found) } },
    async ({ account, body }) => {
      const { page, page_size: pageSize, sort = '' } = body;
      const { total, items } = await service.usage.search(account.id, {
        type: body.billing_type,
        taskIds: body.prediction_uuids,
        from: body.start_time,
        to: body.end_time,
        model: body.model_uuid,
        keyId: body.access_key_uuid,
        oldestFirst: /\basc\b/i.test(sort),
        page,
        pageSize,
      });
      const tasks = await service.tasks.ofAccount(
        account.id,
        items.map(({ taskId }) => taskId),
      );
      const byId = new Map(tasks.map((task) => [task.id, task]));
      const shown = items.map((entry) => billingItem(entry, byId.get(entry.taskId)));
      return success({ page, total, has_more: page * pageSize < total, items: shown });
    },
  );

  api.post(
    '/user/usage_stats',
    {
      schema: {
        tags,
        summary: 'Usage by day and model',
        querystring: z.object({ per_model_usage: z.string().optional().describe('`true` for usage by model, too.') }),
        body: period,
        response: answers(stats),
      },
    },
    async ({ account, body, query }) => {
      const { start_time: from, end_time: to, model_uuid: model } = body;
      const days = await service.usage.byDay(account.id, { from, to, model });
      const byModel = query.per_model_usage === 'true' ? gathered(days, ({ model }) => model ?? 'unknown') : [];
      return success({
        per_model_usage: byModel.map(([model_uuid, { cost, requests }]) => ({
          model_uuid,
          amount: cost,
          count: requests,
        })),
        daily_usage: gathered(days, ({ day }) => day).map(([date, { cost, requests }]) => ({
          date,
          amount: cost,
          count: requests,
        })),
        summary: summaryOf(days),
      });
    },
  );

  api.get(
    '/account/usage',
    { schema: { tags, summary: 'Usage by model', querystring: usageQuery, response: answers(usage) } },
    async ({ account, query }) => {
      const { start_date: from, end_date: to, model } = query;
      const days = await service.usage.byDay(account.id, { from, to: to && endOf(to), model });
      const { total_cost, total_requests } = summaryOf(days);
      return success({
        period: { start_date: from?.toISOString() ?? null, end_date: to?.toISOString() ?? null },
        total_requests,
        total_cost,
        by_model: gathered(days, ({ model }) => model ?? 'unknown').map(([model, sums]) => ({ model, ...sums })),
      });
    },
  );
};

function billingItem(entry: BillingEntry, task: Task | undefined): z.infer<typeof item> {
  const price = dollars(entry.price);
  const createdAt = entry.createdAt.toISOString();
  const key = entry.keyId ?? '';
  return {
    uuid: String(entry.id),
    billing_type: entry.type,
    price,
    created_at: createdAt,
    updated_at: createdAt,
    access_key_id: key,
    access_key_name: entry.keyName ?? '',
    order: { uuid: entry.taskId, state: 'paid', price, origin_price: price, status: entry.type, ak_id: key },
    prediction: { uuid: entry.taskId, model_uuid: entry.model ?? '', status: task?.status ?? 'deleted' },
  };
}

/** A day named as an end counts whole. */
function endOf(moment: Date): Date {
  const isDay = moment.getTime() % (24 * 3600 * 1000) === 0;
  return isDay ? new Date(moment.getTime() + 24 * 3600 * 1000 - 1) : moment;
}

/** Sums in dollars, by whatever the rows are gathered by, in the order in which that comes first. */
function gathered(days: DayUsage[], by: (day: DayUsage) => string): [string, { requests: number; cost: number }][] {
  const groups = [...Map.groupBy(days, by)];
  return groups.map(([name, rows]) => [name, { requests: sum(rows, 'requests'), cost: dollars(sum(rows, 'cost')) }]);
}

function summaryOf(days: DayUsage[]) {
  return {
    total_cost: dollars(sum(days, 'cost')),
    total_requests: sum(days, 'requests'),
    success_requests: sum(days, 'completed'),
  };
}

function sum(days: DayUsage[], name: 'requests' | 'completed' | 'cost'): number {
  return days.reduce((total, day) => total + day[name], 0);
}
