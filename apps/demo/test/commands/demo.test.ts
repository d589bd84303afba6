import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Runs the built program to its end. */
async function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  if (!existsSync(main)) throw new Error('apps/demo is not built; "npm test" builds it, and so does "npm run build"');
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

describe('avs-demo', () => {
  it('demo shows a device and a server at work, and ends well', { timeout: 30_000 }, async () => {
    const { code, out, err } = await run('demo', '--ciphersuites', 'TLS_PSK_WITH_AES_128_CCM_8');
    expect(err).toBe('');
    expect(code).toBe(0);
    const steps = [
      /^server {2}handshake complete: .*DTLS 1\.2, TLS_PSK_WITH_AES_128_CCM_8/m,
      /^device {2}connected to .*DTLS 1\.2, TLS_PSK_WITH_AES_128_CCM_8, \d round trips, \d+ ms$/m,
      /^device {2}Register → 2\.01 Created, location \/rd\/\S+/m,
      /^server {4}\/3\/0\/0 Manufacturer = "avs-net"$/m,
      /(?:^server {4}notification: \S+ °C\n(?:device .*\n)*){3}/m,
      /^server {2}wrote "Europe\/Warsaw" to \/3\/0\/15 and read it back$/m,
      /^device {2}Update → 2\.04 Changed$/m,
      /^device {2}Deregister → 2\.02 Deleted$/m,
      /^server {2}all of it happened as it should$/m,
    ];
    for (const step of steps) expect(out).toMatch(step);
  });

  it('ends without a word when nobody reads its output any more', { timeout: 30_000 }, async () => {
    const child = spawn(process.execPath, [main, 'demo'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let err = '';
    child.stderr.on('data', (text: Buffer) => {
      err += text.toString();
    });
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    expect([code, err]).toEqual([0, '']);
  });

  it.each([
    [['client', '-u', 'coaps://127.0.0.1', '-e', 'x', '-i', 'me', '-k', 'abc'], /odd number of hexadecimal digits/],
    [['client', '-u', 'coaps://127.0.0.1', '-e', 'x'], /needs an identity \(-i\) and a key/],
    [['client', '-u', 'tcp://127.0.0.1', '-e', 'x'], /It is coaps:\/\/host:port/],
    [['client', '-u', 'coaps://name.invalid', '-e', 'x', '-i', 'me', '-k', '00'], /does not resolve/],
    [['client', '-u', 'coaps://127.0.0.1', '-e', 'x', '-i', 'me', '-k', '00', '--backend', 'none'], /is not installed/],
    [['server'], /give --psk identity:hexkey/],
  ])('%s ends with exit code 1 and a line that says why', { timeout: 30_000 }, async (args, reason) => {
    const { code, err } = await run(...args);
    expect(code).toBe(1);
    expect(err).toMatch(reason);
    expect(err).not.toMatch(/^\s+at /m);
  });
});
