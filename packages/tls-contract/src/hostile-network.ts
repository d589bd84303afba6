import type { DropReason, Endpoint, SecureSocket } from '@avs-net/core';
import { SeededRandom } from '@avs-net/core/testing';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, textOf, utf8 } from './bytes.js';
import { rejectionOf } from './outcomes.js';
import { type ConnectedPair, serverAddress, serverPort, Testbed } from './testbed.js';
import {
  ContentType,
  clientHelloOf,
  HandshakeType,
  holds,
  holdsHandshake,
  withSessionId,
  writeRecord,
} from './wire.js';

const target: Endpoint = { host: serverAddress, port: serverPort };

function totalOf(dropped: Readonly<Record<DropReason, number>>): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, 0);
}

function endsOf({ client }: ConnectedPair): {
  readonly up: readonly [Endpoint, Endpoint];
  readonly down: readonly [Endpoint, Endpoint];
} {
  const here = { host: client.localHost, port: client.localPort };
  return { up: [here, target], down: [target, here] };
}

/** That an association works, and that its two sockets hold nothing else. */
async function expectUnharmed(bed: Testbed, { client, server }: ConnectedPair, hint: string): Promise<void> {
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    await bed.run(from.send(utf8(hint)));
    expect(textOf(await bed.run(to.receive())), hint).toBe(hint);
    expect(to.tryReceive(), hint).toBeUndefined();
  }
}

/** A ClientHello with its cookie, which the network has kept back from the listener, and where it came from. */
async function withholdHello(bed: Testbed): Promise<{ readonly hello: Uint8Array; readonly from: Endpoint }> {
  const client = await bed.client();
  const from = { host: '10.7.7.7', port: 7_777 };
  const below = bed.network.createUdpSocket(undefined, { address: from.host });
  await bed.run(client.decorate(below));
  await bed.run(client.bind(from.host, from.port));
  const stop = bed.network.intercept(({ data }) => {
    const isSecond = holdsHandshake(data, HandshakeType.clientHello) && clientHelloOf(data).cookie.length > 0;
    return isSecond ? false : undefined;
  });
  const connecting = rejectionOf(client.connect(serverAddress, serverPort));
  await bed.clock.advance(1);
  stop();
  const found = bed.sentBy('client').find(({ data }) => clientHelloOf(data).cookie.length > 0);
  await bed.run(client.close());
  await connecting;
  return { hello: found?.data ?? new Uint8Array(), from };
}

