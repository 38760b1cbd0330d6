import type { components, paths } from './api.ts';

type Schemas = components['schemas'];

/** A task and its result. */
export type Task = Schemas['Task'];
/** The state of a task: its status, progress and place in the queue. */
export type TaskEvent = Schemas['TaskEvent'];
/** A model of the catalogue, with the JSON Schema of its parameters. */
export type Model = Schemas['Model'];

type Prefix = '/stability-ai/stable-audio-3/';
/** `audio-to-audio`, `text-to-audio`, `music`, `audio-inpainting`, `audio-outpainting`. */
export type ModelName = keyof paths extends infer Path ? (Path extends `${Prefix}${infer Name}` ? Name : never) : never;
/** The parameters of a model. */
export type Input<Name extends ModelName> = Omit<
  paths[`${Prefix}${Name}`]['post']['requestBody']['content']['application/json'],
  'enable_sync_mode'
>;

/** Which tasks of the history are wanted. */
export type HistoryQuery = NonNullable<paths['/predictions']['get']['parameters']['query']>;
/** A page of the history. */
export type History = paths['/predictions']['get']['responses'][200]['content']['application/json']['data'];
