import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backend } from '@avs-net/core';
import { loadBackend } from '../backend.js';
import { Lwm2mServer } from '../lwm2m/server.js';
import { DemoDevice, type DemoDeviceOptions } from './demo-device.js';
import { type Serving, startServing } from './serving.js';
import { UserError } from './user-error.js';

/** The options of `avs-demo demo`. */
export interface DemoOptions {
  readonly backend: string;
  readonly ciphersuites?: readonly number[];
  readonly keyLog?: string;
  readonly cid?: boolean;
  /** Where the server listens; 0 is any free port. */
  readonly port: number;
}

/** What a demonstration is played with. */
export interface Scene {
  readonly server: Lwm2mServer;
  readonly serving: Serving;
  /** Starts the device, or starts it again. */
  startDevice(over?: Partial<DemoDeviceOptions>): DemoDevice;
  say(line: string): void;
  /** Ends what waits too long. */
  readonly signal: AbortSignal;
  readonly backend: Backend;
}

/** How long a demonstration may take, ms. */
const limit = 30_000;

/** The name of the device. */
export const endpointName = 'thermo-1';

/** The identity of its key. */
export const identity = 'thermo-1-identity';

/**
 * Starts a server here, lets `play` start a device in a second process and show the two at work on loopback, and ends both.
 * @throws UserError if anything did not happen as it should, or took too long.
 */
export async function onStage(
  options: DemoOptions,
  print: (line: string) => void,
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  const say = (line: string): void => print(`server  ${line}`);
  const backend = await loadBackend(options.backend);
  const key = randomBytes(16);
  const server = new Lwm2mServer({ requestTimeout: 10_000 });
  const keys = new Map([[identity, new Uint8Array(key)]]);
  const serving = await startServing(server, { ...options, host: '127.0.0.1', keys }, say);
  const { port } = serving;
  say(`listening on coaps://127.0.0.1:${port}; the key is a random one of this run`);
  const folder = mkdtempSync(join(tmpdir(), 'avs-demo-'));
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  const signal = AbortSignal.timeout(limit);
  let failed = (_error: Error): void => {};
  const failure = new Promise<never>((_resolve, reject) => {
    failed = reject;
  });
  const sessionFile = join(folder, 'session');
  const device = { ...options, endpointName, identity, key: key.toString('hex'), port, sessionFile };
  const devices: DemoDevice[] = [];
  const startDevice = (over: Partial<DemoDeviceOptions> = {}): DemoDevice => {
    const started = new DemoDevice({ ...device, ...over }, print, failed);
    devices.push(started);
    return started;
  };
  try {
    await Promise.race([play({ server, serving, startDevice, say, signal, backend }), failure]);
    say('all of it happened as it should');
  } catch (error) {
    if (signal.aborted) throw new UserError(`the demonstration took longer than ${limit / 1_000} s`, { cause: error });
    throw error;
  } finally {
    for (const one of devices) await one.kill();
    server.close();
    await serving.close();
    process.off('exit', removeFolder);
    removeFolder();
  }
}
