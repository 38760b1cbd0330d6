import { useMemo } from 'react';
import { useTheme } from '../shared/theme.ts';
import type { Facts } from '../sound/facts.ts';
import { type Part, useCanvas } from './useCanvas.ts';

/** A part of a sound over time and pitch, low to high. */
export function Spectrogram({ facts, part }: { facts: Facts; part: Part }) {
  const dark = useTheme((theme) => theme.dark);
  const { spectrogram } = facts;
  const image = useMemo(() => coloured(spectrogram, dark ? darkColours : lightColours), [spectrogram, dark]);
  const canvas = useCanvas(
    (context, width, height) => {
      const x = part.from * image.width;
      context.drawImage(image, x, 0, part.to * image.width - x, image.height, 0, 0, width, height);
    },
    [image, part.from, part.to],
  );
  return <canvas className="spectrogram" ref={canvas} />;
}

function coloured({ columns, rows, levels }: Facts['spectrogram'], colours: Uint32Array): OffscreenCanvas {
  const image = new OffscreenCanvas(columns, rows);
  const context = image.getContext('2d')!;
  const data = context.createImageData(columns, rows);
  const pixels = new Uint32Array(data.data.buffer);
  for (let i = 0; i < levels.length; i++) pixels[i] = colours[levels[i]!]!;
  context.putImageData(data, 0, 0);
  return image;
}

type Colour = [number, number, number];

/** 256 colours from silence to full scale, as the words of ImageData (alpha, blue, green, red). */
function ramp(stops: Colour[]): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, level) => {
    const at = (level / 255) ** 1.4 * (stops.length - 1);
    const index = Math.min(stops.length - 2, Math.floor(at));
    const [from, to] = [stops[index]!, stops[index + 1]!];
    const mix = from.map((value, c) => Math.round(value + (to[c]! - value) * (at - index))) as Colour;
    return (255 << 24) | (mix[2] << 16) | (mix[1] << 8) | mix[0];
  });
}

const lightColours = ramp([
  [246, 247, 248],
  [244, 214, 196],
  [226, 122, 66],
  [140, 45, 16],
  [48, 16, 10],
]);
const darkColours = ramp([
  [16, 18, 20],
  [62, 28, 20],
  [170, 62, 24],
  [255, 148, 84],
  [255, 240, 214],
]);
