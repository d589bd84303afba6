import type { DtlsListener, HandshakeTimeouts } from '@avs-net/core';
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
  { timeouts: { min: 1, max: 3 }, sent: [0, 1, 3], end: 6 },
  // The waits add up to 81,910 ms before the last one: 10 + 20 + … + 40,960.
  { timeouts: { min: 10, max: 60_000 }, sent: Array.from({ length: 14 }, (_, n) => 10 * (2 ** n - 1)), end: 141_910 },
];

function describeTimers({ timeouts }: TimerRow): string {
  return timeouts === undefined ? 'the defaults' : `min ${timeouts.min} and max ${timeouts.max}`;
}

/** When datagrams with a handshake message were sent, each time once. */
function handshakeTimes(bed: Testbed, side: 'client' | 'server', since = 0): readonly number[] {
  const sent = bed.sentBy(side).filter(({ data, time }) => time >= since && holds(data, ContentType.handshake));
  return [...new Set(sent.map(({ time }) => time - since))];
}

/** When flights are repeated, and when they are given up. RFC 6347 §4.2.4.1 */
export function describeHandshakeTimers(backends: BackendPair): void {
  const rows = timerTable.map((row) => [describeTimers(row), row] as const);

  /** A listener whose client falls silent after its second ClientHello, at time 0. */
  async function abandoned(bed: Testbed, listener: DtlsListener): Promise<void> {
    const client = await bed.client();
    bed.network.intercept(({ data }) => (holdsHandshake(data, HandshakeType.serverHelloDone) ? false : undefined));
    const connecting = outcomeOf(client.connect(serverAddress, serverPort));
    await bed.clock.advance(0);
    await client.close();
    expectErrno((await bed.run(connecting)).error, 'ENOTCONN');
    expect(listener.stats.halfOpen).toBe(1);
    expect(bed.clock.now()).toBe(0);
  }

  /** That the server's flight is sent at these times, and that the handshake ends then and is counted. */
  async function expectSchedule(bed: Testbed, listener: DtlsListener, { sent, end }: TimerRow): Promise<void> {
    await bed.clock.advance(end - 0.5);
    expect(listener.stats).toMatchObject({ halfOpen: 1, failed: 0 });
    await bed.clock.advance(1);
    expect(listener.stats).toMatchObject({ halfOpen: 0, associations: 0, failed: 1, accepted: 0 });
    await bed.clock.advance(200_000);
    expect(handshakeTimes(bed, 'server')).toEqual(sent);
  }

  describe('handshake timers', () => {
    it.each(rows)(
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
      expect(handshakeTimes(bed, 'client')).toEqual([0, 600, 1_600]);
      expect(bed.clock.now()).toBe(3_600);
    });

    it.each(rows)("repeats the server's flight, and gives up on a client that fell silent: %s", async (_title, row) => {
      await using bed = new Testbed(backends);
      const limits = { handshakeTime: Infinity };
      const listener = await bed.listen({ handshakeTimeouts: row.timeouts, limits });
      await abandoned(bed, listener);
      await expectSchedule(bed, listener, row);
    });

    it("takes a listener's timers from the option at the next handshake, not for those under way", async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen({ handshakeTimeouts: { min: 100, max: 100 } });
      listener.setOption('handshakeTimeouts', { min: 2_000, max: 4_000 });
      await abandoned(bed, listener);
      listener.setOption('handshakeTimeouts', { min: 10, max: 10 });
      await expectSchedule(bed, listener, { timeouts: undefined, sent: [0, 2_000], end: 6_000 });
    });

    it("gives up earlier when the listener's limit for a handshake is shorter", async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen({ limits: { handshakeTime: 5_000 } });
      await abandoned(bed, listener);
      await expectSchedule(bed, listener, { timeouts: undefined, sent: [0, 1_000, 3_000], end: 5_000 });
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
}
