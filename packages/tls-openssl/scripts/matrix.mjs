// Proves that one binary serves every supported Node: builds it as it would be published, against the headers of the running Node (20),
// then runs this package's tests with it on real binaries of the others, from npm's `node` packages.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeOfVersion } from '../../../scripts/npm-tool.mjs';

const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(dirname(packageRoot));
const versions = process.argv.length > 2 ? process.argv.slice(2) : ['22', '24', '26'];

run(process.execPath, [join(packageRoot, 'native/prebuild.mjs')]);
test(process.execPath);
for (const version of versions) test(nodeOfVersion(version));
// The binary in native/build is gone with the one that was published; tests of the workspace want it back.
run(process.execPath, [join(packageRoot, 'native/build.mjs'), '--required']);

function test(node) {
  const env = { ...process.env, PREBUILDS_ONLY: '1', AVS_CYCLES: '500' };
  run(node, ['-p', '"Node " + process.version + ", OpenSSL " + process.versions.openssl']);
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  run(node, [vitest, 'run', '--project', 'unit', join(packageRoot, 'test')], env);
}

function run(command, args, env = process.env) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  if (status !== 0) {
    process.stderr.write(`${command} ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}\n`);
    process.exit(1);
  }
}
