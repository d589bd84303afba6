import type { DtlsListener, SecureSocket } from '@avs-net/core';
import { MemoryNetwork, type ObservedDatagram, SeededRandom, VirtualClock } from '@avs-net/core/testing';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { describe, expect, it } from 'vitest';
import { createDtlsListener, createDtlsSocket } from '../src/portable.js';

// A device that may lose power at any moment, with a disk of which it knows only what the disk has confirmed. Whatever happens, on the wire
// no sequence number appears twice under one key, and nothing that the server has sent once is handed out twice.

const key = pskKeyInfoFromBuffer(new Uint8Array(16).fill(7));
const identity = pskIdentityInfoFromBuffer('device');
const server = { host: '10.0.0.1', port: 5684 };
const cidLength = 8;
const text = (data: Uint8Array): string => new TextDecoder().decode(data);
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

class PowerFailure extends Error {}

/** What survives. A write that is cut in half leaves half of the new content and half of the old one. */
interface Disk {
  content: Uint8Array;
}

interface Reserves {
  readonly writeReserve: number;
  readonly readReserve: number;
}

class World {
  readonly clock = new VirtualClock();
  readonly network = new MemoryNetwork({ clock: this.clock });
  readonly disk: Disk = { content: new Uint8Array(2_048) };
  readonly wire: ObservedDatagram[] = [];
  /** What devices have been handed, all of them together. */
  readonly received: string[] = [];
  /** How many moments there were at which the power could have failed. */
  moments = 0;
  /** The moments at which it fails. */
  failAt: readonly number[] = [];
  tearWrites = false;
  /** How connects went on. */
  readonly connects: string[] = [];
  listener: DtlsListener | undefined;
  #sent = 0;

  constructor(readonly reserves: Reserves) {
    this.network.observe((datagram) => this.wire.push(datagram));
  }

  async listen(): Promise<void> {
    const security = { mode: 'psk', resolve: () => key } as const;
    const listener = await createDtlsListener({ security, clock: this.clock, useConnectionId: true });
    await listener.decorate(this.network.createUdpSocket(undefined, { address: server.host }));
    await listener.bind(server.host, server.port);
    listener.setOption('recvTimeout', Infinity);
    this.listener = listener;
    void this.#serve(listener);
  }

  async #serve(listener: DtlsListener): Promise<void> {
    for await (const socket of listener) {
      socket.setReceiver({
        onData: (data) => {
          this.#sent += 1;
          socket.send(bytes(`${this.#sent}: re ${text(data)}`)).catch(() => undefined);
        },
      });
    }
  }

  run<T>(promise: Promise<T>): Promise<T> {
    return this.clock.runUntil(promise);
  }

  /** That no number of the client's was on the wire twice, but as a copy of the same record. */
  expectNoNumberTwice(hint: string): void {
    const seen = new Map<string, string>();
    for (const { data, to } of this.wire) {
      if (to.host !== server.host || data[0] !== 25) continue;
      const number = Buffer.from(data.subarray(3, 11 + cidLength)).toString('hex');
      const record = Buffer.from(data).toString('hex');
      expect(seen.get(number) ?? record, `${hint}: ${number}`).toBe(record);
      seen.set(number, record);
    }
    expect(seen.size, hint).toBeGreaterThan(0);
  }
}

/** One life of the device, from when it gets power to when it loses it. */
class Life {
  isOver = false;
  readonly failure: Promise<never>;
  readonly buffer: Uint8Array;
  socket: SecureSocket | undefined;
  #fail: (error: PowerFailure) => void = () => undefined;

  constructor(readonly world: World) {
    this.buffer = world.disk.content.slice();
    this.failure = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failure.catch(() => undefined);
  }

  /** A moment at which the power may fail. @throws PowerFailure it has. */
  moment(): void {
    if (this.isOver) throw new PowerFailure();
    this.world.moments += 1;
    if (!this.world.failAt.includes(this.world.moments)) return;
    this.isOver = true;
    this.#fail(new PowerFailure());
    throw new PowerFailure();
  }

  async start(): Promise<void> {
    const { clock, network, reserves } = this.world;
    const socket = await createDtlsSocket({
      security: { mode: 'psk', key, identity },
      ciphersuites: [0xc0a8],
      clock,
      useConnectionId: true,
      sessionResumptionBuffer: this.buffer,
      persistAssociation: { persist: (content) => this.#persist(content), ...reserves },
    });
    const below = network.createUdpSocket(undefined, { address: '10.0.0.2' });
    const send = below.send.bind(below);
    below.send = async (data) => {
      this.moment();
      await send(data);
      this.moment();
    };
    await socket.decorate(below);
    socket.setReceiver({
      onData: (data) => {
        if (this.isOver) return;
        this.world.received.push(text(data));
        try {
          this.moment();
        } catch {
          // The power has failed right after the message was taken.
        }
      },
      onError: () => undefined,
    });
    this.socket = socket;
  }

  async #persist(content: Uint8Array): Promise<void> {
    const { disk, tearWrites, clock } = this.world;
    this.moment();
    await new Promise((resolve) => clock.setTimeout(() => resolve(undefined), 3));
    if (tearWrites) {
      const before = disk.content.slice();
      disk.content = before;
      before.set(content.subarray(0, content.length >> 3));
      this.moment();
    } else if (this.isOver) throw new PowerFailure();
    disk.content = content;
    this.moment();
  }

