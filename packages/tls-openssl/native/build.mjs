// Builds the addon with node-gyp, into native/build. Without a C++ compiler the package is built without it, says so, and works no
// further than its capabilities tell; `--required` makes that a failure. `--sanitize`: with AddressSanitizer and
// UndefinedBehaviorSanitizer, for tests.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { headersPrefix } from './headers.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const required = process.argv.includes('--required');
const sanitize = process.argv.includes('--sanitize');
const addon = join(here, 'build/Release/avs_tls_openssl.node');
const stamp = join(here, 'build/flavour');
const flavour = sanitize ? 'sanitized' : 'plain';

if (!upToDate()) build();

function upToDate() {
  if (!existsSync(addon) || !existsSync(stamp) || readFileSync(stamp, 'utf8') !== flavour) return false;
  const built = statSync(addon).mtimeMs;
  const sources = readdirSync(here).filter((name) => /\.(cc|h|gyp)$/.test(name));
  return sources.every((name) => statSync(join(here, name)).mtimeMs < built);
}

function build() {
  const gyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  const prefix = headersPrefix();
  const nodedir = prefix ? ['--nodedir', prefix] : [];
  const args = [gyp, 'rebuild', '-C', here, '-j', '2', ...nodedir, '--', `-Dsanitize=${sanitize}`];
  const { status, stdout, stderr, error } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status === 0 && existsSync(addon)) {
    writeFileSync(stamp, flavour);
    return;
  }
  const output = `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`;
  process.stderr.write(`${explain(output)}\n`);
  if (required) process.exit(1);
}

function explain(output) {
  const otherwise =
    'Everything else works without it: @avs-net/tls-pure needs no addon. To build it later: npm run build:native in packages/tls-openssl.';
  const tools = process.platform === 'win32' ? ['cl'] : ['c++', 'make'];
  const missing = tools.filter((tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).error);
  if (missing.length > 0) {
    return (
      `@avs-net/tls-openssl: the addon was not built, ${missing.join(' and ')} not found. It needs a C++17 compiler, make and Python 3 ` +
      `(Debian: apt install g++ make python3; macOS: xcode-select --install; Windows: Visual Studio Build Tools). ${otherwise}`
    );
  }
  const errors = output.split('\n').filter((line) => /error|ERR!/i.test(line));
  return `@avs-net/tls-openssl: the addon was not built. ${otherwise}\n${errors.slice(0, 20).join('\n')}`;
}
