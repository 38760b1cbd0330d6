/** Blocks that are measured, and how far they are apart, in seconds. */
const block = 0.4;
const step = 0.1;
/** Blocks below count as silence, in LUFS; so do those so many LU below the mean of the others. */
const silence = -70;
const relativeGate = 10;

/**
 * Integrated loudness in LUFS after ITU-R BS.1770-4 and EBU R128, all channels (of samples in -1..1) weighted alike;
 * -Infinity for silence. What is shorter than a block (400 ms) is measured as one. The page measures with this too.
 */
export function integratedLoudness(channels: readonly Float32Array[], sampleRate: number): number {
  const samples = channels[0]?.length ?? 0;
  const hop = Math.round(step * sampleRate);
  const cells = new Float64Array(Math.ceil(samples / hop));
  for (const channel of channels) addPower(channel, sampleRate, hop, cells);
  const width = Math.min(Math.round(block / step), cells.length);
  const size = Math.min(Math.round(block * sampleRate), samples);
  const powers: number[] = [];
  for (let first = 0; first + width <= cells.length; first++) {
    let sum = 0;
    for (let cell = first; cell < first + width; cell++) sum += cells[cell]!;
    powers.push(sum / size);
  }
  const sounding = powers.filter((power) => level(power) > silence);
  const gate = level(mean(sounding)) - relativeGate;
  return level(mean(sounding.filter((power) => level(power) > gate)));
}

const level = (power: number) => -0.691 + 10 * Math.log10(power);
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);

/** Adds a channel's K-weighted energy to cells of `hop` samples. */
function addPower(channel: Float32Array, sampleRate: number, hop: number, cells: Float64Array): void {
  const shelf = highShelf(sampleRate);
  const pass = highPass(sampleRate);
  let [a1, a2, b1, b2] = [0, 0, 0, 0];
  for (let i = 0; i < channel.length; i++) {
    const x = channel[i]!;
    const y = shelf.b0 * x + a1;
    a1 = shelf.b1 * x - shelf.a1 * y + a2;
    a2 = shelf.b2 * x - shelf.a2 * y;
    const z = pass.b0 * y + b1;
    b1 = pass.b1 * y - pass.a1 * z + b2;
    b2 = pass.b2 * y - pass.a2 * z;
    cells[Math.floor(i / hop)]! += z * z;
  }
}

// BS.1770 gives the filters' coefficients at 48 kHz. These are the analogue filters behind them, for any rate.

function highShelf(sampleRate: number) {
  const k = Math.tan((Math.PI * 1681.974450955533) / sampleRate);
  const [q, gain] = [0.7071752369554196, 10 ** (3.999843853973347 / 20)];
  const middle = gain ** 0.4996667741545416;
  const a0 = 1 + k / q + k * k;
  return {
    b0: (gain + (middle * k) / q + k * k) / a0,
    b1: (2 * (k * k - gain)) / a0,
    b2: (gain - (middle * k) / q + k * k) / a0,
    a1: (2 * (k * k - 1)) / a0,
    a2: (1 - k / q + k * k) / a0,
  };
}

function highPass(sampleRate: number) {
  const k = Math.tan((Math.PI * 38.13547087602444) / sampleRate);
  const q = 0.5003270373238773;
  const a0 = 1 + k / q + k * k;
  return { b0: 1, b1: -2, b2: 1, a1: (2 * (k * k - 1)) / a0, a2: (1 - k / q + k * k) / a0 };
}
