import { once } from 'node:events';
import { AlertDescription, alertError, type Backend } from '@avs-net/core';
import { VirtualClock } from '@avs-net/core/testing';
import { backend as openssl } from '@avs-net/tls-openssl';
import { backend as pure } from '@avs-net/tls-pure';
import { describe, expect, it, onTestFinished } from 'vitest';
import { alertOf } from '../src/alert.js';
import { type Accepted, connectDtls, type DtlsServer, listenDtls } from '../src/dtls-transport.js';
import type { Lwm2mClientOptions } from '../src/lwm2m/client.js';
import type { DeviceAnswer } from '../src/lwm2m/device-handle.js';
import { Memory, type MemoryContent } from '../src/lwm2m/memory.js';
import { Lwm2mServer } from '../src/lwm2m/server.js';
import { listenUdp } from '../src/udp-transport.js';
import { startDevice, type TestDevice } from './lwm2m/pair.js';

const keys = new Map([
  ['alice', new Uint8Array(16).fill(1)],
  ['mallory', new Uint8Array(16).fill(2)],
]);
const temperature = [3303, 0, 5700];

interface World {
  readonly server: Lwm2mServer;
  readonly dtls: DtlsServer;
  readonly accepted: Accepted[];
  /** What has happened to registrations. */
  readonly events: string[];
  connectAs(identity: string, session: Uint8Array): Pick<Lwm2mClientOptions, 'connect'>;
}

async function startWorld(backend: Backend): Promise<World> {
  const server = new Lwm2mServer();
  const accepted: Accepted[] = [];
  const events: string[] = [];
  for (const event of ['registered', 'updated', 'resumed', 'deregistered'] as const) {
    server.on(event, ({ endpointName }) => events.push(`${endpointName} ${event}`));
  }
  const dtls = await listenDtls({ backend, host: '127.0.0.1', port: 0, keys }, (association) => {
    accepted.push(association);
    server.attach(association.socket, association);
  });
  onTestFinished(async () => {
    server.close();
    await dtls.close();
  });
  const connectAs = (identity: string, session: Uint8Array) => ({
    connect: (signal: AbortSignal) => {
      const key = keys.get(identity) ?? new Uint8Array(16);
      return connectDtls({ backend, host: '127.0.0.1', port: dtls.port, identity, key, session }, signal);
    },
  });
  return { server, dtls, accepted, events, connectAs };
}

/** A device's memory that is written down whenever it changes, as a file would have it. */
function writtenMemory(before?: string): { memory: Memory; written(): string } {
  const settings = { lifetime: 300, defaultMinimumPeriod: 0, defaultMaximumPeriod: 0 };
  let text = before ?? '';
  const known = before === undefined ? {} : (JSON.parse(before) as MemoryContent);
  const memory: Memory = new Memory({ settings, ...known }, () => {
    text = JSON.stringify(memory.content);
  });
  return { memory, written: () => text };
}

/** Waits for the next notification of each observation. */
class Notifications {
  readonly values: unknown[] = [];
  #wake = (): void => {};

  readonly take = (answer: DeviceAnswer): void => {
    this.values.push(answer.data[0]?.value);
    this.#wake();
  };

