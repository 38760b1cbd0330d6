import { taskSchema, taskStatuses } from '@retone/contract';
import { type HistoryPlace, mostCounted, type TaskFilter } from '@retone/jobs';
import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { invalidParameters, success } from '../envelope.ts';
import { moment } from '../moments.ts';
import { answers } from '../openapi.ts';
import type { Service } from '../service.ts';

const tags = ['Tasks'];

/** A number of a JSON body, or the digits of one in a query. */
const whole = (min: number, max: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value),
    z.int().min(min).max(max),
  );
/** A boolean of a JSON body, or the word in a query. */
const flag = z.preprocess((value) => ({ true: true, false: false })[String(value)] ?? value, z.boolean());

/** A place in a history, as clients carry it from one page to the next. */
const cursor = z
  .string()
  .max(300)
  .transform((text, context): HistoryPlace => {
    const [createdAt, id, ...more] = Buffer.from(text, 'base64url').toString().split('|');
    const isPlace = /^\d{4,6}-\d\d-\d\d [\d:.]+[+-][\d:]+$/.test(createdAt!) && /^[0-9a-f]{32}$/.test(id ?? '');
    if (isPlace && more.length === 0) return { createdAt: createdAt!, id: id! };
    context.addIssue('next_cursor of the page before');
    return z.NEVER;
  })
  .meta({
    description: '`next_cursor` of the page before; `page` then does not count. The way to read long histories.',
  });
const cursorOf = ({ createdAt, id }: HistoryPlace) => Buffer.from(`${createdAt}|${id}`).toString('base64url');

const history = z.object({
  page: whole(1, 1_000_000).default(1),
  page_size: whole(1, 100).default(100),
  model: z.string().optional(),
  status: z
    .enum([...taskStatuses, 'timeout', 'deleted'])
    .optional()
    .describe('No task here has the last two; clients of the hosted service ask for them.'),
  created_after: moment.optional(),
  created_before: moment.optional(),
  cursor: cursor.optional(),
  include_inputs: flag.default(false).describe('Whether the items have `inputs`, which is `input` by another name.'),
});
const page = z.object({
  page: z.int(),
  total: z.int().describe(`Tasks on all pages together, counted up to ${mostCounted}.`),
  next_cursor: z.string().optional().describe('Where the next page begins, if there is one.'),
  items: z.array(taskSchema.extend({ inputs: taskSchema.shape.input.optional() })).describe('Newest first.'),
});

/** The tasks of an account, newest first, in pages. */
export const historyRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (api, { service }) => {
  const list = async ({ account, publicUrl }: FastifyRequest, query: z.output<typeof history>) => {
    const { status, page_size: size, include_inputs: includeInputs } = query;
    // The database would read and drop all pages before: a second for half a million tasks.
    const lastPage = Math.ceil(mostCounted / size);
    if (!query.cursor && query.page > lastPage) {
      const accepted = `at most ${lastPage} with ${size} tasks on a page; older tasks are read with cursor, the next_cursor of the page before`;
      throw invalidParameters([{ parameter: 'page', given: query.page, accepted }]);
    }
    if (status === 'timeout' || status === 'deleted') return success({ page: query.page, total: 0, items: [] });
    const filter: TaskFilter = {
      page: query.page,
      pageSize: size,
      model: query.model,
      status,
      createdAfter: query.created_after,
      createdBefore: query.created_before,
    };
    const { total, tasks, next } = await service.tasks.list(account.id, { ...filter, after: query.cursor });
    const results = await Promise.all(tasks.map((task) => service.result(task, { inline: false, publicUrl })));
    const items = includeInputs ? results.map((result) => ({ ...result, inputs: result.input })) : results;
    return success({ page: query.page, total, items, ...(next ? { next_cursor: cursorOf(next) } : {}) });
  };

  api.get(
    '/predictions',
    { schema: { tags, summary: 'History', querystring: history, response: answers(page) } },
    async (request) => list(request, request.query),
  );
  api.post(
    '/predictions',
    { schema: { tags, summary: 'History', body: history, response: answers(page) } },
    async (request) => list(request, request.body),
  );
};
