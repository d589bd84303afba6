import { spawnSync } from 'node:child_process';

/** All that a command prints when it is run to its end; undefined when it is not installed. */
export function outputOf(command: string, args: readonly string[]): string | undefined {
  const { error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (error === undefined) return stdout + stderr;
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}

/**
 * The first group of `pattern` in what a command prints about its version; undefined when the command is not installed.
 * @throws Error the command is there and prints no such thing.
 */
export function versionOf(command: string, args: readonly string[], pattern: RegExp): string | undefined {
  const output = outputOf(command, args);
  if (output === undefined) return undefined;
  const version = pattern.exec(output)?.[1];
  if (version === undefined) throw new Error(`${command} ${args.join(' ')} did not say a version: ${output}`);
  return version;
}
