import {
  AV_CHANNEL_ORDER_NATIVE,
  AV_OPT_TYPE_DOUBLE,
  AV_SAMPLE_FMT_DBLP,
  AV_SAMPLE_FMT_FLTP,
  AV_SAMPLE_FMT_S16P,
  AV_SAMPLE_FMT_S32P,
  AV_SAMPLE_FMT_S64P,
  AV_SAMPLE_FMT_U8,
  AV_SAMPLE_FMT_U8P,
} from 'node-av/constants';
import { avChannelLayoutDefault, type Frame, SoftwareResampleContext } from 'node-av/lib';

import { asBuffers, lengthOf, type Piece, silence, silenceNonFinite } from '../piece.ts';

const planarFormats: number[] = [
  AV_SAMPLE_FMT_U8P,
  AV_SAMPLE_FMT_S16P,
  AV_SAMPLE_FMT_S32P,
  AV_SAMPLE_FMT_S64P,
  AV_SAMPLE_FMT_FLTP,
  AV_SAMPLE_FMT_DBLP,
];
type Layout = Frame['channelLayout'];

function contextOf({ sampleRate, format }: Frame, from: Layout, to: Layout): SoftwareResampleContext | undefined {
  const context = new SoftwareResampleContext();
  context.allocSetOpts2(to, AV_SAMPLE_FMT_FLTP, sampleRate, from, format as never, sampleRate);
  // Scales a mix of full-scale channels down to full scale; without it, it would clip.
  context.setOption('rematrix_maxval', 1, AV_OPT_TYPE_DOUBLE);
  return context.init() < 0 ? undefined : context;
}

/** The binding keeps room for this many planes; with more it writes beyond. */
export const mostPlanes = 16;

/** Turns a decoder's frames into floating-point pieces with the wanted channels. */
export class Converter {
  readonly #context: SoftwareResampleContext;
  readonly #channels: number;
  /** Channels that come out of the context; 1 where it takes a frame of many for one long channel. */
  readonly #converted: number;
  readonly #many: boolean;
  readonly #planar: boolean;
  readonly #mixed: boolean;

  /** `channels` of the output; `downmix` mixes all of the file's channels into two instead of keeping the first two. */
  constructor(frame: Frame, channels: number, downmix: boolean) {
    this.#channels = channels;
    this.#many = frame.channels > mostPlanes;
    this.#planar = planarFormats.includes(frame.format);
    const layout = this.#many
      ? avChannelLayoutDefault(1)
      : frame.channelLayout.order === AV_CHANNEL_ORDER_NATIVE
        ? frame.channelLayout
        : avChannelLayoutDefault(frame.channels);
    const named = layout.order === AV_CHANNEL_ORDER_NATIVE;
    const output = downmix && named && layout.nbChannels > 2 ? avChannelLayoutDefault(2) : layout;
    this.#converted = output.nbChannels;
    this.#mixed = output !== layout;
    // The library mixes no layout without speakers in front: such channels are taken as those of the usual layout.
    const context =
      contextOf(frame, layout, output) ?? contextOf(frame, avChannelLayoutDefault(layout.nbChannels), output);
    if (!context) throw new Error('these channels cannot be converted');
    this.#context = context;
  }

  /** @returns the piece, and how many of the samples behind it were not finite and are silent now */
  convert(frame: Frame): { piece: Piece; nonFinite: number } {
    const planes = this.#many ? this.#firstOfMany(frame) : this.#convert(frame.extendedData, frame.nbSamples);
    const nonFinite = planes.reduce((sum, plane) => sum + silenceNonFinite(plane), 0);
    return { piece: this.#spread(planes), nonFinite };
  }

  /** Whether a frame that came out silent has sound in channels that the mix leaves out: the bass effects (LFE) of a film. */
  leavesOut({ extendedData, format }: Frame): boolean {
    // Of all sample formats only that of 8 bits is not zero where it is silent.
    return (
      this.#mixed &&
      format !== AV_SAMPLE_FMT_U8 &&
      (extendedData ?? []).some((plane) => plane.some((byte) => byte !== 0))
    );
  }

  #convert(data: Buffer[] | null, length: number): Piece {
    const planes = silence(this.#converted, length);
    const count = this.#context.convertSync(asBuffers(planes), length, data, length);
    if (count !== length) throw new Error(`the sample converter failed (${count})`);
    return planes;
  }

  /** The channels that are wanted of a frame with more planes than the binding has room for. */
  #firstOfMany({ extendedData, nbSamples, channels }: Frame): Piece {
    const wanted = Math.min(this.#channels, 2);
    if (this.#planar) return extendedData!.slice(0, wanted).flatMap((plane) => this.#convert([plane], nbSamples));
    const [all] = this.#convert(extendedData, nbSamples * channels) as [Float32Array];
    return Array.from({ length: wanted }, (_, c) =>
      Float32Array.from({ length: nbSamples }, (_, i) => all[i * channels + c]!),
    );
  }

  /** Mono to two channels is a copy, two to mono the mean; what is more than wanted is dropped. */
  #spread(planes: Piece): Piece {
    const [left, right] = planes as [Float32Array, Float32Array | undefined];
    if (planes.length < this.#channels && planes.length <= 1) return Array.from({ length: this.#channels }, () => left);
    if (planes.length < this.#channels)
      return Array.from({ length: this.#channels }, (_, c) => planes[c] ?? new Float32Array(lengthOf(planes)));
    if (this.#channels === 1 && right) return [left.map((sample, i) => (sample + (right[i] ?? 0)) / 2)];
    return planes.slice(0, this.#channels);
  }
}
