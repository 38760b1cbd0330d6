/** Something that went wrong, in words for the musician, and what can be done. */
export interface Problem {
  title: string;
  advice: string;
  /** Offers a remedy by a button. */
  remedy?: 'trim' | 'key' | 'choose';
  /** Whether the same request may do better when the musician sends it again. */
  again?: boolean;
  /** The same request may do better after so many seconds; it is sent again by itself. */
  retryAfter?: number;
}
