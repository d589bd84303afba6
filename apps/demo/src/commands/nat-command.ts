import { once } from 'node:events';
import type { ListenerStats } from '@avs-net/core';
import type { Registration } from '../lwm2m/registration.js';
import { expectThat, expectValues } from './demo-checks.js';
import type { DemoDevice } from './demo-device.js';
import { NatRelay } from './nat-relay.js';
import { type DemoOptions, endpointName, onStage, type Scene } from './stage.js';
import { WatchedTemperature } from './watched-temperature.js';

/** How often it is looked whether the server has dropped something, ms. */
const glance = 50;

/**
 * Shows what a NAT that gives the device another port does to its registration: with a connection ID (RFC 9146), and without.
 * @throws UserError if anything did not happen as it should, or the backend has no connection IDs.
 */
export async function runNatDemo(options: DemoOptions, print: (line: string) => void): Promise<void> {
  await onStage({ ...options, cid: true }, print, async (scene) => {
    scene.say('the device is behind a NAT, and has a connection ID');
    await behindNat(scene, playWithCid);
    scene.say('and once more without a connection ID');
    await behindNat(scene, playWithoutCid);
  });
}

async function behindNat(scene: Scene, play: (scene: Scene, nat: NatRelay) => Promise<void>): Promise<void> {
  const nat = await NatRelay.to(scene.serving.port);
  try {
    await play(scene, nat);
  } finally {
    await nat.close();
  }
}

interface Act {
  readonly device: DemoDevice;
  readonly temperature: WatchedTemperature;
  readonly id: string;
  /** Ends the device, which deregisters. */
  end(): Promise<void>;
}

async function playWithCid(scene: Scene, nat: NatRelay): Promise<void> {
  const { server, say } = scene;
  const { temperature, id, end } = await begin(scene, nat, true);
  const { accepted } = stats(scene);
  await rebind(nat, say);
  await temperature.notified(3);
  const device = server.device(endpointName);
  expectValues(await device.read([3, 0, 0]), 'the manufacturer');
  expectThat(device.registration.id === id, 'the device has registered anew');
  expectThat(stats(scene).accepted === accepted, 'there was another handshake');
  say('the registration and the observation go on, and the server reads the device: no handshake, and no Update');
  await end();
}

async function playWithoutCid(scene: Scene, nat: NatRelay): Promise<void> {
  const { server, say, signal } = scene;
  const { device, temperature, id, end } = await begin(scene, nat, false);
  const before = dropped(scene);
  await rebind(nat, say);
  while (dropped(scene) < before + 2) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, glance));
  }
  say(`the server has dropped ${dropped(scene) - before} records from the new port: it cannot tell whose they are`);
  say('the device would learn that after 93 s, when an Update gets no answer; it is told now to connect again');
  const { accepted } = stats(scene);
  const updated = once(server, 'updated', { signal });
  device.command('reconnect');
  await updated;
  await temperature.notified(2);
  expectThat(stats(scene).accepted === accepted + 1, 'there was no other handshake');
  expectThat(server.device(endpointName).registration.id === id, 'the device has registered anew');
  say('it took a handshake and an Update to bring the device back');
  await end();
}

/** Starts the device behind the NAT, and observes it. */
async function begin(scene: Scene, nat: NatRelay, cid: boolean): Promise<Act> {
  const { server, startDevice, say, signal } = scene;
  const registered = once(server, 'registered', { signal });
  const device = startDevice({ port: nat.port, cid });
  const [{ id }] = (await registered) as [Registration];
  const temperature = await WatchedTemperature.observe(server.device(endpointName), say, signal);
  await temperature.notified(2);
  const end = async (): Promise<void> => {
    await temperature.cancel();
    const deregistered = once(server, 'deregistered', { signal });
    const [code] = await Promise.all([device.stop(), deregistered]);
    expectThat(code === 0, `the device's process ended with exit code ${code}`);
  };
  return { device, temperature, id, end };
}

async function rebind(nat: NatRelay, say: (line: string) => void): Promise<void> {
  for (const { before, now } of await nat.rebind()) {
    say(
      `the NAT forgets the device: its datagrams come from port ${now} now instead of ${before}, and it does not know`,
    );
  }
}

function stats({ serving }: Scene): ListenerStats {
  if (serving.listener === undefined) throw new TypeError('a demonstration without DTLS');
  return serving.listener.stats;
}

/** Records that the server could not take. */
function dropped(scene: Scene): number {
  return Object.values(stats(scene).dropped).reduce((sum, count) => sum + count, 0);
}
