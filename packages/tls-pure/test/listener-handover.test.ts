import type { DtlsListener, SecureSocket } from '@avs-net/core';
import { MemoryNetwork, VirtualClock } from '@avs-net/core/testing';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { expect, it } from 'vitest';
import { createDtlsListener, createDtlsSocket } from '../src/index.js';

// A service that is restarted under full load: thousands of associations, all of them talking.

const clients = 2_000;
const key = pskKeyInfoFromBuffer(new Uint8Array(16).fill(7));
const stateKey = new Uint8Array(32).fill(9);
const address = { host: '10.0.0.1', port: 5684 };
const text = new TextDecoder();
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

/** A service that answers, until it is told to hand over. */
class Service {
  answered = 0;
  readonly failures: unknown[] = [];

  private constructor(readonly listener: DtlsListener) {
    void this.#serve();
  }

  static async start(network: MemoryNetwork): Promise<Service> {
    const security = { mode: 'psk', resolve: () => key } as const;
    const { clock } = network;
    const listener = await createDtlsListener({
      security,
      clock,
      useConnectionId: true,
      limits: { backlog: clients, halfOpen: clients },
    });
    await listener.decorate(network.createUdpSocket(undefined, { address: address.host }));
    await listener.bind(address.host, address.port);
    return new Service(listener);
  }

  async #serve(): Promise<void> {
    for await (const socket of this.listener) {
      socket.setReceiver({
        onData: (data) => {
          this.answered += 1;
          socket.send(data).catch(() => undefined);
        },
      });
    }
  }
}

/** A client that asks, and asks again what goes unanswered for two seconds, as CoAP does (RFC 7252 §4.2). */
class Client {
  asked = 0;
  answered = 0;
  repeated = 0;
  #waits = '';
  #isStopped = false;

  constructor(
    readonly socket: SecureSocket,
    private readonly network: MemoryNetwork,
    private readonly name: string,
  ) {
    socket.setReceiver({
      onData: (data) => {
        if (text.decode(data) !== this.#waits) return;
        this.answered += 1;
        this.#next();
      },
    });
    this.#next();
  }

  stop(): void {
    this.#isStopped = true;
  }

  #next(): void {
    if (this.#isStopped) return;
    this.asked += 1;
    this.#waits = `${this.name} ${this.asked}`;
    this.network.clock.setTimeout(() => this.#ask(this.asked), 2_500);
  }

  #ask(number: number): void {
    if (this.answered >= number) return;
    this.socket.send(bytes(this.#waits));
    this.network.clock.setTimeout(() => {
      if (this.answered >= number) return;
      this.repeated += 1;
      this.#ask(number);
    }, 2_000);
  }
}

it(`hands ${clients} associations to another listener while all of them talk, and no client notices`, async () => {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, seed: 1, faults: { delay: { min: 20, max: 60 } } });
  const first = await Service.start(network);
  const identity = pskIdentityInfoFromBuffer('device');
  const sockets: SecureSocket[] = [];
  for (let i = 0; i < clients; i++) {
    const socket = await createDtlsSocket({
      security: { mode: 'psk', key, identity },
      ciphersuites: [0xc0a8],
      clock,
      useConnectionId: true,
    });
    await socket.decorate(network.createUdpSocket());
    sockets.push(socket);
  }
  await clock.runUntil(Promise.all(sockets.map((socket) => socket.connect(address.host, address.port))));
  const talking = sockets.map((socket, i) => new Client(socket, network, `client ${i}`));
  await clock.advance(4_000);
  expect(first.answered).toBeGreaterThanOrEqual(clients);

  const state = await clock.runUntil(first.listener.suspend(stateKey));
  expect(state.length / clients).toBeLessThan(400);
  await clock.advance(200);
  let hellos = 0;
  network.observe(({ data, to }) => {
    if (to.host === address.host && data[0] === 22) hellos += 1;
  });
  const second = await Service.start(network);
  expect(await second.listener.resume(state, stateKey)).toBe(clients);

  // Some have moved meanwhile.
  for (let i = 0; i < clients; i += 10) await clock.runUntil(sockets[i]?.rebind() ?? Promise.reject());
  const before = talking.map(({ answered }) => answered);
  await clock.advance(8_000);
  for (const each of talking) each.stop();
  await clock.advance(8_000);

  for (const [i, client] of talking.entries()) {
    expect(client.socket.state, `client ${i}`).toBe('connected');
    expect(client.answered, `client ${i} goes on`).toBeGreaterThan((before[i] ?? 0) + 2);
    expect(client.asked - client.answered, `client ${i} has all its answers`).toBeLessThanOrEqual(1);
    expect(client.repeated, `client ${i} has lost one round at most`).toBeLessThanOrEqual(1);
  }
  expect(hellos, 'handshakes').toBe(0);
  expect(second.listener.stats).toMatchObject({ associations: clients, resumed: clients, accepted: 0, failed: 0 });
  expect(second.listener.stats.dropped).toMatchObject({ unauthenticated: 0, connectionId: 0 });
  await clock.runUntil(Promise.all([first, second].map(({ listener }) => listener.cleanup())));
}, 60_000);
