import type { Tensor } from '@retone/runtime';
import { describe, expect, it } from 'vitest';
import { Structure, structureStrength } from '../src/conditioning/structure.ts';

const sampleRate = 44100;
const config = { pitches: 48, lowest_pitch: 36, hop_length: 512 as const, frames_per_latent: 4 };
const structure = new Structure(config, sampleRate);

function sound(latents: number, at: (seconds: number) => number): Tensor {
  const samples = latents * 2048;
  const one = Float32Array.from({ length: samples }, (_, i) => at(i / sampleRate));
  const data = new Float32Array(2 * samples);
  data.set(one);
  data.set(one, samples);
  return { data, shape: [2, samples] };
}

const tone = (hertz: number) => (seconds: number) =>
  [1, 2, 3, 4, 5, 6].reduce((sum, h) => sum + (0.1 / h) * Math.sin(2 * Math.PI * hertz * h * seconds), 0);
const row = ({ data, shape }: Tensor, channel: number) => data.subarray(channel * shape[1]!, (channel + 1) * shape[1]!);

describe('the structure of a recording', () => {
  it.each([
    [110, 45],
    [220, 57],
    [659.26, 76],
  ])('finds the pitch of a tone of %d Hz', (hertz, note) => {
    const channels = structure.channelsOf(sound(20, tone(hertz)), 1);
    const salience = Array.from({ length: 48 }, (_, p) => row(channels, 3 + p)[10]!);
    expect(salience.indexOf(Math.max(...salience))).toBe(note - 36);
    expect(Math.max(...salience)).toBeGreaterThan(0.6);
  });

  it('moves pitches outside the range by octaves', () => {
    const low = structure.channelsOf(
      sound(20, (t) => 0.3 * Math.sin(2 * Math.PI * 58.27 * t)),
      1,
    ); // B flat 1, below C 2
    const salience = Array.from({ length: 48 }, (_, p) => row(low, 3 + p)[10]!);
    expect(salience.indexOf(Math.max(...salience)) % 12).toBe(10);
  });

  it('places an attack in the frame in which it happens, in the groups of its frequencies', () => {
    const start = (10 * 2048 + 2 * 512) / sampleRate; // third frame of latent 10
    const channels = structure.channelsOf(
      sound(20, (t) => (t < start ? 0 : tone(100)(t - start))),
      1,
    );
    const attacks = Array.from({ length: 80 }, (_, frame) => row(channels, 51 + (frame % 4))[Math.floor(frame / 4)]!);
    const strongest = attacks.indexOf(Math.max(...attacks));
    expect([41, 42]).toContain(strongest); // frames reach half a window beyond their hop
    expect(attacks.filter((value) => value > 0.2).length).toBeLessThanOrEqual(3);
    const high = Array.from({ length: 80 }, (_, frame) => row(channels, 59 + (frame % 4))[Math.floor(frame / 4)]!);
    expect(Math.max(...high)).toBeLessThan(Math.max(...attacks));
  });

  it('is the same for a sound with opposite channels', () => {
    const same = sound(8, tone(220));
    const opposite = { data: same.data.map((v, i) => (i < same.data.length / 2 ? v : -v)), shape: same.shape };
    expect(structure.channelsOf(opposite, 1).data).toEqual(structure.channelsOf(same, 1).data);
  });

  it('scales everything by the strength, and says the strength', () => {
    const audio = sound(8, tone(330));
    const [full, half] = [structure.channelsOf(audio, 1), structure.channelsOf(audio, 0.5)];
    for (let i = 0; i < full.data.length; i++) expect(half.data[i]).toBeCloseTo(full.data[i]! / 2, 6);
    expect(row(full, 0)).toEqual(new Float32Array(8).fill(1));
  });

  it('keeps silence at zero', () => {
    expect(
      structure
        .channelsOf(
          sound(4, () => 0),
          1,
        )
        .data.subarray(3 * 4)
        .every((value) => value === 0),
    ).toBe(true);
  });

  it('is all there up to noise level 0.9, and gone at 1', () => {
    expect([0, 0.5, 0.9, 0.95, 1].map(structureStrength).map((s) => Number(s.toFixed(6)))).toEqual([1, 1, 1, 0.5, 0]);
  });
});
