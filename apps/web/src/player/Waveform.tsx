import { useEffect, useRef } from 'react';
import { useTheme } from '../shared/theme.ts';
import type { Sound } from '../sound/sound.ts';

/** A sound's waveform, as wide as the element that it is in. */
export function Waveform({ sound, height }: { sound: Sound; height: number }) {
  const dark = useTheme((theme) => theme.dark);
  const container = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme gives the colour
  useEffect(() => {
    let gone = false;
    let destroy = () => {};
    void import('wavesurfer.js').then(({ default: WaveSurfer }) => {
      if (gone || !container.current) return;
      const wave = WaveSurfer.create({
        container: container.current,
        height,
        waveColor: getComputedStyle(container.current).color,
        progressColor: 'transparent',
        cursorWidth: 0,
        barWidth: 2,
        barGap: 1,
        barRadius: 2,
        normalize: false,
        interact: false,
        peaks: [sound.peaks],
        duration: sound.duration,
      });
      destroy = () => wave.destroy();
    });
    return () => {
      gone = true;
      destroy();
    };
  }, [sound, height, dark]);
  return <div className="waveform" ref={container} aria-hidden="true" />;
}
