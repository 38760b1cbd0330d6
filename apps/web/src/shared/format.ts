/** 65.25 as 1:05.2, with as many digits after the point as asked for. */
export function clock(seconds: number, digits = 1): string {
  const factor = 10 ** digits;
  const whole = Math.round(seconds * factor) / factor;
  const minutes = Math.floor(whole / 60);
  return `${minutes}:${(whole - 60 * minutes).toFixed(digits).padStart(digits ? digits + 3 : 2, '0')}`;
}

export const dollars = (amount: number, digits = 2) =>
  `$${amount.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;

export const decibels = (value: number) =>
  Number.isFinite(value) ? `${value.toFixed(1).replace('-', '−')} LUFS` : 'silent';

/** A duration to come, roughly. */
export function roughly(seconds: number): string {
  if (seconds < 1.5) return 'about a second left';
  if (seconds < 60) return `about ${Math.round(seconds)} s left`;
  return `about ${Math.round(seconds / 60)} min left`;
}

export function when(iso: string): string {
  const date = new Date(iso);
  const sameDay = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(undefined, sameDay ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' });
}

/** A message of the service as a sentence. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  return `${trimmed[0]!.toUpperCase()}${trimmed.slice(1)}${/[.!?]$/.test(trimmed) ? '' : '.'}`;
}
