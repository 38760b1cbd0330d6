// What the service answers with, as far as the page reads it.

export type TaskStatus = 'created' | 'processing' | 'completed' | 'failed' | 'cancelled';

/** A task and its result. */
export interface Task {
  id: string;
  model: string;
  status: TaskStatus;
  outputs: string[];
  error: string;
  /** What of the request was read otherwise than it was written, or not at all; absent: nothing. */
  warnings?: string[];
  /** Why it failed, for programs; empty if it did not. */
  error_code: string;
  created_at: string;
  seed: number;
  input: Record<string, unknown>;
  timings: { inference: number };
}

/** A task's news. */
export interface TaskNews {
  status: TaskStatus;
  error: string;
  error_code: string;
  /** How many tasks come before it, while it waits. */
  tasks_ahead?: number | null;
  seconds_left?: number | null;
  progress: { stage: 'text' | 'encode' | 'sample' | 'decode'; fraction: number; step?: number; steps?: number } | null;
}

/** A parameter in a model's JSON Schema. */
export interface ParameterSchema {
  type?: 'string' | 'number' | 'integer' | 'boolean';
  default?: unknown;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  enum?: string[];
}

export interface CatalogueEntry {
  model_id: string;
  name: string;
  base_price: number;
  api_schema: {
    api_schemas: {
      request_schema: {
        properties: Record<string, ParameterSchema>;
        required?: string[];
        'x-order-properties': string[];
      };
    }[];
  };
}

export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  created_at: string;
  last_used_at: string | null;
  revoked_at: string | null;
  current: boolean;
}
