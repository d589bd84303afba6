// Packages from npm that are no dependencies of ours, since only the matrix of Node versions and the bench want them: other versions of
// Node, and what does not install on the oldest one. `node scripts/npm-tool.mjs node@26` prints the folder that it is in.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const windows = process.platform === 'win32';

/** The folder of a package such as `node@26`, installed once. */
export function npmTool(spec) {
  const name = spec.slice(0, spec.lastIndexOf('@'));
  const prefix = join(root, 'node_modules/.cache/npm-tools', spec);
  const folder = join(prefix, 'node_modules', name);
  if (existsSync(folder)) return folder;
  mkdirSync(prefix, { recursive: true });
  const args = [
    'install',
    '--prefix',
    prefix,
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--engine-strict=false',
    spec,
  ];
  const { status, error } = spawnSync(windows ? 'npm.cmd' : 'npm', args, {
    cwd: prefix,
    stdio: ['ignore', process.stderr, process.stderr],
    shell: windows,
  });
  if (status !== 0) throw new Error(`npm could not install ${spec}: ${error?.message ?? `exit code ${status}`}`);
  return folder;
}

/** The path of a Node of that major version. */
export function nodeOfVersion(version) {
  return join(npmTool(`node@${version}`), 'bin', windows ? 'node.exe' : 'node');
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.stdout.write(`${npmTool(process.argv[2])}\n`);
}
