import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { AlertDescription, type DiagnosticChannels } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { hexOf, utf8 } from './bytes.js';
import { lightCiphersuite } from './ciphersuites.js';
import { expectRejection, rejectionOf } from './outcomes.js';
import { pskClient, pskServer, serverAddress, serverPort, Testbed } from './testbed.js';
import { ContentType, HandshakeType, holds, holdsHandshake } from './wire.js';

type Name = keyof DiagnosticChannels;

/** One event, as a subscriber gets it. */
type Event = { [K in Name]: { readonly name: K; readonly message: DiagnosticChannels[K] } }[Name];

const names: readonly Name[] = [
  'avs-net:handshake:start',
  'avs-net:handshake:end',
  'avs-net:alert',
  'avs-net:retransmission',
  'avs-net:drop',
];

/** Takes every event while it lives. */
class Observer implements Disposable {
  readonly events: Event[] = [];
  readonly #take = (message: unknown, name: string | symbol): void => {
    this.events.push({ name, message } as Event);
  };

  constructor() {
    for (const name of names) subscribe(name, this.#take);
  }

  /** The messages of one channel, of one side. */
  of<K extends Name>(name: K, role: 'client' | 'server'): DiagnosticChannels[K][] {
    return this.events.flatMap((event) =>
      event.name === name && event.message.role === role ? [event.message as DiagnosticChannels[K]] : [],
    );
  }

  [Symbol.dispose](): void {
    for (const name of names) unsubscribe(name, this.#take);
  }
}

const sides = ['client', 'server'] as const;

/** What sockets tell through `node:diagnostics_channel`. */
export function describeDiagnostics(backends: BackendPair): void {
  describe('diagnostics', () => {
    it('tell when a handshake begins and ends, on both sides, and what it came to', async () => {
      await using bed = new Testbed(backends, { faults: { delay: 50 } });
      using observer = new Observer();
      const { client, server } = await bed.pair({ client: { serverNameIndication: 'device.example' } });
      const ends = { client, server };
      for (const side of sides) {
        const [start, ...more] = observer.of('avs-net:handshake:start', side);
        const [end, ...others] = observer.of('avs-net:handshake:end', side);
        expect([more, others]).toEqual([[], []]);
        const { remoteHost: host, remotePort: port } = ends[side];
        expect(start).toEqual({ association: start?.association, role: side, host, port });
        expect(end).toMatchObject({ association: start?.association, role: side, host, port, error: undefined });
        expect(end?.duration).toBe(side === 'client' ? 300 : 100);
        expect(end?.info).toMatchObject({
          version: '1.2',
          ciphersuite: lightCiphersuite(backends),
          resumed: false,
          serverName: 'device.example',
          retransmissions: 0,
        });
      }
      const numbers = observer.events.map(({ message }) => message.association);
      expect(new Set(numbers).size, 'an association has one number for each end').toBe(2);
    });

    it('tell why a handshake has failed, and that one was given up', async () => {
      await using bed = new Testbed(backends);
      const client = await bed.client({ handshakeTimeouts: { min: 100, max: 200 } });
      using observer = new Observer();
      const error = await expectRejection(bed.run(client.connect(serverAddress, serverPort)), 'ETIMEDOUT');
      const [end] = observer.of('avs-net:handshake:end', 'client');
      expect(end).toMatchObject({ info: undefined, duration: 300, error: { errno: 'ETIMEDOUT' } });
      expect(error.cause ?? error).toBe(end?.error);
      const controller = new AbortController();
      const connecting = rejectionOf(client.connect(serverAddress, serverPort, { signal: controller.signal }));
      await bed.clock.advance(50);
      controller.abort();
      await bed.run(connecting);
      expect(observer.of('avs-net:handshake:end', 'client').at(-1)).toMatchObject({
        info: undefined,
        error: undefined,
      });
    });

    it('tell of every flight that is sent again, and count them', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      let losses = 2;
      bed.network.intercept(({ data }) => {
        if (!holdsHandshake(data, HandshakeType.serverHelloDone) || losses === 0) return undefined;
        losses -= 1;
        return false;
      });
      using observer = new Observer();
      const { client } = await bed.connect(await bed.client(), listener);
      const again = observer.of('avs-net:retransmission', 'client');
      expect(again.map(({ count }) => count)).toEqual(again.map((_, index) => index + 1));
      expect(again).toHaveLength(client.info?.retransmissions ?? 0);
      expect(observer.of('avs-net:retransmission', 'server').length + again.length).toBeGreaterThanOrEqual(2);
    });

    it("tell that a lost last flight was sent again, which is after the server's handshake", async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      using observer = new Observer();
      let losses = 1;
      bed.network.intercept(({ data, from }) => {
        const isLast = from.host === serverAddress && holds(data, ContentType.changeCipherSpec);
        if (!isLast || losses === 0) return undefined;
        losses -= 1;
        return false;
      });
      await bed.connect(await bed.client(), listener);
      expect(losses).toBe(0);
      expect(observer.of('avs-net:retransmission', 'server')).toHaveLength(1);
    });

    it('tell of alerts, sent and received', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      using observer = new Observer();
      await bed.run(client.close());
      await bed.clock.advance(10);
      expect(server.state).toBe('shutdown');
      const notify = { level: 1, description: AlertDescription.close_notify };
      expect(observer.of('avs-net:alert', 'client')[0]).toMatchObject({
        ...notify,
        direction: 'sent',
        port: serverPort,
      });
      expect(observer.of('avs-net:alert', 'server')[0]).toMatchObject({ ...notify, direction: 'received' });
    });

    it('tell what is dropped and why, with an association or without', async () => {
      await using bed = new Testbed(backends);
      const { client, listener } = await bed.pair();
      using observer = new Observer();
      const to = { host: serverAddress, port: serverPort };
      bed.network.inject(utf8('not a record'), { host: '10.9.9.9', port: 9 }, to);
      bed.network.inject(utf8('not a record'), { host: client.localHost, port: client.localPort }, to);
      await bed.clock.advance(10);
      const [stranger, peer] = observer.of('avs-net:drop', 'server');
      expect(stranger).toMatchObject({ association: undefined, host: '10.9.9.9', port: 9 });
      expect(peer).toMatchObject({ host: client.localHost, port: client.localPort, reason: 'malformed' });
      expect(peer?.association).toBeTypeOf('number');
      const counted = Object.values(listener.stats.dropped).reduce((sum, count) => sum + count);
      expect(observer.of('avs-net:drop', 'server')).toHaveLength(counted);
    });

    it('tell which limit has turned a peer away', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen({ limits: { total: 1 } });
      await bed.connect(await bed.client(), listener);
      using observer = new Observer();
      const late = await bed.client({ handshakeTimeouts: { min: 100, max: 100 } });
      await expectRejection(bed.run(late.connect(serverAddress, serverPort)), 'ETIMEDOUT');
      expect(observer.of('avs-net:drop', 'server')).toMatchObject([{ association: undefined, reason: 'total' }]);
      expect(listener.stats.refused.total).toBe(1);
    });

    it('never hold a key, an identity, or what is sent and received', async () => {
      const [key, identity, data] = ['a key of sixteen', 'nobody-knows-me', 'attack at dawn'].map(utf8);
      await using bed = new Testbed(backends);
      using observer = new Observer();
      const listener = await bed.listen({ security: pskServer(key) });
      const right = await bed.client({ security: pskClient(identity, key) });
      const { client, server } = await bed.connect(right, listener);
      bed.network.setFaults({ corruption: 0.3, duplication: 0.3 });
      for (let i = 0; i < 20; i += 1) {
        await client.send(data ?? key ?? utf8(''));
        await server.send(data ?? utf8(''));
      }
      await bed.clock.advance(10);
      bed.network.setFaults({});
      const wrong = await bed.client({ security: pskClient(identity, utf8('another sixteen.')) });
      await rejectionOf(bed.run(wrong.connect(serverAddress, serverPort)));
      await bed.run(client.close());
      for (const name of names) {
        expect(
          observer.events.some((event) => event.name === name),
          name,
        ).toBe(true);
      }
      const told = inspect(observer.events, {
        depth: 20,
        maxArrayLength: null,
        maxStringLength: null,
        showHidden: true,
      });
      const text = `${told} ${JSON.stringify(observer.events)}`.replaceAll(/\s+/g, ' ');
      for (const secret of [key, identity, data, utf8('another sixteen.')]) {
        if (secret === undefined) continue;
        const plain = String.fromCharCode(...secret);
        for (const notation of [plain, hexOf(secret), btoa(plain), [...secret].join(','), [...secret].join(', ')]) {
          expect(text.includes(notation), notation).toBe(false);
        }
      }
    });

    it('stop when nobody listens any more', async () => {
      await using bed = new Testbed(backends);
      const observer = new Observer();
      observer[Symbol.dispose]();
      await bed.pair();
      expect(observer.events).toEqual([]);
    });
  });
}
