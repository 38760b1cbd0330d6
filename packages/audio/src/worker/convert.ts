import { AV_CHANNEL_ORDER_NATIVE, AV_OPT_TYPE_DOUBLE, AV_SAMPLE_FMT_FLTP } from 'node-av/constants';
import { avChannelLayoutDefault, type Frame, SoftwareResampleContext } from 'node-av/lib';

import { asBuffers, type Piece, silence, silenceNonFinite } from '../piece.ts';

/** Turns a decoder's frames into floating-point pieces with the wanted channels. */
export class Converter {
  readonly #context = new SoftwareResampleContext();
  readonly #converted: number;
  readonly #channels: number;

  /** `channels` of the output; `downmix` mixes all of the file's channels into two instead of keeping the first two. */
  constructor(frame: Frame, channels: number, downmix: boolean) {
    const layout =
      frame.channelLayout.order === AV_CHANNEL_ORDER_NATIVE
        ? frame.channelLayout
        : avChannelLayoutDefault(frame.channels);
    const output = downmix && layout.nbChannels > 2 ? avChannelLayoutDefault(2) : layout;
    this.#converted = output.nbChannels;
    this.#channels = channels;
    const { sampleRate } = frame;
    this.#context.allocSetOpts2(output, AV_SAMPLE_FMT_FLTP, sampleRate, layout, frame.format as never, sampleRate);
    // Scales a mix of full-scale channels down to full scale; without it, it would clip.
    this.#context.setOption('rematrix_maxval', 1, AV_OPT_TYPE_DOUBLE);
    if (this.#context.init() < 0) throw new Error('these channels cannot be converted');
  }

  convert(frame: Frame): Piece {
    const length = frame.nbSamples;
    const planes = silence(this.#converted, length);
    const count = this.#context.convertSync(asBuffers(planes), length, frame.extendedData, length);
    if (count !== length) throw new Error(`the sample converter failed (${count})`);
    for (const plane of planes) silenceNonFinite(plane);
    return this.#spread(planes);
  }

  /** Mono to two channels is a copy, two to mono the mean; what is more than wanted is dropped. */
  #spread(planes: Piece): Piece {
    const [left, right] = planes as [Float32Array, Float32Array | undefined];
    if (planes.length < this.#channels) return Array.from({ length: this.#channels }, () => left);
    if (this.#channels === 1 && right) return [left.map((sample, i) => (sample + (right[i] ?? 0)) / 2)];
    return planes.slice(0, this.#channels);
  }
}
