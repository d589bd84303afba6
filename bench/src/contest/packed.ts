import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const packages = fileURLToPath(new URL('../../../packages', import.meta.url));

/** What npm would publish. */
export interface PackedSize {
  readonly name: string;
  /** Bytes of the archive. */
  readonly packed: number;
  /** Bytes of the files in it. */
  readonly unpacked: number;
  readonly files: number;
}

/** Asks npm how large the package in a folder of packages/ is. */
export function packedSize(folder: string): PackedSize {
  const windows = process.platform === 'win32';
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const printed = execFileSync(windows ? 'npm.cmd' : 'npm', args, {
    cwd: `${packages}/${folder}`,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: windows,
  });
  const [{ name, size, unpackedSize, entryCount }] = JSON.parse(printed);
  return { name, packed: size, unpacked: unpackedSize, files: entryCount };
}
