import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { nodePath } from './entrants.js';

// Within the package, so that its dependencies are found.
const folder = fileURLToPath(new URL('../../build/imports', import.meta.url));

/** How long processes took, ms, a number for each round. */
export interface ImportTimes<Name extends string> {
  /** One that imports nothing. */
  readonly baseline: readonly number[];
  /** How much longer the others took. */
  readonly more: Readonly<Record<Name, readonly number[]>>;
}

/** Starts a process that imports nothing, and one for each list of modules or paths, in turn. The first round, which fills the caches, does not count. */
export function importContest<Name extends string>(
  node: string,
  imports: Readonly<Record<Name, readonly string[]>>,
  rounds: number,
): ImportTimes<Name> {
  mkdirSync(folder, { recursive: true });
  const empty = write('nothing', []);
  const files = (Object.keys(imports) as Name[]).map((name, index) => ({
    name,
    file: write(String(index), imports[name]),
    times: [] as number[],
  }));
  const baseline: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const least = time(node, empty);
    if (round >= 0) baseline.push(least);
    for (const { file, times } of files) {
      const taken = time(node, file);
      if (round >= 0) times.push(taken - least);
    }
  }
  const more = Object.fromEntries(files.map(({ name, times }) => [name, times])) as Record<Name, number[]>;
  return { baseline, more };
}

function write(name: string, modules: readonly string[]): string {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, modules.map((module) => `import '${module}';\n`).join(''));
  return file;
}

function time(node: string, file: string): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(nodePath(node), [file], { encoding: 'utf8' });
  const taken = performance.now() - start;
  if (status !== 0) throw new Error(`${file} did not end well:\n${stderr}`);
  return taken;
}
