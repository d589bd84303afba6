import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

let usable: readonly number[] | undefined;

/** The cores that programs may be put on; none where that is not possible, which takes Linux and `taskset`. */
export function usableCores(): readonly number[] {
  usable ??= process.platform === 'linux' && spawnSync('taskset', ['--version']).status === 0 ? allowedCores() : [];
  return usable;
}

function allowedCores(): readonly number[] {
  const [, list = ''] = /^Cpus_allowed_list:\s*(\S*)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return coresOf(list);
}

/** The cores of a list as Linux writes it: `0-2,5`. */
export function coresOf(list: string): readonly number[] {
  return list.split(',').flatMap((range) => {
    if (range === '') return [];
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** The command that runs a program on one core only; the program as it is where there is no such core. */
export function onCore(
  core: number | undefined,
  command: string,
  args: readonly string[],
): readonly [string, readonly string[]] {
  return core === undefined ? [command, args] : ['taskset', ['-c', String(core), command, ...args]];
}
