import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AlertDescription } from '@avs-net/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Serving, startServing } from '../../src/commands/serving.js';
import { Lwm2mServer } from '../../src/lwm2m/server.js';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const key = '000102030405060708090a0b0c0d0e0f';

interface World {
  readonly server: Lwm2mServer;
  readonly events: string[];
  readonly sessionFile: string;
  /** Starts the built device. */
  start(more?: { key?: string }): Device;
}

interface Device {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly exited: Promise<unknown>;
}

async function startWorld(): Promise<World> {
  const server = new Lwm2mServer();
  const events: string[] = [];
  for (const event of ['registered', 'updated', 'resumed', 'deregistered'] as const) {
    server.on(event, () => events.push(event));
  }
  const folder = mkdtempSync(join(tmpdir(), 'avs-demo-'));
  const keys = new Map([['me', new Uint8Array(Buffer.from(key, 'hex'))]]);
  const options = { host: '127.0.0.1', port: 0, keys, backend: 'pure' };
  const serving: Serving = await startServing(server, options, () => {});
  const devices: Device[] = [];
  onTestFinished(async () => {
    for (const { process, exited } of devices) {
      process.kill('SIGKILL');
      await exited;
    }
    server.close();
    await serving.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const sessionFile = join(folder, 'session');
  const start = ({ key: deviceKey = key } = {}): Device => {
    const args = ['-u', `coaps://127.0.0.1:${serving.port}`, '-e', 'thermo', '-i', 'me', '--session-file', sessionFile];
    const process = spawn(globalThis.process.execPath, [main, 'client', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...globalThis.process.env, AVS_DEMO_KEY: deviceKey },
    });
    let text = '';
    for (const stream of [process.stdout, process.stderr]) {
      stream?.setEncoding('utf8').on('data', (more: string) => {
        text += more;
      });
    }
    const device = { process, output: () => text, exited: once(process, 'close') };
    devices.push(device);
    return device;
  };
  return { server, events, sessionFile, start };
}

describe('a device with a session file', () => {
  it('leaves its registration when a service manager ends it, and goes on when started again', {
    timeout: 60_000,
  }, async () => {
    const { server, events, start } = await startWorld();
    const registered = once(server, 'registered');
    const first = start();
    await registered;
    first.process.kill('SIGTERM');
    expect(await first.exited).toEqual([0, null]);
    const updated = once(server, 'updated');
    const second = start();
    await updated;
    expect(events).toEqual(['registered', 'resumed', 'updated']);
    expect(await server.device('thermo').read([3, 0, 0])).toMatchObject({ code: '2.05' });
    const deregistered = once(server, 'deregistered');
    second.process.kill('SIGINT');
    await deregistered;
    expect(await second.exited).toEqual([0, null]);
    expect(second.output()).toMatch(/, resumed in 2 round trips, \d+ ms$/m);
  });

  it('tells an alert by name, and the server reads it after the next registration', { timeout: 60_000 }, async () => {
    const { server, sessionFile, start } = await startWorld();
    const refused = start({ key: 'ff'.repeat(16) });
    expect(await refused.exited).toEqual([1, null]);
    expect(refused.output()).toMatch(
      /^avs-demo: .* does not accept the identity "me" with this key .*decrypt_error.*$/m,
    );
    expect(readFileSync(sessionFile, 'utf8')).not.toContain('ff'.repeat(16));
    const registered = once(server, 'registered');
    start();
    await registered;
    const { code, data } = await server.device('thermo').read([1, 0, 11]);
    expect([code, data[0]?.value]).toEqual(['2.05', AlertDescription.decrypt_error]);
  });
});
