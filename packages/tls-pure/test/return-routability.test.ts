import { randomFillSync } from 'node:crypto';
import type { DtlsListener, DtlsListenerConfiguration, Endpoint, Engine, SecureSocket } from '@avs-net/core';
import { MemoryNetwork, VirtualClock } from '@avs-net/core/testing';
import { pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { describe, expect, it } from 'vitest';
import { ciphersuites } from '../src/ciphersuites.js';
import { nodeProvider } from '../src/crypto/node.js';
import { PskCredentials } from '../src/dtls12/context.js';
import { PureClientFactory } from '../src/engine-factories.js';
import { createDtlsListener } from '../src/index.js';

const challenge = 0;
const response = 1;
const drop = 2;

const server: Endpoint = { host: '10.0.0.1', port: 5684 };
const home: Endpoint = { host: '192.0.2.7', port: 40_000 };
const elsewhere: Endpoint = { host: '192.0.2.7', port: 40_001 };
const farAway: Endpoint = { host: '198.51.100.9', port: 7_777 };
const key = new Uint8Array(16).fill(1);

interface Check {
  readonly type: number;
  readonly cookie: Uint8Array;
  /** Where it has arrived. */
  readonly to: Endpoint;
  /** Of the virtual clock, ms. */
  readonly time: number;
}

/** A peer that sends from whatever address it is told, hears at all of them, and does of the checks what a test does. */
class Device {
  /** Where it sends from. */
  at = home;
  readonly checks: Check[] = [];
  readonly received: string[] = [];
  readonly sent: Uint8Array[] = [];
  readonly engine: Engine;
  #hearsAt = home;
  #isOver = false;

  constructor(network: MemoryNetwork) {
    const { clock } = network;
    const random = (bytes: Uint8Array): void => {
      randomFillSync(bytes);
    };
    const factory = new PureClientFactory({
      provider: nodeProvider,
      random,
      onKeyLog: undefined,
      date: () => 1_800_000_000_000,
      suites: ciphersuites.filter(({ name }) => name === 'TLS_PSK_WITH_AES_128_CCM_8'),
      recordPadding: 1,
      psk: new PskCredentials(key.slice(), new TextEncoder().encode('device')),
      maxFragmentLength: undefined,
    });
    this.engine = factory.createClient(
      {
        transmit: (datagram) => {
          this.sent.push(datagram.slice());
          network.inject(datagram, this.at, server);
        },
        deliver: (plaintext) => this.received.push(new TextDecoder().decode(plaintext)),
        established: () => undefined,
        alert: () => undefined,
        session: (session) => session.destroy(),
        dropped: () => undefined,
        retransmitted: () => undefined,
        newest: () => undefined,
        routabilityCheck: (type, cookie) =>
          this.checks.push({ type, cookie, to: this.#hearsAt, time: Math.round(clock.now()) }),
        wake: () => undefined,
        closed: () => {
          this.#isOver = true;
        },
      },
      {
        maxDatagramSize: 1_400,
        handshakeTimeouts: { min: 1_000, max: 1_000 },
        connectionId: new Uint8Array(0),
        serverName: undefined,
        peer: 'server 5684',
        session: undefined,
      },
    );
    network.intercept(({ data, from, to }) => {
      if (from.host !== server.host) return undefined;
      clock.setTimeout(() => {
        this.#hearsAt = to;
        this.engine.receive(data.slice(), clock.now());
      }, 1);
      return false;
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  say(text: string): void {
    this.engine.send(new TextEncoder().encode(text));
  }

  check(type: 0 | 1 | 2, cookie: Uint8Array): void {
    this.engine.sendRoutabilityCheck?.(type, cookie);
  }
}

interface World {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly listener: DtlsListener;
  readonly device: Device;
  readonly socket: SecureSocket;
}

async function connected(connectionIds?: DtlsListenerConfiguration['connectionIds']): Promise<World> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, seed: 1 });
  const security = { mode: 'psk', resolve: () => pskKeyInfoFromBuffer(key) } as const;
  const listener = await createDtlsListener({ security, clock, useConnectionId: true, connectionIds });
  await listener.decorate(network.createUdpSocket({}, { address: server.host }));
  await listener.bind(server.host, server.port);
  const device = new Device(network);
  device.engine.start(clock.now());
  const socket = await clock.runUntil(listener.accept());
  await clock.advance(10);
  device.sent.length = 0;
  return { clock, network, listener, device, socket };
}

/** Lets the device say something from another address, and gives the challenge that this brings. */
async function moved(world: World, to: Endpoint): Promise<Check> {
  const { clock, device } = world;
  device.at = to;
  device.say('moved');
  await clock.advance(10);
  const [check] = device.checks;
  if (check === undefined) throw new Error('no challenge has come');
  return check;
}

describe('a listener that checks an address', () => {
  it('challenges it three times at growing intervals, each time with another cookie, and then gives up', async () => {
    const world = await connected();
    const { clock, device, socket, listener } = world;
    const first = await moved(world, elsewhere);
    await clock.advance(60_000);
    const [, second, third, ...more] = device.checks;
    expect(more).toEqual([]);
    expect(device.checks.map(({ type, to }) => [type, to])).toEqual(Array(3).fill([challenge, elsewhere]));
    expect([second, third].map((check) => (check?.time ?? 0) - first.time)).toEqual([1_000, 3_000]);
    expect(new Set(device.checks.map(({ cookie }) => cookie.join())).size).toBe(3);
    expect([socket.remotePort, listener.stats.peerAddresses]).toEqual([
      home.port,
      { observed: 1, validated: 0, failed: 1, heldBack: 0 },
    ]);
  });

  it('takes the answer to any of its challenges', async () => {
    const world = await connected();
    const { clock, device, socket } = world;
    const first = await moved(world, elsewhere);
    await clock.advance(1_500);
    expect(device.checks).toHaveLength(2);
    device.check(response, first.cookie);
    await clock.advance(10);
    expect(socket.remotePort).toBe(elsewhere.port);
  });

  it('takes no answer that has another cookie, or comes from another address than it has asked', async () => {
    const world = await connected();
    const { clock, device, socket, listener } = world;
    const { cookie } = await moved(world, elsewhere);
    const other = cookie.slice();
    other[7] = (other[7] ?? 0) ^ 1;
    device.check(response, other);
    await clock.advance(10);
    expect(socket.remotePort).toBe(home.port);
    device.at = farAway;
    device.check(response, cookie);
    await clock.advance(10);
    expect(socket.remotePort).toBe(home.port);
    expect(listener.stats.associations).toBe(1);
    expect(device.isOver).toBe(false);
  });

  it('drops answers that nobody waits for, and a second one to the same challenge', async () => {
    const world = await connected();
    const { clock, device, socket, listener } = world;
    device.check(response, new Uint8Array(8));
    device.check(drop, new Uint8Array(8));
    await clock.advance(10);
    expect(listener.stats.dropped.unexpected).toBe(2);
    const { cookie } = await moved(world, elsewhere);
    device.check(response, cookie);
    device.check(response, cookie);
    await clock.advance(10);
    expect(listener.stats.dropped.unexpected).toBe(3);
    expect([socket.remotePort, device.isOver]).toEqual([elsewhere.port, false]);
  });

  it('does not go to an address where the peer says that it does not want to be', async () => {
    const world = await connected();
    const { clock, device, socket, listener } = world;
    const { cookie } = await moved(world, elsewhere);
    device.check(drop, cookie);
    await clock.advance(10);
    expect(socket.remotePort).toBe(home.port);
    expect(listener.stats.peerAddresses).toMatchObject({ validated: 0, failed: 1 });
  });
});

describe('a listener that asks the old address first', () => {
  const enhanced = { pathValidation: 'enhanced' } as const;

  it('checks the new one as soon as the peer says that it has left, and goes there', async () => {
    const world = await connected(enhanced);
    const { clock, device, socket, listener } = world;
    const first = await moved(world, elsewhere);
    expect(first.to).toEqual(home);
    device.at = home;
    device.check(drop, first.cookie);
    await clock.advance(10);
    const [, second, ...more] = device.checks;
    expect([second?.type, second?.to, more]).toEqual([challenge, elsewhere, []]);
    expect(second?.cookie).not.toEqual(first.cookie);
    expect(socket.remotePort).toBe(home.port);
    device.at = elsewhere;
    device.check(response, second?.cookie ?? new Uint8Array(8));
    await clock.advance(10);
    expect(socket.remotePort).toBe(elsewhere.port);
    expect(listener.stats.peerAddresses).toMatchObject({ observed: 1, validated: 1, failed: 0 });
  });

  it('stays where the peer answers, and asks the new one nothing', async () => {
    const world = await connected(enhanced);
    const { clock, device, socket, listener } = world;
    const { cookie } = await moved(world, farAway);
    device.at = home;
    device.check(response, cookie);
    await clock.advance(60_000);
    expect(listener.stats.dropped.unexpected, 'the answer is taken as one').toBe(0);
    expect(device.checks.every(({ to }) => to === home || to.port === home.port)).toBe(true);
    expect(socket.remotePort).toBe(home.port);
    expect(listener.stats.peerAddresses).toMatchObject({ validated: 0, failed: 1 });
  });
});

describe('a listener that is checked', () => {
  it('answers a challenge at once and once, where it came from, and no replay of it', async () => {
    const { clock, network, device, socket } = await connected();
    const cookie = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    device.at = elsewhere;
    device.check(challenge, cookie);
    await clock.advance(10);
    const answers = device.checks.filter(({ type }) => type === response);
    expect(answers).toEqual([{ type: response, cookie, to: elsewhere, time: expect.any(Number) }]);
    const [record = new Uint8Array(0)] = device.sent;
    network.inject(record, farAway, server);
    network.inject(record, elsewhere, server);
    await clock.advance(10_000);
    expect(device.checks.filter(({ type }) => type === response)).toHaveLength(1);
    expect(device.checks.some(({ to }) => to.port === farAway.port)).toBe(false);
    expect(socket.dropped.replayed).toBe(2);
  });
});
