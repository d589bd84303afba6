import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Runs the built program to its end. */
async function run(...args: string[]): Promise<Result> {
  return runWith({}, ...args);
}

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The same with an environment, and with a standard input that stays open; `type` is written to it once `out` matches `when`. */
async function runWith(
  options: { env?: Record<string, string>; openInput?: boolean; when?: RegExp; type?: string },
  ...args: string[]
): Promise<Result> {
  if (!existsSync(main)) throw new Error('apps/demo is not built; "npm test" builds it, and so does "npm run build"');
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  if (options.openInput !== true) child.stdin.end();
  let out = '';
  let err = '';
  let isTyped = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    if (isTyped || options.when?.test(out) !== true) return;
    isTyped = true;
    child.stdin.write(options.type);
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
      /^device {2}connected to .*DTLS 1\.2, TLS_PSK_WITH_AES_128_CCM_8, full handshake in 3 round trips, \d+ ms$/m,
      /^device {2}Register → 2\.01 Created, location \/rd\/\S+/m,
      /^server {4}\/3\/0\/0 Manufacturer = "avs-net"$/m,
      /(?:^server {4}notification: \S+ °C\n(?:device .*\n)*){3}/m,
      /^server {2}wrote "Europe\/Warsaw" to \/3\/0\/15 and read it back$/m,
      /^device {2}Update → 2\.04 Changed$/m,
      /^server {2}the device's process was killed/m,
      /^device {2}connected to .*, resumed in 2 round trips, \d+ ms$/m,
      /^device {2}the registration \/rd\/\S+ goes on, without a Register$/m,
      /^server {2}the registration \/rd\/\S+ and the observation go on: there was no second Register$/m,
      /^device {2}Deregister → 2\.02 Deleted$/m,
      /^server {2}all of it happened as it should$/m,
    ];
    for (const step of steps) expect(out).toMatch(step);
    expect(out.match(/^device {2}Register /gm)).toHaveLength(1);
  });

  it('demo --cid shows a device that is killed and goes on without a handshake', { timeout: 60_000 }, async () => {
    const { code, out, err } = await run('demo', '--cid');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(
      /^device {2}connected to .*: goes on without a handshake, a connection ID of 8 bytes, \d+ ms$/m,
    );
    expect(out).toMatch(/^server {2}"thermo-1-identity" has moved from \S+ to \S+, and its association goes on$/m);
    expect(out.match(/handshake complete/g)).toHaveLength(1);
    expect(out.match(/^device {2}Register /gm)).toHaveLength(1);
  });

  it('demo --nat shows what a connection ID does for a registration, and ends well', { timeout: 60_000 }, async () => {
    const { code, out, err } = await run('demo', '--nat');
    expect(err).toBe('');
    expect(code).toBe(0);
    const [withCid = '', without = ''] = out.split('and once more without a connection ID');
    for (const step of [
      /^device {2}connected to .*, a connection ID of 8 bytes, \d+ ms$/m,
      /^server {2}the NAT forgets the device: .*$/m,
      /^server {2}"thermo-1-identity" has moved from \S+ to \S+, and its association goes on$/m,
      /^server {2}the registration and the observation go on, .*: no handshake, and no Update$/m,
    ]) {
      expect(withCid).toMatch(step);
    }
    expect(withCid.match(/handshake complete/g)).toHaveLength(1);
    for (const step of [
      /^server {2}the server has dropped \d+ records from the new port/m,
      /^device {2}the registration \/rd\/\S+ goes on, without a Register$/m,
      /^server {2}it took a handshake and an Update to bring the device back$/m,
      /^server {2}all of it happened as it should$/m,
    ]) {
      expect(without).toMatch(step);
    }
    expect(without.match(/handshake complete/g)).toHaveLength(2);
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
    [['client', '-u', 'coaps://:topsecret@127.0.0.1', '-e', 'x', '-i', 'me', '-k', '00'], /-u: .* a password in it/],
    [['client', '-u', 'coap://127.0.0.1', '-e', 'x', '-k', '00'], /or leave them out/],
    [['client', '-u', 'coap://127.0.0.1', '-e', 'x', '--session-file', 'none/x'], /coap:\/\/ has no security, and no/],
    [
      ['client', '-u', 'coaps://127.0.0.1', '-e', 'x', '-i', 'me', '-k', '00', '--session-file', 'none/x'],
      /--session-file: none\/x cannot be used \(ENOENT/,
    ],
    [
      ['client', '-u', 'coaps://127.0.0.1', '-e', 'x', '-i', 'me', '-k', '00', '--server-name', 'a b'],
      /serverNameIndication/,
    ],
    [['server'], /give --psk identity:hexkey/],
    [['demo', '--nat', '--backend', 'openssl'], /--cid: the backend openssl has no connection IDs/],
    [
      ['server', '--psk', 'a:00', '--psk', 'b:11', '--psk', 'a:22'],
      /--psk: number 3 has the identity of an earlier one/,
    ],
    [['server', '--no-security', '--host', 'name.invalid'], /name\.invalid:5683: the name does not resolve/],
    [['server', '--psk', 'a:00', '--host', 'name.invalid'], /name\.invalid:5684: the name does not resolve/],
  ])('%s ends with exit code 1 and a line that says why', { timeout: 30_000 }, async (args, reason) => {
    const { code, err } = await run(...args);
    expect(code).toBe(1);
    expect(err).toMatch(reason);
    expect(err).not.toMatch(/^\s+at /m);
  });

  it.each([[['--psk', 'me:00']], [['--no-security']]])(
    'server %s ends when its port is taken, also while its input is open',
    { timeout: 30_000 },
    async (args) => {
      const holder = createSocket('udp4').bind(0, '127.0.0.1');
      await once(holder, 'listening');
      const { port } = holder.address();
      const address = ['--host', '127.0.0.1', '--port', String(port)];
      const { code, err } = await runWith({ openInput: true }, 'server', ...address, ...args);
      holder.close();
      expect(code).toBe(1);
      expect(err).toContain(`127.0.0.1:${port} is in use already`);
    },
  );

  it('server runs until it is told to quit', { timeout: 30_000 }, async () => {
    const typed = { openInput: true, when: /^listening on coaps:/m, type: 'list\nquit\n' };
    const { code, out, err } = await runWith(typed, 'server', '--host', '127.0.0.1', '--port', '0', '--psk', 'me:00');
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('no device is registered');
  });

  it('client does not mind a key in the environment where there is no security', { timeout: 30_000 }, async () => {
    const env = { AVS_DEMO_KEY: '00112233' };
    const holder = createSocket('udp4').bind(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address();
    holder.close();
    const { code, out, err } = await runWith({ env }, 'client', '-u', `coap://127.0.0.1:${port}`, '-e', 'x');
    expect(code).toBe(1);
    expect(out).toContain('plain UDP to 127.0.0.1');
    expect(err).toMatch(/nothing listens at/);
  });
});