/** What anyone on the network can do to an association or a listener: nothing. */
export function describeHostileNetwork(backends: BackendPair): void {
  describe('a hostile network', () => {
    it('delivers a datagram once, however often it is replayed, and counts the replays', async () => {
      await using bed = new Testbed(backends);
      const pair = await bed.pair();
      const { client, server } = pair;
      const { up, down } = endsOf(pair);
      bed.wire.length = 0;
      for (let i = 0; i < 100; i += 1) await client.send(counting(4, i));
      await bed.clock.advance(1);
      for (let i = 0; i < 100; i += 1) expect(server.tryReceive()?.data).toEqual(counting(4, i));
      await server.send(utf8('down'));
      expect(textOf(await bed.run(client.receive()))).toBe('down');
      for (const { data, from } of [...bed.wire]) {
        const [source, destination] = from.host === serverAddress ? down : up;
        bed.network.inject(data, source, destination);
        bed.network.inject(data, source, destination);
      }
      await bed.clock.advance(1);
      expect([client.tryReceive(), server.tryReceive()]).toEqual([undefined, undefined]);
      expect(server.dropped.replayed).toBe(200);
      expect(client.dropped.replayed).toBe(2);
      await expectUnharmed(bed, pair, 'after replays');
    });

    it('takes datagrams in any order, each once', async () => {
      await using bed = new Testbed(backends);
      const pair = await bed.pair();
      const { up } = endsOf(pair);
      const caught: Uint8Array[] = [];
      const release = bed.network.intercept(({ data }) => {
        caught.push(data.slice());
        return false;
      });
      for (let i = 0; i < 40; i += 1) await pair.client.send(utf8(`${i}`));
      release();
      const random = new SeededRandom(11);
      const shuffled = caught.map((data) => ({ data, rank: random.next() })).sort((a, b) => a.rank - b.rank);
      for (const { data } of shuffled) bed.network.inject(data, ...up);
      await bed.clock.advance(1);
      const got: number[] = [];
      for (let next = pair.server.tryReceive(); next !== undefined; next = pair.server.tryReceive()) {
        got.push(Number(textOf(next.data)));
      }
      expect(
        [...got].sort((a, b) => a - b),
        'seed 11',
      ).toEqual(Array.from({ length: 40 }, (_, i) => i));
      await expectUnharmed(bed, pair, 'after shuffling');
    });

    it('drops every tampered datagram, wherever the bit is flipped', async () => {
      await using bed = new Testbed(backends);
      const pair = await bed.pair();
      const { up } = endsOf(pair);
      let caught = new Uint8Array();
      const release = bed.network.intercept(({ data }) => {
        caught = data.slice();
        return false;
      });
      await pair.client.send(utf8('unread'));
      release();
      let flips = 0;
      for (let bit = 0; bit < caught.length * 8; bit += 3) {
        const forged = caught.slice();
        forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        bed.network.inject(forged, ...up);
        flips += 1;
      }
      for (let length = 0; length < caught.length; length += 1) bed.network.inject(caught.subarray(0, length), ...up);
      await bed.clock.advance(1);
      expect(pair.server.tryReceive()).toBeUndefined();
      expect(totalOf(pair.server.dropped)).toBeGreaterThanOrEqual(flips);
      bed.network.inject(caught, ...up);
      expect(textOf(await bed.run(pair.server.receive())), 'the untouched one is still good').toBe('unread');
      await expectUnharmed(bed, pair, 'after tampering');
    });

    it('drops garbage at both ends of an association and at the listener, and counts it', async () => {
      await using bed = new Testbed(backends);
      const pair = await bed.pair();
      const { up, down } = endsOf(pair);
      const random = new SeededRandom(21);
      const stranger = { host: '10.6.6.6', port: 666 };
      const before = totalOf(pair.listener.stats.dropped);
      for (let i = 0; i < 300; i += 1) {
        const junk = new Uint8Array(random.integer(0, 80));
        random.fill(junk);
        // Half of it at least begins like a record.
        if (i % 2 === 0) junk.set(writeRecord(20 + (i % 8), i % 3, i, []).subarray(0, Math.min(13, junk.length)));
        for (const [from, to] of [up, down, [stranger, target] as const]) bed.network.inject(junk, from, to);
      }
      await bed.clock.advance(1);
      expect(totalOf(pair.client.dropped), 'seed 21').toBeGreaterThan(200);
      expect(totalOf(pair.server.dropped), 'seed 21').toBeGreaterThan(200);
      expect(totalOf(pair.listener.stats.dropped) - before, 'seed 21').toBeGreaterThan(400);
      expect(pair.listener.stats).toMatchObject({ associations: 1, halfOpen: 0 });
      await expectUnharmed(bed, pair, 'after garbage');
    });

    it('does not end an association for plaintext alerts, handshake messages or data', async () => {
      await using bed = new Testbed(backends);
      const pair = await bed.pair();
      const { up, down } = endsOf(pair);
      const forged = [
        writeRecord(ContentType.alert, 0, 500, [2, 40]),
        writeRecord(ContentType.alert, 0, 501, [1, 0]),
        writeRecord(ContentType.alert, 1, 502, [2, 40]),
        writeRecord(ContentType.applicationData, 0, 503, Array.from(utf8('forged'))),
        writeRecord(ContentType.changeCipherSpec, 0, 504, [1]),
        writeRecord(ContentType.handshake, 0, 505, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        writeRecord(ContentType.handshake, 0, 506, [20, 0, 0, 12, 0, 9, 0, 0, 0, 0, 0, 12, ...new Array(12).fill(1)]),
      ];
      for (const data of forged) for (const [from, to] of [up, down]) bed.network.inject(data, from, to);
      await bed.clock.advance(10_000);
      expect([pair.client.state, pair.server.state]).toEqual(['connected', 'accepted']);
      await expectUnharmed(bed, pair, 'after forgeries');
    });

    it('is not confused by the whole handshake played again', async () => {
      await using bed = new Testbed(backends);
      const pair = await bed.pair();
      const recorded = [...bed.wire];
      for (const { data, from, to } of recorded) {
        bed.network.inject(data, from, to);
        await bed.clock.advance(700);
      }
      await bed.clock.advance(200_000);
      expect(pair.listener.stats).toMatchObject({ associations: 1, halfOpen: 0, accepted: 1 });
      await expectUnharmed(bed, pair, 'after the replay');
    });

    it('hears nobody but the peer', async () => {
      await using bed = new Testbed(backends);
      const pair = await bed.pair();
      const other = await bed.connect(await bed.client(), pair.listener);
      const { up } = endsOf(pair);
      bed.wire.length = 0;
      await other.client.send(utf8('from another'));
      const sent = bed.wire[0]?.data ?? new Uint8Array();
      bed.network.inject(sent, ...up);
      await bed.clock.advance(1);
      expect(pair.server.tryReceive()).toBeUndefined();
      expect(textOf(other.server.tryReceive()?.data ?? utf8(''))).toBe('from another');
      await expectUnharmed(bed, pair, 'after a stranger');
    });

    it('carries data unharmed over a network that corrupts and truncates', async () => {
      const seed = 31;
      await using bed = new Testbed(backends, { seed });
      const { client, server } = await bed.pair();
      bed.network.setFaults({ corruption: 0.2, truncation: 0.1, duplication: 0.1, delay: { min: 1, max: 20 } });
      const seen = new Set<number>();
      for (let i = 0; i < 300; i += 1) {
        await client.send(Uint8Array.of(i >> 8, i & 255, ...counting(50, i)));
        await bed.clock.advance(1);
      }
      await bed.clock.advance(1_000);
      for (let next = server.tryReceive(); next !== undefined; next = server.tryReceive()) {
        const index = ((next.data[0] ?? 0) << 8) | (next.data[1] ?? 0);
        expect(next.data.subarray(2), `seed ${seed}`).toEqual(counting(50, index));
        expect(seen.has(index), `seed ${seed}: ${index} twice`).toBe(false);
        seen.add(index);
      }
      expect(seen.size, `seed ${seed}`).toBeGreaterThan(180);
      expect(server.state).toBe('accepted');
    });
  });

  describe('the first flight of a stranger', () => {
    /** The two ClientHellos of a handshake, as they were on the wire. */
    async function recordHellos(bed: Testbed, client: SecureSocket): Promise<readonly [Uint8Array, Uint8Array]> {
      bed.wire.length = 0;
      await bed.run(client.connect(serverAddress, serverPort));
      const hellos = bed.wire.filter(({ data }) => holdsHandshake(data, HandshakeType.clientHello));
      return [hellos[0]?.data ?? new Uint8Array(), hellos[1]?.data ?? new Uint8Array()];
    }

    it('is answered without keeping anything, and never with more than was asked', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const [first] = await recordHellos(bed, await bed.client());
      bed.wire.length = 0;
      for (let i = 0; i < 500; i += 1) {
        bed.network.inject(first, { host: `10.7.${i >> 8}.${i & 255}`, port: 1_000 + i }, target);
      }
      await bed.clock.advance(1);
      expect(listener.stats).toMatchObject({ associations: 1, halfOpen: 0, cookiesSent: 501 });
      const answers = bed.sentBy('server');
      expect(answers).toHaveLength(500);
      for (const { data } of answers) {
        expect(holdsHandshake(data, HandshakeType.helloVerifyRequest)).toBe(true);
        expect(data.length).toBeLessThanOrEqual(first.length);
      }
    });

    it('opens nothing with a cookie that was given to another address or port', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const client = await bed.client();
      const [, second] = await recordHellos(bed, client);
      bed.network.inject(second, { host: '10.7.7.7', port: client.localPort }, target);
      bed.network.inject(second, { host: client.localHost, port: client.localPort + 1 }, target);
      await bed.clock.advance(1);
      expect(listener.stats).toMatchObject({ associations: 1, halfOpen: 0, accepted: 1 });
    });

    it('opens nothing with a forged cookie, or a good one in a changed ClientHello', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const { hello, from } = await withholdHello(bed);
      const { cookie, cookieOffset } = clientHelloOf(hello);
      const forgeries = Array.from({ length: cookie.length }, (_, i) => cookieOffset + i);
      // The ClientHello's random stands before its cookie: RFC 6347 §4.2.1 binds the cookie to it.
      for (const offset of [...forgeries, 13 + 12 + 2 + 5]) {
        const forged = hello.slice();
        forged[offset] = (forged[offset] ?? 0) ^ 0x10;
        bed.network.inject(forged, from, target);
        await bed.clock.advance(1);
        expect(listener.stats.halfOpen, `byte ${offset}`).toBe(0);
      }
      bed.network.inject(hello, from, target);
      await bed.clock.advance(1);
      expect(listener.stats.halfOpen, 'the untouched one opens').toBe(1);
    });

    // Mbed TLS draws one for each ClientHello with a ticket, the one with the cookie included: RFC 5077 §3.4.
    it('opens with its cookie also where the session ID is another than before', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const { hello, from } = await withholdHello(bed);
      bed.network.inject(withSessionId(hello, counting(32)), from, target);
      await bed.clock.advance(1);
      expect(listener.stats.halfOpen).toBe(1);
    });

    it('opens nothing with a cookie that is old', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const client = await bed.client();
      const [, second] = await recordHellos(bed, client);
      const from = { host: client.localHost, port: client.localPort };
      await bed.run(client.close());
      await bed.clock.advance(3_600_000);
      expect(listener.stats.associations).toBe(0);
      bed.network.inject(second, from, target);
      await bed.clock.advance(1);
      expect(listener.stats).toMatchObject({ associations: 0, halfOpen: 0 });
    });

    it('completes also when the cookie secret changes in between', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const slow = bed.network.intercept(({ data }) =>
        holdsHandshake(data, HandshakeType.clientHello) ? undefined : false,
      );
      const client = await bed.client();
      const connecting = client.connect(serverAddress, serverPort);
      await bed.clock.advance(62_000);
      slow();
      await bed.run(connecting);
      bed.own(await bed.run(listener.accept()));
      expect(client.state).toBe('connected');
    });

    it('is ignored when it is no ClientHello', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const { client } = await bed.connect(await bed.client(), listener);
      const others = bed.wire.filter(
        ({ data, from }) => from.host === client.localHost && !holdsHandshake(data, HandshakeType.clientHello),
      );
      expect(others.length).toBeGreaterThan(0);
      bed.wire.length = 0;
      for (const { data } of others) bed.network.inject(data, { host: '10.7.7.7', port: 7 }, target);
      await bed.clock.advance(1);
      expect(bed.sentBy('server').filter(({ data }) => holds(data, ContentType.handshake))).toHaveLength(0);
      expect(listener.stats).toMatchObject({ associations: 1, halfOpen: 0 });
    });
  });
}
