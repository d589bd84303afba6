import { once } from 'node:events';
import { formatPath, type Path } from '../lwm2m/path.js';
import { describeObjects, type Registration } from '../lwm2m/registration.js';
import { expectCode, expectThat, expectValues } from './demo-checks.js';
import type { DemoDevice } from './demo-device.js';
import { describeAnswer } from './prompt.js';
import { type DemoOptions, endpointName, identity, onStage, type Scene } from './stage.js';
import { WatchedTemperature } from './watched-temperature.js';

const timezone: Path = [3, 0, 15];

/**
 * Starts a server here and a device in a second process, and shows them at work on loopback. Every line says what has happened.
 * @throws UserError if anything did not happen as it should.
 */
export async function runDemo(options: DemoOptions, print: (line: string) => void): Promise<void> {
  await onStage(options, print, present);
}

async function present(scene: Scene): Promise<void> {
  const { server, startDevice, say, signal, backend } = scene;
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

  if (backend.capabilities.sessionResumption) {
    running = await restart(scene, running);
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

/** Kills the device's process and starts it again. Resolves when it has told the server where it is. */
async function restart({ server, startDevice, say, signal }: Scene, running: DemoDevice): Promise<DemoDevice> {
  await running.kill();
  say("the device's process was killed, and is started again with its session in a file");
  const updated = once(server, 'updated', { signal });
  const again = startDevice();
  await updated;
  return again;
}
