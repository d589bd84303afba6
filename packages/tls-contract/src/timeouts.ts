import type { HandshakeTimeouts } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { utf8 } from './bytes.js';
import { expectErrno, expectRejection, outcomeOf, rejectionOf } from './outcomes.js';
import { serverAddress, serverPort, Testbed } from './testbed.js';
import { ContentType, HandshakeType, holds, holdsHandshake } from './wire.js';

interface TimerRow {
  readonly timeouts: HandshakeTimeouts | undefined;
  /** When the flight is sent, ms from its first time. */
  readonly sent: readonly number[];
  /** When it is given up. */
  readonly end: number;
}

/** First wait min, doubled up to max, and the one at max is the last. */
const timerTable: readonly TimerRow[] = [
  { timeouts: undefined, sent: [0, 1e3, 3e3, 7e3, 15e3, 31e3, 63e3], end: 123e3 },
  { timeouts: { min: 1_000, max: 4_000 }, sent: [0, 1_000, 3_000], end: 7_000 },
  { timeouts: { min: 1_000, max: 5_000 }, sent: [0, 1_000, 3_000, 7_000], end: 12_000 },
  { timeouts: { min: 500, max: 500 }, sent: [0], end: 500 },
  { timeouts: { min: 9_000, max: 60_000 }, sent: [0, 9_000, 27_000, 63_000], end: 123_000 },
];

function describeTimers({ timeouts }: TimerRow): string {
  return timeouts === undefined ? 'the defaults' : `min ${timeouts.min} and max ${timeouts.max}`;
}

/** When datagrams with a handshake message were sent, each time once. */
function handshakeTimes(bed: Testbed, side: 'client' | 'server', since = 0): readonly number[] {
  const sent = bed.sentBy(side).filter(({ data, time }) => time >= since && holds(data, ContentType.handshake));
  return [...new Set(sent.map(({ time }) => time - since))];
}

