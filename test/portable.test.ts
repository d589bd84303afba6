import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

function run(script: string): { status: number | null; stdout: string; stderr: string } {
  const args = ['--import', fixture('without-node.mjs'), fixture(script)];
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
}

it('the portable entries complete a handshake where no module and no global of Node is there', () => {
  expect(run('portable-handshake.mjs')).toMatchObject({
    status: 0,
    stdout: 'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256 undefined\n',
  });
});

it('the entry for Node does not load there, so the test above can fail', () => {
  const { status, stderr } = run('node-entry.mjs');
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/node:\w+ is not there/);
});
