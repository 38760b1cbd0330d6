const longest = 60;

/** A client's value for a message: in quotes, on one line, and not all of it if it is long. */
export function shorten(text: string): string {
  return JSON.stringify(text.length > longest ? `${text.slice(0, longest)}…` : text);
}
