import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// The package onnxruntime-node has the binaries of all systems in it (288 MB), and an install script that downloads CUDA from
// elsewhere. It is published again in parts, unchanged but for that: @retone/onnxruntime-<system>-<processor> for each, of which
// npm installs the one that fits, and @retone/onnxruntime, which loads it.

/** Puts the packages together in a folder, for every system or for this one alone. @returns their folders */
export function onnxRuntimePackages(staging: string, everySystem: boolean): string[] {
  const installed = join(import.meta.dirname, '../node_modules/onnxruntime-node');
  const { version, license, dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  const from = everySystem ? whole(version, join(staging, '../onnxruntime')) : installed;
  const common = { version, license, publishConfig: { access: 'public', provenance: true } };
  const native = join(from, 'bin/napi-v6');
  const platforms = readdirSync(native).flatMap((os) => readdirSync(join(native, os)).map((cpu) => ({ os, cpu })));

  const isThis = ({ os, cpu }: { os: string; cpu: string }) => os === process.platform && cpu === process.arch;
  const folders = platforms
    .filter((each) => everySystem || isThis(each))
    .map(({ os, cpu }) => {
      const name = `@retone/onnxruntime-${os}-${cpu}`;
      const target = join(staging, name);
      cpSync(join(from, 'dist'), join(target, 'dist'), {
        recursive: true,
        filter: (path) => !/\.(map|d\.ts)$/.test(path),
      });
      cpSync(join(native, os, cpu), join(target, 'bin/napi-v6', os, cpu), { recursive: true });
      cpSync(join(from, 'README.md'), join(target, 'README.md'));
      cpSync(join(import.meta.dirname, 'onnxruntime-licence.txt'), join(target, 'LICENSE'));
      manifest(target, {
        name,
        ...common,
        description: `ONNX Runtime ${version} for ${os} on ${cpu}: onnxruntime-node without the binaries of other systems`,
        os: [os],
        cpu: [cpu],
        main: 'dist/index.js',
        dependencies: { 'onnxruntime-common': dependencies['onnxruntime-common'] },
      });
      return target;
    });

  const name = '@retone/onnxruntime';
  const target = join(staging, name);
  manifest(target, {
    name,
    ...common,
    description: `ONNX Runtime ${version} with the binaries of one system`,
    type: 'module',
    exports: './index.js',
    optionalDependencies: Object.fromEntries(platforms.map(({ os, cpu }) => [`${name}-${os}-${cpu}`, version])),
  });
  writeFileSync(join(target, 'index.js'), loader);
  return [...folders, target];
}

/** The whole package: what is installed has only this system's binaries (prune.mjs). @returns its folder */
function whole(version: string, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const tarball = execFileSync('npm', ['pack', '--silent', `onnxruntime-node@${version}`], {
    cwd: folder,
    encoding: 'utf8',
  });
  execFileSync('tar', ['-xzf', tarball.trim()], { cwd: folder });
  return join(folder, 'package');
}

const loader = `import { createRequire } from 'node:module';

const name = \`@retone/onnxruntime-\${process.platform}-\${process.arch}\`;
let runtime;
try {
  runtime = createRequire(import.meta.url)(name);
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND' || !error.message.includes(name)) throw error;
  throw new Error(
    \`ONNX Runtime must be installed for \${process.platform} on \${process.arch} (\${name} is missing); install again without --omit=optional\`,
  );
}
export const { env, InferenceSession, listSupportedBackends, Tensor } = runtime;
`;

function manifest(target: string, content: object): void {
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(content, null, 2)}\n`);
}
