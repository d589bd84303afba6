import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { DeviceAnswer, DeviceHandle } from '../lwm2m/device-handle.js';
import { formatPath, type Path } from '../lwm2m/path.js';
import { describeObjects, type Registration } from '../lwm2m/registration.js';
import { Lwm2mServer } from '../lwm2m/server.js';
import { describeAnswer } from './prompt.js';
import { type Serving, startServing } from './serving.js';
import { UserError } from './user-error.js';

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
const temperature: Path = [3303, 0, 5700];
const timezone: Path = [3, 0, 15];

/**
 * Starts a server here and a device in a second process, and shows them at work on loopback. Every line says what has happened.
 * @throws UserError if anything did not happen as it should.
 */
export async function runDemo(options: DemoOptions, print: (line: string) => void): Promise<void> {
  const say = (line: string): void => print(`server  ${line}`);
  const key = randomBytes(16);
  const server = new Lwm2mServer({ requestTimeout: 10_000 });
  const keys = new Map([[identity, new Uint8Array(key)]]);
  const serving = await startServing(server, { ...options, host: '127.0.0.1', keys }, (line) => {
    say(`handshake complete: ${line}`);
  });
  say(`listening on coaps://127.0.0.1:${serving.port}; the key is a random one of this run`);
  const device = startDevice(options, serving, key.toString('hex'), print);
  const stop = AbortSignal.timeout(limit);
  try {
    await Promise.race([present(server, device, say, stop), endedTooSoon(device)]);
    say('all of it happened as it should');
  } catch (error) {
    if (stop.aborted) throw new UserError(`the demonstration took longer than ${limit / 1_000} s`, { cause: error });
    throw error;
  } finally {
    device.kill();
    server.close();
    await serving.close();
  }
}

/** The device, in a process of its own. It gets the key through its environment, which other users do not see. */
function startDevice(options: DemoOptions, serving: Serving, key: string, print: (line: string) => void): ChildProcess {
  const { ciphersuites = [], keyLog } = options;
  const main = fileURLToPath(new URL('../main.js', import.meta.url));
  const device = spawn(
    process.execPath,
    [
      ...[main, 'client', '-u', `coaps://127.0.0.1:${serving.port}`, '-e', endpointName, '-i', identity],
      ...['--lifetime', '60', '--sensor-period', '0.3', '--backend', options.backend],
      ...(ciphersuites.length === 0 ? [] : ['--ciphersuites', ciphersuites.map(toHex).join(',')]),
      ...(keyLog === undefined ? [] : ['--key-log', keyLog]),
    ],
    { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { ...process.env, AVS_DEMO_KEY: key } },
  );
  for (const stream of [device.stdout, device.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => print(`device  ${line}`));
  }
  return device;
}

function toHex(number: number): string {
  return `0x${number.toString(16).padStart(4, '0')}`;
}

/** Rejects when the device's process ends before it was let go. */
function endedTooSoon(device: ChildProcess): Promise<never> {
  return new Promise((_resolve, reject) => {
    device.once('error', reject);
    device.once('exit', (code) => {
      if (!device.connected && code === 0) return;
      reject(new UserError(`the device's process has ended too soon, with exit code ${code}; its own words are above`));
    });
  });
}

async function present(
  server: Lwm2mServer,
  process: ChildProcess,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const [registration] = (await once(server, 'registered', { signal })) as [Registration];
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

  await observeTemperature(device, say, signal);

  expectCode(await device.write(timezone, 'string', 'Europe/Warsaw'), '2.04', 'the write');
  const [written] = expectValues(await device.read(timezone), 'the timezone').data;
  expectThat(written?.value === 'Europe/Warsaw', 'the timezone that was written is not the one that is read');
  say(`wrote "Europe/Warsaw" to ${formatPath(timezone)} and read it back`);

  const updated = once(server, 'updated', { signal });
  expectCode(await device.execute([1, 0, 8]), '2.04', 'the Registration Update Trigger');
  await updated;
  say('executed /1/0/8, and the device sent an Update');

  const deregistered = once(server, 'deregistered', { signal });
  // As Ctrl-C would: the device ends when the process that started it lets go.
  process.disconnect();
  await deregistered;
  expectThat(server.registrations.length === 0, 'the device is still registered');
  say(`${endpointName} deregistered`);
  if (process.exitCode === null) await once(process, 'exit', { signal });
  expectThat(process.exitCode === 0, `the device's process ended with exit code ${process.exitCode}`);
}

async function observeTemperature(
  device: DeviceHandle,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const wanted = 3;
  let count = 0;
  let enough = (): void => {};
  let failed = (_error: unknown): void => {};
  const notified = new Promise<void>((resolve, reject) => {
    enough = resolve;
    failed = reject;
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  notified.catch(() => {});
  const answer = await device.observe(temperature, (notification) => {
    if (count === wanted) return;
    try {
      say(`  notification: ${readTemperature(notification)} °C`);
      count += 1;
      if (count === wanted) enough();
    } catch (error) {
      failed(error);
    }
  });
  say(`observing ${formatPath(temperature)}: ${readTemperature(answer)} °C now`);
  await notified;
  expectCode(await device.cancel(temperature), '2.05', 'the end of the observation');
  say(`cancelled the observation after ${wanted} notifications`);
}

function readTemperature(answer: DeviceAnswer): number {
  const value = expectValues(answer, 'the temperature').data[0]?.value;
  expectThat(typeof value === 'number', 'the temperature is not a number');
  return value as number;
}

function expectValues(answer: DeviceAnswer, what: string): DeviceAnswer {
  expectCode(answer, '2.05', what);
  expectThat(answer.data.length > 0, `${what} has no values`);
  return answer;
}

function expectCode({ code, diagnostic }: DeviceAnswer, wanted: string, what: string): void {
  const why = diagnostic === undefined || diagnostic === '' ? '' : ` (${diagnostic})`;
  expectThat(code === wanted, `${what}: the device answered ${code}${why}, not ${wanted}`);
}

function expectThat(condition: boolean, otherwise: string): void {
  if (!condition) throw new UserError(otherwise);
}
