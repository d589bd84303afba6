import { type ChildProcess, fork } from 'node:child_process';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '../packages/avs-crypto-creds/src/index.js';
import type { ListenerStats, SecureSocket } from '../packages/avs-net-core/src/index.js';
import { hasReusePort } from '../packages/avs-net-core/src/node/platform-limits.js';
import { createDtlsSocket } from '../packages/tls-pure/src/index.js';

const size = 4;
const clients = 24;
const security = {
  mode: 'psk',
  key: pskKeyInfoFromBuffer(new Uint8Array(16).fill(1)),
  identity: pskIdentityInfoFromBuffer('device'),
} as const;

interface Message {
  readonly port?: number;
  readonly stats?: ListenerStats;
  readonly owner?: number;
}

/** Four processes on one port: the system spreads what comes over them, or before Node 22.12 a forwarder in front of them does. */
class Group {
  readonly workers: ChildProcess[] = [];
  /** Datagrams that went from the process that had got them to the one that knows them. */
  handedOver = 0;
  port = 0;
  #forwarder: Forwarder | undefined;

  async start(): Promise<void> {
    const isShared = hasReusePort(process.versions.node);
    const ports: number[] = [];
    for (let number = 0; number < size; number++) {
      const port = isShared ? (ports[0] ?? 0) : 0;
      const script = fileURLToPath(new URL('fixtures/group-worker.mjs', import.meta.url));
      const worker = fork(script, [String(number), String(port), isShared ? '1' : '0']);
      this.workers.push(worker);
      const [{ port: bound = 0 }] = (await once(worker, 'message')) as [Message];
      ports.push(bound);
      worker.on('message', (message: Message) => {
        if (message.owner === undefined) return;
        this.handedOver += 1;
        this.workers[message.owner]?.send(message);
      });
    }
    this.#forwarder = isShared ? undefined : await Forwarder.start(ports);
    this.port = this.#forwarder?.port ?? ports[0] ?? 0;
  }

  async stats(): Promise<ListenerStats[]> {
    return Promise.all(
      this.workers.map(async (worker) => {
        worker.send({});
        for (;;) {
          const [{ stats }] = (await once(worker, 'message')) as [Message];
          if (stats !== undefined) return stats;
        }
      }),
    );
  }

  async stop(): Promise<void> {
    this.#forwarder?.stop();
    const ends = this.workers.map((worker) => once(worker, 'exit'));
    for (const worker of this.workers) worker.disconnect();
    await Promise.all(ends);
  }
}

/** Spreads what comes to one port over several, by the port of the sender, as the system does with SO_REUSEPORT. */
class Forwarder {
  readonly #front: DatagramSocket;
  readonly #backs = new Map<number, DatagramSocket>();

  private constructor(
    front: DatagramSocket,
    private readonly ports: readonly number[],
  ) {
    this.#front = front;
    front.on('message', (data, { port }) =>
      this.#back(port).send(data, this.ports[port % this.ports.length], '127.0.0.1'),
    );
  }

  static async start(ports: readonly number[]): Promise<Forwarder> {
    const front = createSocket('udp4').bind(0, '127.0.0.1');
    await once(front, 'listening');
    return new Forwarder(front, ports);
  }

  get port(): number {
    return this.#front.address().port;
  }

  stop(): void {
    for (const socket of [this.#front, ...this.#backs.values()]) socket.close();
  }

  /** The socket that stands for a sender: whatever process answers it, the answer goes back. */
  #back(port: number): DatagramSocket {
    let back = this.#backs.get(port);
    if (back === undefined) {
      back = createSocket('udp4');
      back.on('message', (data) => this.#front.send(data, port, '127.0.0.1'));
      this.#backs.set(port, back);
    }
    return back;
  }
}

describe('four processes on one port', { timeout: 120_000 }, () => {
  const group = new Group();
  const sockets: SecureSocket[] = [];

  beforeAll(() => group.start(), 120_000);

  afterAll(async () => {
    await Promise.all(sockets.map((socket) => socket.cleanup()));
    await group.stop();
  });

  /** Asks until an answer comes: UDP may lose what a busy machine has no time for. */
  async function ask(socket: SecureSocket, question: string): Promise<string> {
    socket.setOption('recvTimeout', 2_000);
    for (let tries = 0; ; tries++) {
      await socket.send(Buffer.from(question));
      try {
        for (;;) {
          const answer = Buffer.from(await socket.receive()).toString();
          if (answer.endsWith(` ${question}`)) return answer;
        }
      } catch (error) {
        if (tries === 10) throw error;
      }
    }
  }

  it('forward what has reached the wrong one to the one that knows it, wherever its sender has moved', async () => {
    const owners: string[] = [];
    for (let i = 0; i < clients; i++) {
      const socket = await createDtlsSocket({ security, ciphersuites: [0xc0a8], useConnectionId: true });
      sockets.push(socket);
      await socket.connect('127.0.0.1', group.port);
      const answer = await ask(socket, `client ${i}`);
      const owner = answer.slice(0, 1);
      expect(socket.info?.peerConnectionId?.[0]).toBe(Number(owner));
      owners.push(owner);
    }
    expect(new Set(owners).size, 'the port is shared').toBeGreaterThan(1);
    for (let round = 1; round <= 3; round++) {
      for (const [i, socket] of sockets.entries()) {
        await socket.rebind();
        const question = `client ${i} in round ${round}`;
        expect(await ask(socket, question)).toBe(`${owners[i]} ${question}`);
      }
    }
    const stats = await group.stats();
    const sum = (of: (stats: ListenerStats) => number): number => stats.reduce((total, each) => total + of(each), 0);
    expect(sum(({ accepted }) => accepted)).toBe(clients);
    expect(sum(({ associations }) => associations)).toBe(clients);
    expect(group.handedOver).toBeGreaterThan(clients);
    expect(sum(({ forwarded }) => forwarded)).toBe(group.handedOver);
    expect(sum(({ peerAddresses }) => peerAddresses.validated)).toBeGreaterThanOrEqual(3 * clients - 3);
  });
});
