import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BackendCapabilities } from '@avs-net/core';
import { loadBackend } from '../backend.js';
import { formatPath, type Path } from '../lwm2m/path.js';
import { describeObjects, type Registration } from '../lwm2m/registration.js';
import { Lwm2mServer } from '../lwm2m/server.js';
import { expectCode, expectThat, expectValues } from './demo-checks.js';
import { DemoDevice } from './demo-device.js';
import { describeAnswer } from './prompt.js';
import { startServing } from './serving.js';
import { UserError } from './user-error.js';
import { WatchedTemperature } from './watched-temperature.js';

/** The options of `avs-demo demo`. */
export interface DemoOptions {
  readonly backend: string;
  readonly ciphersuites?: readonly number[];
  readonly keyLog?: string;
  /** Where the server listens; 0 is any free port. */
  readonly port: number;
}

/** How long the whole demonstration may take, ms. */
const limit = 20_000;

const endpointName = 'thermo-1';
const identity = 'thermo-1-identity';
const timezone: Path = [3, 0, 15];

/** What a demonstration is played with. */
interface Scene {
  readonly server: Lwm2mServer;
  /** Starts the device, or starts it again. */
  startDevice(): DemoDevice;
  say(line: string): void;
  /** Ends what waits too long. */
  readonly signal: AbortSignal;
  readonly capabilities: BackendCapabilities;
}

/**
 * Starts a server here and a device in a second process, and shows them at work on loopback. Every line says what has happened.
 * @throws UserError if anything did not happen as it should.
 */
export async function runDemo(options: DemoOptions, print: (line: string) => void): Promise<void> {
  const say = (line: string): void => print(`server  ${line}`);
  const { capabilities } = await loadBackend(options.backend);
  const key = randomBytes(16);
  const server = new Lwm2mServer({ requestTimeout: 10_000 });
  const keys = new Map([[identity, new Uint8Array(key)]]);
  const serving = await startServing(server, { ...options, host: '127.0.0.1', keys }, (line) => {
    say(`handshake complete: ${line}`);
  });
  say(`listening on coaps://127.0.0.1:${serving.port}; the key is a random one of this run`);
  const folder = mkdtempSync(join(tmpdir(), 'avs-demo-'));
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  const stop = AbortSignal.timeout(limit);
  let failed = (_error: Error): void => {};
  const failure = new Promise<never>((_resolve, reject) => {
    failed = reject;
  });
  const { port } = serving;
  const device = { ...options, endpointName, identity, key: key.toString('hex'), port };
  const devices: DemoDevice[] = [];
  const startDevice = (): DemoDevice => {
    const started = new DemoDevice({ ...device, sessionFile: join(folder, 'session') }, print, failed);
    devices.push(started);
    return started;
  };
  const scene: Scene = { server, startDevice, say, signal: stop, capabilities };
  try {
    await Promise.race([present(scene), failure]);
    say('all of it happened as it should');
  } catch (error) {
    if (stop.aborted) throw new UserError(`the demonstration took longer than ${limit / 1_000} s`, { cause: error });
    throw error;
  } finally {
    for (const one of devices) await one.kill();
    server.close();
    await serving.close();
    process.off('exit', removeFolder);
    removeFolder();
  }
}

async function present({ server, startDevice, say, signal, capabilities }: Scene): Promise<void> {
  const registered = once(server, 'registered', { signal });
  let running = startDevice();
  const [registration] = (await registered) as [Registration];
  const { lifetime, id } = registration;
  expectThat(
    registration.endpointName === endpointName && registration.identity === identity,
    'another device registered',
  );
  say(`${endpointName} registered at /rd/${id}, lifetime ${lifetime} s, objects ${describeObjects(registration)}`);
  const device = server.device(endpointName);

  const whole = expectValues(await device.read([3, 0]), 'the Device object');
  say(`read /3/0 (${whole.format}):`);
  for (const line of describeAnswer(whole).slice(1)) say(`  ${line}`);

  const temperature = await WatchedTemperature.observe(device, say, signal);
  await temperature.notified(3);

  expectCode(await device.write(timezone, 'string', 'Europe/Warsaw'), '2.04', 'the write');
  const [written] = expectValues(await device.read(timezone), 'the timezone').data;
  expectThat(written?.value === 'Europe/Warsaw', 'the timezone that was written is not the one that is read');
  say(`wrote "Europe/Warsaw" to ${formatPath(timezone)} and read it back`);

  const updated = once(server, 'updated', { signal });
  expectCode(await device.execute([1, 0, 8]), '2.04', 'the Registration Update Trigger');
  await updated;
  say('executed /1/0/8, and the device sent an Update');

  if (capabilities.sessionResumption) {
    running = await restart({ server, startDevice, say, signal, capabilities }, running);
    await temperature.notified(2);
    expectThat(server.device(endpointName).registration.id === id, 'the device has registered anew');
    say(`the registration /rd/${id} and the observation go on: there was no second Register`);
  }
  await temperature.cancel();

  const deregistered = once(server, 'deregistered', { signal });
  const [code] = await Promise.all([running.stop(), deregistered]);
  expectThat(server.registrations.length === 0, 'the device is still registered');
  say(`${endpointName} deregistered`);
  expectThat(code === 0, `the device's process ended with exit code ${code}`);
}

/** Kills the device's process and starts it again. Resolves when its session is resumed and its address is known. */
async function restart({ server, startDevice, say, signal }: Scene, running: DemoDevice): Promise<DemoDevice> {
  await running.kill();
  say("the device's process was killed, and is started again with its session in a file");
  const resumed = once(server, 'resumed', { signal });
  const updated = once(server, 'updated', { signal });
  const again = startDevice();
  await Promise.all([resumed, updated]);
  return again;
}
