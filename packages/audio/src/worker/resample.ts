import { AV_OPT_TYPE_DOUBLE, AV_OPT_TYPE_INT, AV_SAMPLE_FMT_FLTP } from 'node-av/constants';
import { avChannelLayoutDefault, SoftwareResampleContext } from 'node-av/lib';

import { asBuffers, lengthOf, type Piece, silence, slice } from '../piece.ts';

/**
 * Changes the sample rate of a sound that comes in pieces, with FFmpeg's band-limited resampler.
 *
 * The filter is symmetric and its delay is taken out, so phase is kept: output sample n is the input at n / outRate
 * seconds. n input samples give round(n * outRate / inRate).
 */
export class Resampler {
  readonly #context = new SoftwareResampleContext();
  readonly #channels: number;
  readonly #ratio: number;
  #taken = 0;
  #given = 0;

  /** Rates in Hz. */
  constructor(channels: number, inRate: number, outRate: number) {
    this.#channels = channels;
    this.#ratio = outRate / inRate;
    const layout = avChannelLayoutDefault(channels);
    this.#context.allocSetOpts2(layout, AV_SAMPLE_FMT_FLTP, outRate, layout, AV_SAMPLE_FMT_FLTP, inRate);
    // The default filter lets images through at -27 dB. This one passes 97 % of the band and stops what would fold
    // back by more than 110 dB; docs/audio.md has the measurements.
    this.#context.setOption('filter_size', 128, AV_OPT_TYPE_INT);
    this.#context.setOption('kaiser_beta', 12, AV_OPT_TYPE_DOUBLE);
    this.#context.setOption('cutoff', 0.97, AV_OPT_TYPE_DOUBLE);
    if (this.#context.init() < 0) throw new Error(`no resampling from ${inRate} to ${outRate} Hz`);
  }

  /** The output that the input up to now decides. */
  push(piece: Piece): Piece {
    const length = lengthOf(piece);
    this.#taken += length;
    return this.#convert(piece, length, this.#context.getOutSamples(length));
  }

  /** The rest of the output. */
  end(): Piece {
    return this.#convert(null, 0, Math.round(this.#taken * this.#ratio) - this.#given);
  }

  #convert(piece: Piece | null, length: number, room: number): Piece {
    const output = silence(this.#channels, Math.max(0, room));
    if (room <= 0) return output;
    const count = this.#context.convertSync(asBuffers(output), room, piece && asBuffers(piece), length);
    if (count < 0) throw new Error(`the resampler failed (${count})`);
    this.#given += count;
    return slice(output, 0, count);
  }
}
