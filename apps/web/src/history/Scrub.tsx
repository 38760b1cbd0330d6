import { useEffect, useRef } from 'react';
import type { Facts } from '../sound/facts.ts';
import { factsOf, type Load } from '../sound/sounds.ts';
import { Waveform } from '../stage/Waveform.tsx';

interface Props {
  sound: string;
  load: Load;
  facts: Facts | undefined;
  label: string;
  /** Called with a share of the sound, 0 to 1. */
  onSeek(at: number): void;
}

const whole = { from: 0, to: 1 };

/** A result's waveform, once it comes into view; a click plays from there. */
export function Scrub({ sound, load, facts, label, onSeek }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  const wanted = useRef(load);
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => {
      if (!entry?.isIntersecting) return;
      observer.disconnect();
      factsOf(sound, wanted.current).catch(() => {});
    });
    observer.observe(button.current!);
    return () => observer.disconnect();
  }, [sound]);
  return (
    <button
      type="button"
      className="scrub"
      ref={button}
      aria-label={`Play “${label}” from a point`}
      onClick={({ clientX, currentTarget }) => {
        const { left, width } = currentTarget.getBoundingClientRect();
        onSeek(clientX === 0 ? 0 : Math.max(0, (clientX - left) / width));
      }}
    >
      {facts && <Waveform facts={facts} part={whole} />}
    </button>
  );
}
