import type { DtlsListener, Endpoint, SecureSocket } from '@avs-net/core';
import { MemoryNat } from '@avs-net/core/testing';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, textOf, utf8 } from './bytes.js';
import { exchange } from './exchange.js';
import { expectRejection } from './outcomes.js';
import {
  type ClientSetup,
  type ConnectedPair,
  type ListenerSetup,
  pskClient,
  serverAddress,
  Testbed,
} from './testbed.js';

const useConnectionId = true;
const home: Endpoint = { host: '192.0.2.7', port: 40_000 };
const elsewhere: Endpoint = { host: '192.0.2.7', port: 40_001 };
const farAway: Endpoint = { host: '198.51.100.9', port: 7_777 };

/** What a listener does about a peer whose records come from another address. RFC 9146 §6, RFC 9853. */
export function describePeerAddresses(backends: BackendPair): void {
  describe('a peer whose address changes', () => {
    it('is asked at the new address, and is there from then on: what it is sent meanwhile waits', async () => {
      await using bed = new Testbed(backends, { faults: { delay: { min: 50, max: 50 } } });
      const { client, server, listener, nat } = await natted(bed);
      const moves: string[] = [];
      const received: string[] = [];
      server.setReceiver({
        onData: (data) => {
          received.push(textOf(data));
          server.send(utf8(`re: ${textOf(data)}`)).catch(() => undefined);
        },
        onPeerAddress: (host, port) => moves.push(`${host} ${port}`),
      });
      nat.outside = elsewhere;
      await bed.run(client.send(utf8('still me')));
      await bed.clock.advance(60);
      expect([received, moves, server.remotePort]).toEqual([['still me'], [], home.port]);
      expect(textOf(await bed.run(client.receive()))).toBe('re: still me');
      expect([moves, server.remotePort]).toEqual([[`${elsewhere.host} ${elsewhere.port}`], elsewhere.port]);
      expect(listener.stats.peerAddresses).toEqual({ observed: 1, validated: 1, failed: 0, heldBack: 0 });
    });

    it('keeps it when the new one does not answer: a forged address gets a few small challenges and no data', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await natted(bed);
      const copy = await raced(bed, client, farAway);
      expect(textOf(await bed.run(server.receive())), 'authentic, so it is handed out').toBe('copied');
      await bed.run(server.send(counting(500)).then(() => undefined));
      expect(await bed.run(client.receive())).toEqual(counting(500));
      const toForged = sentTo(bed, farAway);
      expect(toForged.length).toBeGreaterThan(0);
      expect(toForged.reduce((sum, data) => sum + data.length, 0)).toBeLessThanOrEqual(3 * copy.length);
      expect(server.remotePort).toBe(home.port);
      expect(listener.stats.peerAddresses).toMatchObject({ observed: 1, validated: 0, failed: 1 });
      await exchange(bed, client, server);
    });

    it('keeps it when its records are replayed from another one, or come late from where it was', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener, nat } = await natted(bed);
      const [late] = await captured(bed, client, ['late']);
      nat.outside = elsewhere;
      await exchange(bed, client, server);
      const [fresh] = await captured(bed, client, ['fresh']);
      const to = { host: serverAddress, port: listener.localPort };
      bed.network.inject(late ?? new Uint8Array(0), home, to);
      expect(textOf(await bed.run(server.receive()))).toBe('late');
      bed.network.inject(fresh ?? new Uint8Array(0), elsewhere, to);
      expect(textOf(await bed.run(server.receive()))).toBe('fresh');
      for (const { data } of bed.sentBy('client')) if (data[0] === 25) bed.network.inject(data, farAway, to);
      await bed.clock.advance(20_000);
      expect(server.remotePort).toBe(elsewhere.port);
      expect(sentTo(bed, farAway)).toEqual([]);
      expect(listener.stats.peerAddresses).toMatchObject({ observed: 1, validated: 1, failed: 0 });
      expect(server.dropped.replayed).toBeGreaterThan(0);
      await exchange(bed, client, server);
    });

    it('may swap it with another peer', async () => {
      await using bed = new Testbed(backends);
      const one = await natted(bed);
      const other = await natted(bed, { listener: one.listener, at: farAway });
      for (let round = 0; round < 4; round += 1) {
        [one.nat.outside, other.nat.outside] = [other.nat.outside, one.nat.outside];
        for (const { client, server } of [one, other]) await exchange(bed, client, server);
      }
      expect(one.listener.stats).toMatchObject({ associations: 2, accepted: 2 });
      expect(one.server.remotePort).toBe(home.port);
    });

    it('does not take the address of a peer that has no connection ID, and is found by that alone', async () => {
      await using bed = new Testbed(backends);
      const moving = await natted(bed);
      const plain = await natted(bed, { listener: moving.listener, at: elsewhere, client: { useConnectionId: false } });
      const datagram = await raced(bed, moving.client, elsewhere);
      expect(datagram[0]).toBe(25);
      expect(textOf(await bed.run(moving.server.receive()))).toBe('copied');
      await exchange(bed, plain.client, plain.server);
      await bed.clock.advance(20_000);
      await exchange(bed, plain.client, plain.server);
      await exchange(bed, moving.client, moving.server);
      expect(moving.server.remotePort).toBe(home.port);
    });

    it('leaves its old one to whoever has that now, and both go on', async () => {
      await using bed = new Testbed(backends);
      const first = await natted(bed);
      first.nat.outside = undefined;
      const security = pskClient(utf8('device-2'));
      const second = await natted(bed, { listener: first.listener, at: home, client: { security } });
      expect(first.listener.stats.associations).toBe(2);
      first.nat.outside = elsewhere;
      await exchange(bed, first.client, first.server);
      await exchange(bed, second.client, second.server);
    });

    it('is replaced by its own new association when the device has been restarted', async () => {
      await using bed = new Testbed(backends);
      const first = await natted(bed);
      first.nat.outside = undefined;
      const second = await natted(bed, { listener: first.listener, at: home });
      await expectRejection(bed.run(first.server.receive()), 'ECONNRESET');
      expect(first.listener.stats.associations).toBe(1);
      await exchange(bed, second.client, second.server);
    });

    it('moves again before it has been asked: the newest record tells where', async () => {
      await using bed = new Testbed(backends, { faults: { delay: { min: 50, max: 50 } } });
      const { client, server, nat } = await natted(bed);
      nat.outside = elsewhere;
      await bed.run(client.send(utf8('one')));
      await bed.clock.advance(10);
      nat.outside = farAway;
      await bed.run(client.send(utf8('two')));
      await bed.run(server.receive());
      await bed.run(server.receive());
      await bed.clock.advance(10_000);
      expect(server.remotePort).toBe(farAway.port);
      await exchange(bed, client, server);
    });

    it('is heard where it was before: then it has not moved', async () => {
      await using bed = new Testbed(backends, { faults: { delay: { min: 50, max: 50 } } });
      const { client, server, listener, nat } = await natted(bed);
      nat.outside = elsewhere;
      await bed.run(client.send(utf8('there')));
      nat.outside = home;
      await bed.run(client.send(utf8('here')));
      await bed.run(server.receive());
      await bed.run(server.receive());
      await exchange(bed, client, server);
      expect(server.remotePort).toBe(home.port);
      expect(listener.stats.peerAddresses).toMatchObject({ observed: 1, validated: 0, failed: 1 });
    });
  });

  describe('enhanced path validation', () => {
    const connectionIds = { pathValidation: 'enhanced' } as const;

    it('asks the old address first, and the new one when that is silent', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener, nat } = await natted(bed, { server: { connectionIds } });
      nat.outside = elsewhere;
      await bed.run(client.send(utf8('moved')));
      await bed.run(server.receive());
      await bed.clock.advance(900);
      expect(sentTo(bed, elsewhere)).toEqual([]);
      await bed.clock.advance(200);
      expect(server.remotePort).toBe(elsewhere.port);
      expect(listener.stats.peerAddresses).toMatchObject({ observed: 1, validated: 1 });
      await exchange(bed, client, server);
    });

    it('keeps a peer where it is while that answers there, so that faster copies of its records change nothing', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await natted(bed, { server: { connectionIds } });
      await raced(bed, client, farAway);
      await bed.run(server.receive());
      await exchange(bed, client, server);
      await bed.clock.advance(20_000);
      expect(sentTo(bed, farAway)).toEqual([]);
      expect(server.remotePort).toBe(home.port);
      expect(listener.stats.peerAddresses).toMatchObject({ observed: 1, validated: 0, failed: 1 });
    });
  });

  describe('a peer without return routability checks', () => {
    const client = { connectionIds: { returnRoutabilityCheck: false } };

    it('is at its new address at once, and gets three times what came from there until it is heard again', async () => {
      await using bed = new Testbed(backends);
      const { client: socket, server, listener, nat } = await natted(bed, { client });
      expect(server.info?.returnRoutabilityCheck).toBe(false);
      nat.outside = elsewhere;
      bed.wire.length = 0;
      await bed.run(socket.send(utf8('moved')));
      await bed.run(server.receive());
      expect(server.remotePort).toBe(elsewhere.port);
      const came = bed.wire.find(({ from }) => from.port === elsewhere.port)?.data.length ?? 0;
      await bed.run(server.send(utf8('short')));
      expect(textOf(await bed.run(socket.receive()))).toBe('short');
      await expectRejection(server.send(counting(3 * came)), 'EAGAIN');
      expect(sentTo(bed, elsewhere).reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(3 * came);
      expect(listener.stats.peerAddresses).toEqual({ observed: 1, validated: 0, failed: 0, heldBack: 1 });
      await bed.run(socket.send(utf8('heard you')));
      await bed.run(server.receive());
      await bed.run(server.send(counting(1_000)));
      expect(await bed.run(socket.receive())).toEqual(counting(1_000));
      expect(listener.stats.peerAddresses.validated).toBe(1);
    });

    it('is back where it was proven to be when it is heard there', async () => {
      await using bed = new Testbed(backends);
      const { client: socket, server, listener } = await natted(bed, { client });
      await raced(bed, socket, farAway);
      await bed.run(server.receive());
      expect(server.remotePort).toBe(farAway.port);
      await bed.run(socket.send(utf8('here')));
      await bed.run(server.receive());
      expect(server.remotePort).toBe(home.port);
      await bed.run(server.send(counting(1_000)));
      expect(await bed.run(socket.receive())).toEqual(counting(1_000));
      expect(listener.stats.peerAddresses).toMatchObject({ observed: 1, validated: 0, failed: 1 });
    });
  });
}

