#!/usr/bin/env node
// Plain JavaScript that any version of Node reads: an older one cannot run the TypeScript behind it, nor say so.

const needed = 24;
const [major] = process.versions.node.split('.');

if (Number(major) < needed) {
  console.error(
    `retone: Node must be version ${needed} or later (got ${process.versions.node}, ${process.execPath}); ` +
      "npm ci installs the right one in Retone's own folder, https://nodejs.org has it for elsewhere",
  );
  process.exit(1);
} else {
  await import('./main.ts');
}
