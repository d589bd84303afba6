import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** How a peer's own program is made. */
export interface Build {
  /** What is made; its folder is made too. */
  readonly output: string;
  /** The files that it is made of. */
  readonly sources: readonly string[];
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

/**
 * Makes a program unless it was made of the same sources with the same command. False when the command is not installed.
 * @throws Error with all that the command printed, when it fails.
 */
export function buildOnce({ output, sources, command, args, cwd }: Build): boolean {
  const hash = createHash('sha256').update(JSON.stringify([command, args]));
  for (const source of sources) hash.update(readFileSync(source));
  const digest = hash.digest('hex');
  const stamp = `${output}.stamp`;
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return true;
  mkdirSync(dirname(output), { recursive: true });
  rmSync(stamp, { force: true });
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (error !== undefined) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`);
  writeFileSync(stamp, digest);
  return true;
}