interface NattedPair extends ConnectedPair {
  readonly nat: MemoryNat;
}

/** A client with connection IDs behind a NAT of its own. */
async function natted(
  bed: Testbed,
  setup: { listener?: DtlsListener; at?: Endpoint; client?: ClientSetup; server?: ListenerSetup } = {},
): Promise<NattedPair> {
  const below = bed.network.createUdpSocket();
  await below.bind('0.0.0.0', 0);
  const nat = new MemoryNat(bed.network, { host: below.localHost, port: below.localPort }, setup.at ?? home);
  const listener = setup.listener ?? (await bed.listen({ useConnectionId, ...setup.server }));
  const pair = await bed.connect(await bed.client({ useConnectionId, below, ...setup.client }), listener);
  return { ...pair, nat };
}

/** Sends from a client, keeps the datagrams from the network, and gives them. */
async function captured(bed: Testbed, client: SecureSocket, texts: readonly string[]): Promise<Uint8Array[]> {
  const datagrams: Uint8Array[] = [];
  const stop = bed.network.intercept(({ data, to }) => {
    if (to.host !== serverAddress) return undefined;
    datagrams.push(data.slice());
    return false;
  });
  for (const text of texts) await bed.run(client.send(utf8(text)));
  stop();
  return [...new Map(datagrams.map((data) => [data.join(), data])).values()];
}

/** A record of the client's reaches the server from another address first, and the original not at all. */
async function raced(bed: Testbed, client: SecureSocket, from: Endpoint): Promise<Uint8Array> {
  const [copy = new Uint8Array(0)] = await captured(bed, client, ['copied']);
  bed.wire.length = 0;
  bed.network.inject(copy, from, { host: client.remoteHost, port: client.remotePort });
  return copy;
}

/** What the server has sent to an endpoint. */
function sentTo(bed: Testbed, { host, port }: Endpoint): Uint8Array[] {
  return bed.wire
    .filter(({ from, to }) => from.host === serverAddress && to.host === host && to.port === port)
    .map(({ data }) => data);
}
