import { assert, asyncProperty, integer, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyTlsConfiguration, createSecureSocket, type Receiver, type Socket } from '../src/index.js';
import { FakeClientFactory } from './fake-engine.js';
import { bytes, clientConfiguration, ShellWorld, text } from './shell-world.js';

const seed = Number(process.env['TEST_SEED'] ?? 20_240_608);

describe('over a bad network', () => {
  it(`every connect ends: connected on both sides, or failed and nothing left behind (seed ${seed})`, async () => {
    await assert(
      asyncProperty(integer({ min: 1, max: 0x7fffffff }), async (network) => {
        const faults = { loss: 0.3, duplication: 0.2, reordering: 0.3, corruption: 0.05, delay: { min: 1, max: 300 } };
        const world = new ShellWorld({ seed: network, faults });
        const { listener } = await world.boundServer({ limits: { handshakeTime: 20_000, idleTime: 40_000 } });
        const configuration = { handshakeTimeouts: { min: 1_000, max: 8_000 } };
        const clients = await Promise.all(Array.from({ length: 5 }, () => world.client({ configuration })));
        const results = await world.run(
          Promise.all(
            clients.map(({ socket }) => socket.connect(world.host, world.port).catch((error) => error.errno)),
          ),
        );
        for (const [index, { socket }] of clients.entries()) {
          expect(results[index] === undefined ? 'connected' : 'closed').toBe(socket.state);
          if (results[index] !== undefined) expect(results[index]).toBe('ETIMEDOUT');
        }
        await Promise.all(clients.map(({ socket }) => world.run(socket.cleanup())));
        await world.clock.advance(120_000);
        expect(listener.stats).toMatchObject({ associations: 0, halfOpen: 0 });
        expect(world.clock.pendingTimers).toBe(0);
      }),
      { seed, numRuns: 60 },
    );
  });

  it(`noise at both ends changes nothing (seed ${seed})`, async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    const ends = [
      { host: world.host, port: world.port },
      { host: client.socket.localHost, port: client.socket.localPort },
    ] as const;
    await assert(
      asyncProperty(uint8Array({ maxLength: 80 }), async (noise) => {
        world.network.inject(noise, ends[0], ends[1]);
        world.network.inject(noise, ends[1], ends[0]);
        world.network.inject(noise, { host: '10.66.0.1', port: 666 }, ends[0]);
        await world.clock.advance(1);
      }),
      { seed, numRuns: 300 },
    );
    await client.socket.send(bytes('unmoved'));
    expect(text(await world.run(accepted.receive()))).toBe('unmoved');
    expect(server.listener.stats).toMatchObject({ associations: 1, halfOpen: 0 });
  });
});

describe('over a stream', () => {
  it('leaves in the stream what nobody reads, and takes it up again', async () => {
    const stream = new FakeStream();
    const socket = await streamSocket(stream);
    const chunk = 10_000;
    for (let sent = 0; sent < 40; sent += 1) stream.arrive(record(23, new Uint8Array(chunk).fill(sent)));
    expect(stream.waiting).toBeGreaterThan(0);
    let read = 0;
    while (read < 40 * chunk) read += (await socket.receive()).length;
    expect(read).toBe(40 * chunk);
    expect(stream.waiting).toBe(0);
  });

  it('ends with what ends the stream, and tells an end without close_notify from a proper one', async () => {
    const reset = new FakeStream();
    const broken = await streamSocket(reset);
    const { errnoError } = await import('../src/index.js');
    reset.receiver?.onError?.(errnoError('ECONNRESET', 'reset'));
    await expect(broken.receive()).rejects.toMatchObject({ errno: 'ECONNRESET' });
    const cut = new FakeStream();
    const truncated = await streamSocket(cut);
    cut.receiver?.onEnd?.();
    await expect(truncated.receive()).rejects.toThrow(/ECONNRESET.*close_notify/);
    const proper = new FakeStream();
    const ended = await streamSocket(proper);
    proper.arrive(record(23, bytes('last')));
    proper.arrive(record(21, Uint8Array.of(1, 0)));
    expect(text(await ended.receive())).toBe('last');
    expect(await ended.receive()).toEqual(new Uint8Array(0));
  });
});

/** A record of the fake protocol for the first handshake of a factory that starts with number 1. */
function record(type: number, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(15 + content.length);
  bytes.set([type, 0xfe, 0xfd, 0, 1]);
  bytes.set([(content.length + 2) >> 8, (content.length + 2) & 0xff, 0, 1], 11);
  bytes.set(content, 15);
  return bytes;
}

async function streamSocket(stream: FakeStream): Promise<Socket> {
  const configuration = copyTlsConfiguration(clientConfiguration());
  const socket = await createSecureSocket({ type: 'tls', engines: new FakeClientFactory({}, 1), configuration });
  await socket.decorate(stream as unknown as Socket);
  return socket;
}

/** A connected stream with a server that completes the fake handshake, and that keeps what nobody takes. */
class FakeStream {
  readonly type = 'tcp';
  readonly state = 'connected';
  readonly remoteHost = '10.0.0.1';
  readonly remotePort = 443;
  readonly remoteHostname = 'a.example';
  receiver: Receiver | undefined;
  readonly #kept: Uint8Array[] = [];

  get waiting(): number {
    return this.#kept.length;
  }

  connect(): Promise<void> {
    return Promise.resolve();
  }

  send(data: Uint8Array): Promise<void> {
    if (data[0] === 22) {
      const answer = data.slice(0, 17);
      answer[12] = 4;
      if (answer[13] === 1) answer[13] = 2;
      this.arrive(answer);
    }
    return Promise.resolve();
  }

  getOption(): never {
    throw new Error('a stream is asked for no option');
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  cleanup(): Promise<void> {
    return Promise.resolve();
  }

  arrive(data: Uint8Array): void {
    if (this.receiver === undefined || this.#kept.length > 0) this.#kept.push(data);
    else this.receiver.onData(data, this.remoteHost, this.remotePort);
  }

  setReceiver(receiver: Receiver | undefined): void {
    this.receiver = receiver;
    while (this.receiver !== undefined) {
      const next = this.#kept.shift();
      if (next === undefined) break;
      this.receiver.onData(next, this.remoteHost, this.remotePort);
    }
  }
}
