// Runs this package's tests on an addon that was built with AddressSanitizer and UndefinedBehaviorSanitizer, then looks for leaks with
// LeakSanitizer. Linux, with GCC. The memory test is left out: a sanitizer keeps what was freed.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(dirname(packageRoot));
const build = [join(packageRoot, 'native/build.mjs'), '--required'];
const libraries = ['libasan.so', 'libubsan.so', 'libstdc++.so'].map((name) =>
  execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim(),
);
const sanitized = {
  ...process.env,
  LD_PRELOAD: libraries.join(' '),
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
};

run([...build, '--sanitize']);
try {
  const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'unit'];
  const folder = join(packageRoot, 'test');
  const tests = readdirSync(folder).filter((name) => name.endsWith('.test.ts') && !/^(cycles|build)\./.test(name));
  // Vitest's processes do not end in a way that leaks could be told from what is still in use.
  run([...vitest, ...tests.map((name) => join(folder, name))], { ...sanitized, ASAN_OPTIONS: 'detect_leaks=0' });
  run([join(packageRoot, 'scripts/leaks.mjs')], { ...sanitized, ASAN_OPTIONS: 'detect_leaks=1' });
} finally {
  run(build);
}

function run(args, env = process.env) {
  const { status, signal } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env });
  if (status !== 0) {
    process.exitCode = 1;
    throw new Error(`node ${args.join(' ')} ended with ${signal ?? status}`);
  }
}
