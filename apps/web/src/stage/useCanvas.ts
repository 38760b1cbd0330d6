import { useEffect, useEffectEvent, useRef } from 'react';
import { useTheme } from '../shared/theme.ts';

/** What part of a sound is drawn: shares of its duration. */
export interface Part {
  from: number;
  to: number;
}

/**
 * A canvas that is drawn as large as it is shown, and again when that, the theme, or one of the values in `shown` changes: always as many,
 * and all that the drawing depends on.
 */
export function useCanvas(
  draw: (context: CanvasRenderingContext2D, width: number, height: number) => void,
  shown: readonly unknown[],
) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dark = useTheme((theme) => theme.dark);
  const paint = useEffectEvent(() => {
    const { current } = canvas;
    if (!current) return;
    const scale = Math.min(devicePixelRatio, 2);
    const { clientWidth, clientHeight } = current;
    if (clientWidth === 0) return;
    current.width = Math.round(clientWidth * scale);
    current.height = Math.round(clientHeight * scale);
    const context = current.getContext('2d')!;
    context.scale(scale, scale);
    draw(context, clientWidth, clientHeight);
  });
  useEffect(() => {
    const observer = new ResizeObserver(() => paint());
    observer.observe(canvas.current!);
    return () => observer.disconnect();
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme and the values say when to draw again
  useEffect(() => paint(), [dark, ...shown]);
  return canvas;
}