  async until(value: unknown): Promise<void> {
    while (!this.values.includes(value)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** A device of alice's that has registered. */
async function registered(backend: Backend) {
  const world = await startWorld(backend);
  const session = new Uint8Array(1_024);
  const first = writtenMemory();
  const device = startDevice(0, { ...world.connectAs('alice', session), memory: first.memory });
  await device.logged('Register');
  return { world, session, first, device };
}

/** Starts alice's device again with what was written down. */
function startAgain(world: World, session: Uint8Array, written: string): TestDevice {
  return startDevice(0, { ...world.connectAs('alice', session), memory: writtenMemory(written).memory });
}

/** As when a process is killed: nothing is said to anybody. */
async function kill(world: World, device: TestDevice): Promise<void> {
  device.client.leave();
  await device.running;
  expect(world.events).not.toContain('thermo deregistered');
}

// Without a C++ compiler there is no addon.
const backends = [pure, openssl].filter(({ capabilities }) => capabilities.server);

describe.each(backends.filter(({ capabilities }) => capabilities.sessionResumption))('on $name', (backend) => {
  describe('a device that is started again with its session and its memory', () => {
    it('resumes and sends no Register; the server reads it, and its observation goes on', async () => {
      const { world, session, first, device: before } = await registered(backend);
      const notifications = new Notifications();
      await world.server.device('thermo').observe(temperature, notifications.take);
      before.thermometer.measure(25);
      await notifications.until(25);
      const { id } = world.server.device('thermo').registration;
      await kill(world, before);

      const again = startAgain(world, session, first.written());
      await again.logged('Update → 2.04');
      expect(again.lines[0]).toMatch(/, resumed in \d round trips?, /);
      // The present value, since the server may have missed others.
      await notifications.until(20);
      again.thermometer.measure(30);
      await notifications.until(30);
      const device = world.server.device('thermo');
      expect(device.registration.id).toBe(id);
      expect(await device.read([3, 0, 0])).toMatchObject({ code: '2.05' });
      expect(device.observed).toEqual(['/3303/0/5700']);
      expect(await device.cancel(temperature)).toMatchObject({ code: '2.05' });
      expect(again.memory.reporting.observations).toEqual([]);
      expect(world.events).toEqual(['thermo registered', 'thermo resumed', 'thermo updated']);
    });

    it('keeps the attributes that the server has set', async () => {
      const { world, session, first, device: before } = await registered(backend);
      expect(await world.server.device('thermo').writeAttributes(temperature, ['pmin=1', 'gt=40'])).toMatchObject({
        code: '2.04',
      });
      await kill(world, before);
      await startAgain(world, session, first.written()).logged('Update');
      const [link] = await world.server.device('thermo').discover(temperature);
      expect(Object.fromEntries(link?.attributes ?? [])).toEqual({ pmin: '1', gt: '40' });
    });

    it.each([
      ['has another session', (session: Uint8Array) => session.fill(0)],
      ['has a damaged one', (session: Uint8Array) => session.fill(0xff, 40, 60)],
    ])('registers anew when it %s', async (_what, spoil) => {
      const { world, session, first, device: before } = await registered(backend);
      await kill(world, before);
      spoil(session);
      const again = startAgain(world, session, first.written());
      await again.logged('Register → 2.01');
      expect(again.lines[0]).toContain('full handshake');
      expect(world.events.filter((event) => event.endsWith('registered'))).toHaveLength(2);
      expect(world.events).not.toContain('thermo resumed');
    });

    it('registers anew when the server knows the session and not the registration', async () => {
      const { world, session, first, device: before } = await registered(backend);
      await kill(world, before);
      world.server.close();
      const again = startAgain(world, session, first.written());
      await again.logged('Update → 4.04');
      await again.logged('Register → 2.01');
      expect(again.lines[0]).toContain('resumed');
    });

    it('registers anew when the lifetime has ended meanwhile', async () => {
      const { world, session, first, device: before } = await registered(backend);
      await kill(world, before);
      const { registration, ...rest } = JSON.parse(first.written()) as MemoryContent;
      const late = { ...rest, registration: { ...registration, expires: Date.now() } };
      const again = startAgain(world, session, JSON.stringify(late));
      await again.logged('Register → 2.01');
      expect(again.lines.join('\n')).not.toContain('goes on');
    });
  });

  describe('a device whose connection is lost', () => {
    it('connects again, resumes, and goes on by itself', async () => {
      const world = await startWorld(backend);
      const clock = new VirtualClock();
      const device = startDevice(0, { ...world.connectAs('alice', new Uint8Array(1_024)), clock });
      await device.logged('Register');
      const notifications = new Notifications();
      await world.server.device('thermo').observe(temperature, notifications.take);
      world.accepted[0]?.socket.close();
      await device.logged('connecting again in 1 s');
      await clock.advance(1_000);
      await device.logged('Update → 2.04');
      await clock.advance(0);
      await notifications.until(20);
      device.thermometer.measure(33);
      await notifications.until(33);
      expect(world.accepted.map(({ isResumed }) => isResumed)).toEqual([false, true]);
      expect(world.events).toEqual(['thermo registered', 'thermo resumed', 'thermo updated']);
    });

    it('resumes also after attempts that nobody answered, and not after one that was refused', async () => {
      const world = await startWorld(backend);
      const session = new Uint8Array(1_024);
      const { connect } = world.connectAs('alice', session);
      const never = new AbortController().signal;
      const attempt = async (): Promise<boolean> => {
        const connection = await connect(never);
        await connection.close();
        return connection.isResumed;
      };
      expect(await attempt()).toBe(false);
      const { port } = world.dtls;
      const [key, wrongKey] = [keys.get('alice') ?? new Uint8Array(16), new Uint8Array(16)];
      const to = { backend, host: '127.0.0.1', port, identity: 'alice', session };
      const nobody = await listenUdp('127.0.0.1', 0);
      const dead = nobody.address().port;
      await new Promise<void>((resolve) => nobody.close(() => resolve()));
      await expect(connectDtls({ ...to, key, port: dead }, never)).rejects.toMatchObject({ errno: 'ECONNREFUSED' });
      expect(await attempt()).toBe(true);
      await expect(connectDtls({ ...to, key: wrongKey }, never)).rejects.toThrow(/decrypt_error/);
      expect(session.every((byte) => byte === 0)).toBe(true);
      const connection = await connectDtls({ ...to, key }, never);
      onTestFinished(() => connection.close());
      expect(connection.isResumed).toBe(false);
    });

    it('registers anew after a reboot, which ends the registration', async () => {
      const world = await startWorld(backend);
      const clock = new VirtualClock();
      const device = startDevice(0, { ...world.connectAs('alice', new Uint8Array(1_024)), clock });
      await device.logged('Register');
      device.client.reboot();
      await device.logged('connecting again in 1 s');
      await clock.advance(1_000);
      await device.logged('Register → 2.01');
      expect(world.events).toEqual(['thermo registered', 'thermo deregistered', 'thermo registered']);
    });
  });

  describe('another device with a valid key of its own', () => {
    it('takes nothing over, though it resumes a session and knows location and tokens', async () => {
      const { world, first, device: alice } = await registered(backend);
      const notifications = new Notifications();
      await world.server.device('thermo').observe(temperature, notifications.take);
      const { endpoint, peer } = world.server.device('thermo').registration;

      // A session of mallory's own, and then everything that alice remembers.
      const stolen = new Uint8Array(1_024);
      const own = await world.connectAs('mallory', stolen).connect(new AbortController().signal);
      await own.close();
      const clock = new VirtualClock();
      const mallory = startDevice(0, {
        ...world.connectAs('mallory', stolen),
        memory: writtenMemory(first.written()).memory,
        clock,
      });
      mallory.thermometer.measure(-40);
      await mallory.logged('the registration /rd/');
      await clock.advance(0);
      await mallory.logged('Update → 4.04');
      // The name is alice's as well.
      await expect(mallory.running).rejects.toThrow(/4\.03/);
      expect(world.accepted.at(-1)?.isResumed).toBe(true);
      expect(world.server.device('thermo').registration).toMatchObject({ identity: 'alice', endpoint, peer });
      alice.thermometer.measure(28);
      await notifications.until(28);
      expect(notifications.values).not.toContain(-40);
      expect(world.events).toEqual(['thermo registered']);
    });

    it('gets no session out of the bytes of another identity', async () => {
      const { world, session } = await registered(backend);
      const connection = await world.connectAs('mallory', session.slice()).connect(new AbortController().signal);
      onTestFinished(() => connection.close());
      expect(connection.isResumed).toBe(false);
      expect(world.events).toEqual(['thermo registered']);
    });
  });

  it('two devices that share an identity keep a registration each: a resumed session alone moves neither', async () => {
    const world = await startWorld(backend);
    const sessions = [new Uint8Array(1_024), new Uint8Array(1_024)] as const;
    const memories = [writtenMemory(), writtenMemory()] as const;
    const [one, two] = [0, 1].map((index) =>
      startDevice(0, {
        ...world.connectAs('alice', sessions[index as 0 | 1]),
        memory: memories[index as 0 | 1].memory,
        endpointName: `thermo-${index}`,
      }),
    ) as [TestDevice, TestDevice];
    await Promise.all([one.logged('Register'), two.logged('Register')]);
    await kill(world, one);
    const again = startDevice(0, {
      ...world.connectAs('alice', sessions[0]),
      memory: writtenMemory(memories[0].written()).memory,
      endpointName: 'thermo-0',
    });
    await again.logged('Update → 2.04');
    again.thermometer.measure(50);
    two.thermometer.measure(60);
    expect((await world.server.device('thermo-0').read(temperature)).data[0]?.value).toBe(50);
    expect((await world.server.device('thermo-1').read(temperature)).data[0]?.value).toBe(60);
    expect(world.events).not.toContain('thermo-0 resumed');
  });

  describe('a TLS alert', () => {
    it('that refused the device is told by name, and is read in /1/0/11 after the next registration', async () => {
      const world = await startWorld(backend);
      const clock = new VirtualClock();
      let refused = false;
      const { connect } = world.connectAs('alice', new Uint8Array(1_024));
      const { memory } = writtenMemory();
      const device = startDevice(0, {
        clock,
        random: () => 0.5,
        memory,
        connect: (signal) => {
          if (!refused) return connect(signal);
          throw alertError({ direction: 'received', level: 2, description: AlertDescription.access_denied });
        },
        failed: (error) => {
          memory.settings.alertCode = alertOf(error);
        },
      });
      await device.logged('Register');
      expect(await world.server.device('thermo').read([1, 0, 11])).toMatchObject({ code: '4.04' });
      refused = true;
      world.accepted[0]?.socket.close();
      await device.logged('connecting again in 1 s');
      await clock.advance(1_000);
      await device.logged('TLS alert received: fatal access_denied; trying again in 1 s');
      refused = false;
      const updated = once(world.server, 'updated');
      await clock.advance(1_000);
      await updated;
      const answer = await world.server.device('thermo').read([1, 0, 11]);
      expect(answer.data[0]).toMatchObject({ value: AlertDescription.access_denied, type: 'unsigned' });
      expect(answer.data).toHaveLength(1);
    });
  });
});
