import type { Progress } from '@retone/engine';

const stageNames: Record<Progress['stage'], string> = {
  text: 'reading the prompt',
  encode: 'listening',
  sample: 'step',
  decode: 'rendering',
};
const width = 24;

/** A progress bar on a terminal: stage, step and time left on one line. Silent where nobody looks at it. */
export class ProgressBar {
  readonly #stream: NodeJS.WriteStream;
  readonly #visible: boolean;
  readonly #started = performance.now();

  readonly #place: string;

  /** @param place where this is in a row of files, such as `3 of 10: ` */
  constructor(stream: NodeJS.WriteStream, enabled: boolean, place = '') {
    this.#stream = stream;
    this.#place = place;
    this.#visible = enabled && stream.isTTY === true;
  }

  /** Shows what happens before the engine reports its progress. */
  note(text: string): void {
    if (this.#visible) this.#stream.write(`\r\x1b[K${this.#place}${text}`);
  }

  update({ stage, fraction, step, steps }: Progress): void {
    const what = step === undefined ? stageNames[stage] : `${stageNames[stage]} ${step} of ${steps}`;
    const elapsed = (performance.now() - this.#started) / 1000;
    this.draw(fraction, what, fraction > 0.05 ? (elapsed * (1 - fraction)) / fraction : undefined);
  }

  /** Shows how much is done, 0 to 1, what is being done, and the seconds left. */
  draw(fraction: number, what: string, secondsLeft?: number): void {
    if (!this.#visible) return;
    const filled = Math.round(fraction * width);
    const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
    this.#stream.write(
      `\r\x1b[K${this.#place}${bar} ${what}${secondsLeft === undefined ? '' : `, ${timeText(secondsLeft)} left`}`,
    );
  }

  clear(): void {
    if (this.#visible) this.#stream.write('\r\x1b[K');
  }
}

function timeText(seconds: number): string {
  return seconds < 100 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
