import { useEffect, useRef } from 'react';
import { useTheme } from '../shared/theme.ts';
import { spectrogramOf } from '../sound/analysis.ts';
import type { Sound } from '../sound/sound.ts';

const rows = 128;
const mostColumns = 1400;

/** What is heard over time and pitch, low to high. */
export function Spectrogram({ sound, share }: { sound: Sound; share: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dark = useTheme((theme) => theme.dark);
  useEffect(() => {
    let gone = false;
    const columns = Math.max(64, Math.min(mostColumns, Math.round(window.innerWidth * share)));
    void spectrogramOf(sound.held, columns, rows).then((levels) => {
      const { current } = canvas;
      if (gone || !current) return;
      current.width = columns;
      current.height = rows;
      const context = current.getContext('2d')!;
      const image = context.createImageData(columns, rows);
      const colours = dark ? darkColours : lightColours;
      const pixels = new Uint32Array(image.data.buffer);
      for (let i = 0; i < levels.length; i++) pixels[i] = colours[levels[i]!]!;
      context.putImageData(image, 0, 0);
    });
    return () => {
      gone = true;
    };
  }, [sound, share, dark]);
  return <canvas className="spectrogram" ref={canvas} />;
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
