// The one door to every task of the repository: `npm run demo`, `npm test`, `npm run build` …
// It needs Node and npm and nothing else: it starts the pinned pnpm through npx, installs what the lockfile says
// if that is not installed yet, builds what has changed, and runs the task.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const [task, ...rest] = process.argv.slice(2);

const installHint =
  "the installation did not succeed; pnpm's own words are above. It needs npm's registry: check the network and the proxy settings " +
  '(npm config get registry), then run the same command again.';

// The second one writes docs/interop.md.
const interopReporters = ['--reporter=default', '--reporter=./interop/src/page-reporter.ts'];

const tasks = {
  demo: () =>
    build('--filter=@avs-net/demo...', ...(rest.includes('openssl') ? [] : ['--filter=!@avs-net/tls-openssl'])) &&
    run(process.execPath, [join(root, 'apps/demo/dist/main.js'), 'demo', ...rest]),
  test: () => build() && bin('vitest', ['run', '--project', 'unit', ...rest]),
  build: () => build(...rest),
  types: () => build() && bin('tsc', ['-p', 'tsconfig.test.json']),
  lint: () => bin('biome', ['check', ...rest]),
  format: () => bin('biome', ['check', '--write', ...rest]),
  interop: () => build() && bin('vitest', ['run', '--project', 'interop', ...interopReporters, ...rest]),
  faults: () => build() && run(process.execPath, [join(root, 'faults/dist/main.js'), ...rest]),
  fuzz: () => build() && run(process.execPath, [join(root, 'fuzz/dist/main.js'), ...rest]),
  bench: () => build() && run(process.execPath, [join(root, 'bench/dist/main.js'), ...rest]),
  pnpm: () => pnpm(rest),
};

checkNode();
if (!Object.hasOwn(tasks, task ?? '')) {
  fail(`unknown task ${task ?? '(none)'}; there are: ${Object.keys(tasks).join(', ')}`);
}
if (task !== 'pnpm') install();
tasks[task]();

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(
      `Node ${process.versions.node} is too old: 20.19 or later is needed. Get it from https://nodejs.org or your package manager.`,
    );
  }
}

/** Installs with the frozen lockfile, unless what is installed already matches it (pnpm keeps a copy of what it installed). */
function install() {
  const wanted = read('pnpm-lock.yaml');
  if (wanted !== undefined && read('node_modules/.pnpm/lock.yaml') === wanted) return;
  pnpm(['install', '--frozen-lockfile', '--prefer-offline']);
}

/** Builds what has changed. What the builders print is shown only when they fail. */
function build(...args) {
  process.stderr.write('avs-net: building what has changed …\n');
  const turbo = ['exec', 'turbo', 'run', 'build', '--output-logs=errors-only', '--log-order=grouped', ...args];
  return pnpm(turbo, { TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1', DO_NOT_TRACK: '1' }, 'quiet');
}

function bin(name, args) {
  return run(join(root, 'node_modules/.bin', process.platform === 'win32' ? `${name}.cmd` : name), args);
}

/** Runs the pinned pnpm. npx keeps it in npm's cache, so only the first call needs the registry. */
function pnpm(args, env = {}, output = 'shown') {
  const pinned = manifest.packageManager.split('+')[0];
  const npx = process.platform === 'win32' ? 'npx.cmd' : 'npx';
  return run(npx, ['--yes', pinned, ...args], {
    env,
    output,
    hint: args[0] === 'install' ? installHint : undefined,
  });
}

/** Runs a command in the root of the repository, and ends this process with its code if it fails. */
function run(command, args, { env = {}, output = 'shown', hint = undefined } = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    stdio: output === 'shown' ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    maxBuffer: 2 ** 28,
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
  });
  if (error?.code === 'ENOENT') {
    fail(`${command} was not found; it comes with Node and npm, or with "npm run pnpm install".`);
  }
  if (error) fail(error.message);
  if (status !== 0) {
    if (stdout) process.stdout.write(stdout);
    if (stderr) process.stderr.write(stderr);
    if (hint) process.stderr.write(`avs-net: ${hint}\n`);
    process.exit(status ?? 1);
  }
  return true;
}

function read(path) {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return undefined;
  }
}

function fail(message) {
  process.stderr.write(`avs-net: ${message}\n`);
  process.exit(1);
}