  /** Does what a device does, until it is done or the power fails. True: it was done. */
  async live(work: (life: Life) => Promise<void>): Promise<boolean> {
    try {
      await this.start();
      await this.world.run(Promise.race([work(this), this.failure]));
      return true;
    } catch (error) {
      if (!this.isOver) throw error;
      return false;
    } finally {
      this.isOver = true;
      // What is left of it cannot do anything any more: neither send nor write.
      await this.world.run(this.socket?.cleanup() ?? Promise.resolve());
    }
  }

  async connect(): Promise<void> {
    const { socket, world } = this;
    await socket?.connect(server.host, server.port);
    world.connects.push(socket?.getOption('connectionIdResumed') ? 'continued' : 'handshake');
  }

  /** Sends and waits until something has come. */
  async exchange(message: string): Promise<void> {
    const before = this.world.received.length;
    // Never the same twice: the same record under the same number would be a copy.
    await this.socket?.send(bytes(`${message} at ${this.world.moments}`));
    for (let i = 0; i < 20 && this.world.received.length === before; i++) await this.sleep(1);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.world.clock.setTimeout(() => resolve(), ms));
  }
}

/** A day: wakes up, talks, sleeps, wakes up in the same process, talks. */
async function day(life: Life): Promise<void> {
  await life.connect();
  for (const message of ['a', 'b', 'c']) await life.exchange(message);
  await life.socket?.suspend();
  await life.connect();
  for (const message of ['d', 'e']) await life.exchange(message);
}

/** Days until one goes by without a power failure, and someone who replays all that the server has said after each. */
async function lives(world: World): Promise<number> {
  await world.listen();
  for (let count = 1; ; count++) {
    const done = await new Life(world).live(async (life) => {
      await life.connect();
      replay(world, life);
      await life.sleep(10);
      await life.socket?.suspend();
      await day(life);
    });
    if (done) return count;
    expect(count).toBeLessThan(20);
  }
}

function replay(world: World, life: Life): void {
  const { socket } = life;
  if (socket === undefined) return;
  const to = { host: socket.localHost, port: socket.localPort };
  const old = world.wire.filter(({ from, to }) => from.host === server.host && to.host === '10.0.0.2');
  for (const { data } of old) world.network.inject(data, server, to);
}

const settings = [
  { writeReserve: 1, readReserve: 1 },
  { writeReserve: 2, readReserve: 1 },
  { writeReserve: 1_024, readReserve: 1 },
  { writeReserve: 3, readReserve: 4 },
] as const;

describe('an association that is kept', () => {
  it('is continued by a new process, without a handshake', async () => {
    const world = new World(settings[2]);
    await world.listen();
    for (let i = 0; i < 3; i++) {
      expect(
        await new Life(world).live(async (life) => {
          await life.connect();
          await life.exchange(`life ${i}`);
          await life.socket?.suspend();
        }),
      ).toBe(true);
    }
    expect(world.connects).toEqual(['handshake', 'continued', 'continued']);
    expect(world.received.map((line) => line.slice(0, 12))).toEqual(['1: re life 0', '2: re life 1', '3: re life 2']);
    expect(world.listener?.stats).toMatchObject({ accepted: 1, associations: 1 });
    world.expectNoNumberTwice('suspended');
  });

  it.each(settings)('survives a power failure at any moment: reserves of %o', async (reserves) => {
    const calm = new World(reserves);
    expect(await lives(calm)).toBe(1);
    const moments = calm.moments;
    expect(moments).toBeGreaterThan(20);
    let continued = 0;
    for (const tearWrites of [false, true]) {
      for (let at = 1; at <= moments; at++) {
        const world = new World(reserves);
        world.failAt = [at];
        world.tearWrites = tearWrites;
        const hint = `power failure at moment ${at} of ${moments}, torn ${tearWrites}`;
        expect(await lives(world), hint).toBe(2);
        expectSound(world, hint);
        if (world.connects.at(-2) === 'continued') continued += 1;
      }
    }
    expect(continued, 'or nothing was tried').toBeGreaterThan(moments / 2);
  });

  it('survives power failures in a row, at random', async () => {
    const random = new SeededRandom(20_260);
    for (let round = 0; round < 60; round++) {
      const world = new World(settings[round % settings.length] ?? settings[0]);
      world.failAt = Array.from({ length: 8 }, () => 1 + Math.floor(random.next() * 120));
      world.tearWrites = random.next() < 0.5;
      await lives(world);
      expectSound(world, `round ${round} of seed ${random.seed}, failing at ${world.failAt}`);
    }
  });
});

function expectSound(world: World, hint: string): void {
  world.expectNoNumberTwice(hint);
  expect(new Set(world.received).size, `${hint}: nothing is handed out twice`).toBe(world.received.length);
  expect(world.listener?.stats.dropped.unauthenticated, hint).toBe(0);
}
