/** A page of an append-only table, newest entry first. */
export interface Page {
  /** Entries older than this one, by id; absent: from the newest. */
  before?: number | undefined;
  /** How many, 100 if absent. */
  limit?: number | undefined;
}

export const defaultLimit = 100;
