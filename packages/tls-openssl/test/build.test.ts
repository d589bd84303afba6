import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const packageRoot = fileURLToPath(new URL('..', import.meta.url));

/** Builds a copy of the addon's sources in an environment of its own. */
function build(args: readonly string[], env: NodeJS.ProcessEnv) {
  mkdirSync(join(packageRoot, 'build'), { recursive: true });
  const copy = mkdtempSync(join(packageRoot, 'build/without-compiler-'));
  try {
    const filter = (path: string): boolean => !/native.(build|prebuilds)$/.test(path);
    cpSync(join(packageRoot, 'native'), join(copy, 'native'), { recursive: true, filter });
    return spawnSync(process.execPath, [join(copy, 'native/build.mjs'), ...args], { env, encoding: 'utf8' });
  } finally {
    rmSync(copy, { recursive: true });
  }
}

describe('building the addon on a machine without a C++ compiler', () => {
  it('says what to install and what works all the same, and does not fail the build of everything else', () => {
    const { status, stderr } = build([], { PATH: '' });
    expect(stderr).toMatch(/c\+\+ and make not found/);
    expect(stderr).toMatch(/apt install g\+\+ make python3/);
    expect(stderr).toMatch(/@avs-net\/tls-pure needs no addon/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(status).toBe(0);
  });

  it('fails where the addon is required', () => {
    expect(build(['--required'], { PATH: '' }).status).toBe(1);
  });
});
