// Builds the addon and puts it where the package looks for it. `npm run build:native -- --release` for measuring and packing.
// Without it the workspace is built as `cargo build` builds it: building one package alone would choose other features for
// its dependencies and rebuild them.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = join(dirname(fileURLToPath(import.meta.url)), '..');
const release = process.argv.includes('--release');
const build = spawnSync(
  'cargo',
  [
    'build',
    '-p',
    'polyspan-node',
    '--message-format=json-render-diagnostics',
    ...(release ? ['--release'] : []),
  ],
  { cwd: here, stdio: ['inherit', 'pipe', 'inherit'], encoding: 'utf8', maxBuffer: 1 << 28 },
);
if (build.error) {
  console.error(`polyspan: cannot run cargo (${build.error.message}); install Rust from https://rustup.rs`);
  process.exit(1);
}
if (build.status !== 0) process.exit(build.status ?? 1);
const library = build.stdout
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line))
  .filter((message) => message.reason === 'compiler-artifact' && message.target.name === 'polyspan_node')
  .flatMap((message) => message.filenames)
  .find((file) => /\.(so|dylib|dll)$/.test(file));
if (library === undefined) {
  console.error('polyspan: cargo built no library for polyspan-node');
  process.exit(1);
}
const target = join(here, 'native', 'polyspan.node');
mkdirSync(dirname(target), { recursive: true });
// Renamed into place: a program that has the old file mapped keeps it whole.
copyFileSync(library, `${target}.new`);
renameSync(`${target}.new`, target);
console.log(`polyspan: ${target} (${release ? 'release' : 'development'} profile)`);