/** Handshake timers, receive timeouts and aborts, all in virtual time. */
export function describeTimeouts(backends: BackendPair): void {
  describe('timeouts', () => {
    it.each(timerTable.map((row) => [describeTimers(row), row] as const))(
      'repeats its first flight, then gives up with ETIMEDOUT: %s',
      async (_title, { timeouts, sent, end }) => {
        await using bed = new Testbed(backends);
        const client = await bed.client({ handshakeTimeouts: timeouts });
        await expectRejection(bed.run(client.connect(serverAddress, serverPort)), 'ETIMEDOUT');
        expect(handshakeTimes(bed, 'client')).toEqual(sent);
        expect(bed.clock.now()).toBe(end);
        expect(client.state).toBe('closed');
        await bed.clock.advance(200_000);
        expect(handshakeTimes(bed, 'client'), 'nothing is sent afterwards').toEqual(sent);
      },
    );

    it('takes timers from the option at the next handshake', async () => {
      await using bed = new Testbed(backends);
      const client = await bed.client({ handshakeTimeouts: { min: 100, max: 100 } });
      client.setOption('handshakeTimeouts', { min: 2_000, max: 4_000 });
      await expectRejection(bed.run(client.connect(serverAddress, serverPort)), 'ETIMEDOUT');
      expect(handshakeTimes(bed, 'client')).toEqual([0, 2_000]);
      expect(bed.clock.now()).toBe(6_000);
    });

    it('starts its timers anew with each flight', async () => {
      await using bed = new Testbed(backends, { faults: { delay: 300 } });
      await bed.listen();
      const client = await bed.client({ handshakeTimeouts: { min: 1_000, max: 2_000 } });
      bed.network.intercept(({ data }) => (holdsHandshake(data, HandshakeType.serverHelloDone) ? false : undefined));
      await expectRejection(bed.run(client.connect(serverAddress, serverPort)), 'ETIMEDOUT');
      expect(handshakeTimes(bed, 'client').slice(0, 3)).toEqual([0, 600, 1_600]);
    });

    it("repeats the server's flight and gives up on a client that fell silent", async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen({ handshakeTimeouts: { min: 1_000, max: 4_000 } });
      const client = await bed.client();
      bed.network.intercept(({ data }) => (holdsHandshake(data, HandshakeType.serverHelloDone) ? false : undefined));
      const connecting = outcomeOf(client.connect(serverAddress, serverPort));
      await bed.clock.advance(1);
      await client.close();
      expectErrno((await bed.run(connecting)).error, 'ENOTCONN');
      expect(listener.stats.halfOpen).toBe(1);
      await bed.clock.advance(6_998);
      expect(listener.stats.halfOpen).toBe(1);
      await bed.clock.advance(2);
      expect(listener.stats).toMatchObject({ halfOpen: 0, associations: 0, failed: 1, accepted: 0 });
      const hellos = bed.sentBy('server').filter(({ data }) => holdsHandshake(data, HandshakeType.serverHelloDone));
      expect(hellos.map(({ time }) => time)).toEqual([0, 1_000, 3_000]);
    });

    it('needs no time of its own when nothing is lost', async () => {
      await using bed = new Testbed(backends, { faults: { delay: 10 } });
      const { client } = await bed.pair();
      expect(bed.clock.now(), 'three round trips').toBe(60);
      expect(client.info).toMatchObject({ flights: 3, retransmissions: 0 });
    });

    it('leaves no timer behind when everything is cleaned up', async () => {
      const bed = new Testbed(backends);
      const { client } = await bed.pair();
      const receiving = rejectionOf(client.receive());
      const failed = await bed.client();
      const connecting = rejectionOf(failed.connect('10.1.1.1', serverPort));
      await bed.clock.advance(500);
      await bed[Symbol.asyncDispose]();
      expectErrno(await receiving, 'EBADF');
      expectErrno(await connecting, 'EBADF');
      await bed.clock.advance(0);
      expect(bed.clock.pendingTimers).toBe(0);
    });

    it('asks for no timer while an association is idle', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair({ server: { limits: { idleTime: Infinity } } });
      await bed.clock.advance(300_000);
      expect(bed.clock.pendingTimers).toBe(0);
      await bed.run(client.send(utf8('still here')));
      expect(await bed.run(server.receive())).toEqual(utf8('still here'));
    });
  });

  describe('receive timeouts', () => {
    it('rejects ETIMEDOUT after recvTimeout, and the socket stays usable', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      const start = bed.clock.now();
      server.setOption('recvTimeout', 250);
      await expectRejection(bed.run(server.receive()), 'ETIMEDOUT');
      await expectRejection(bed.run(server.receiveFrom()), 'ETIMEDOUT');
      expect(bed.clock.now() - start).toBe(500);
      expect(server.state).toBe('accepted');
      await bed.run(client.send(utf8('late')));
      expect(await bed.run(server.receive())).toEqual(utf8('late'));
    });

    it('waits 30 seconds by default, and not at all with 0', async () => {
      await using bed = new Testbed(backends);
      const { client } = await bed.pair();
      const start = bed.clock.now();
      await expectRejection(bed.run(client.receive()), 'ETIMEDOUT');
      expect(bed.clock.now() - start).toBe(30_000);
      client.setOption('recvTimeout', 0);
      await expectRejection(client.receive(), 'ETIMEDOUT');
      expect(bed.clock.now() - start).toBe(30_000);
    });

    it('receives what is there even with a timeout of 0', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      server.setOption('recvTimeout', 0);
      await bed.run(client.send(utf8('there')));
      await bed.clock.advance(1);
      expect(await server.receive()).toEqual(utf8('there'));
    });

    it('waits for ever with Infinity', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair({ server: { limits: { idleTime: Infinity } } });
      server.setOption('recvTimeout', Infinity);
      const receiving = server.receive();
      await bed.clock.advance(40 * 86_400_000);
      await bed.run(client.send(utf8('a month later')));
      expect(await bed.run(receiving)).toEqual(utf8('a month later'));
    });

    it('keeps to the timeout that was set when the receive began', async () => {
      await using bed = new Testbed(backends);
      const { client } = await bed.pair();
      const start = bed.clock.now();
      client.setOption('recvTimeout', 1_000);
      const receiving = rejectionOf(client.receive());
      client.setOption('recvTimeout', 9_000);
      expectErrno(await bed.run(receiving), 'ETIMEDOUT');
      expect(bed.clock.now() - start).toBe(1_000);
    });

    it('applies to accept as well', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      listener.setOption('recvTimeout', 750);
      await expectRejection(bed.run(listener.accept()), 'ETIMEDOUT');
      expect(bed.clock.now()).toBe(750);
      listener.setOption('recvTimeout', Infinity);
      const { client } = await bed.connect(await bed.client(), listener);
      expect(client.state).toBe('connected');
    });

    it('does not apply to iteration', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      server.setOption('recvTimeout', 10);
      const next = server[Symbol.asyncIterator]().next();
      await bed.clock.advance(60_000);
      await bed.run(client.send(utf8('patience')));
      expect(await bed.run(next)).toEqual({ done: false, value: utf8('patience') });
    });
  });
}
