import { readFileSync, writeFileSync } from 'node:fs';

// node benchmarks/plot.ts <bench.json> <out.svg>: the times of a benchmark as bars, their stages one after the other.

interface Report {
  results: Record<string, Record<string, { stages: Record<string, { seconds: number }>; version?: string }>>;
}

const [input, output] = process.argv.slice(2) as [string, string];
const { results } = JSON.parse(readFileSync(input, 'utf8')) as Report;

const colours = { text: '#8c6bb1', encode: '#4e9ac7', sample: '#2f6f8f', decode: '#8fc3b4' };
const [left, width, bar, gap, head] = [130, 560, 16, 6, 30];

const parts: string[] = [];
let y = 20;
for (const [stage, i] of Object.keys(colours).map((name, i) => [name as keyof typeof colours, i] as const)) {
  parts.push(`<rect x="${left + i * 90}" y="${y - 10}" width="12" height="12" fill="${colours[stage]}"/>`);
  parts.push(`<text x="${left + 16 + i * 90}" y="${y}">${stage}</text>`);
}
y += 14;
for (const [seconds, measures] of Object.entries(results).sort(([a], [b]) => Number(a) - Number(b))) {
  const total = (subject: string) =>
    Object.keys(colours).reduce((sum, stage) => sum + measures[subject]!.stages[stage]!.seconds, 0);
  const longest = Math.max(...Object.keys(measures).map(total));
  y += head;
  parts.push(`<text x="10" y="${y - 8}" font-weight="bold">${seconds} s of sound</text>`);
  for (const [subject, { stages }] of Object.entries(measures)) {
    let x = left;
    for (const [stage, colour] of Object.entries(colours)) {
      const length = (stages[stage]!.seconds / longest) * width;
      parts.push(`<rect x="${x.toFixed(1)}" y="${y}" width="${length.toFixed(1)}" height="${bar}" fill="${colour}"/>`);
      x += length;
    }
    parts.push(`<text x="${left - 8}" y="${y + 12}" text-anchor="end">${subject.replace('torch-', 'PyTorch ')}</text>`);
    parts.push(`<text x="${(x + 6).toFixed(1)}" y="${y + 12}">${total(subject).toFixed(1)} s</text>`);
    y += bar + gap;
  }
}
const size = `width="${left + width + 70}" height="${y + 10}" viewBox="0 0 ${left + width + 70} ${y + 10}"`;
const style = 'font-family="system-ui, sans-serif" font-size="12" fill="#333"';
writeFileSync(
  output,
  `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${style}><rect width="100%" height="100%" fill="#fff"/>${parts.join('')}</svg>\n`,
);
