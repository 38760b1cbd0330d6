#!/usr/bin/env node
// Plain JavaScript that any version of Node reads: an older one cannot run the TypeScript behind it, nor say so.

const needed = 24;
const [major] = process.versions.node.split('.');

if (Number(major) < needed) {
  console.error(
    `retone: Node must be version ${needed} or later (got ${process.versions.node}, ${process.execPath}); ` +
      "run npx retone in Retone's own folder, where npm ci has installed the right one",
  );
  process.exit(1);
} else {
  await import('./main.ts');
}
