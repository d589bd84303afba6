import type { DtlsListener, SecureSocket } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { textOf, utf8 } from './bytes.js';
import { expectErrno, expectRejection, outcomeOf, rejectionOf } from './outcomes.js';
import { serverAddress, serverPort, Testbed } from './testbed.js';
import { HandshakeType, holdsHandshake } from './wire.js';

/** Loses every key exchange, so that clients return their cookie and get no further. Returns a function that ends it. */
function loseKeyExchanges(bed: Testbed): () => void {
  return bed.network.intercept(({ data }) =>
    holdsHandshake(data, HandshakeType.clientKeyExchange) ? false : undefined,
  );
}

async function connectFrom(bed: Testbed, address: string): Promise<SecureSocket> {
  const client = await bed.client({ below: bed.network.createUdpSocket(undefined, { address }) });
  await bed.run(client.connect(serverAddress, serverPort));
  return client;
}

async function acceptAll(bed: Testbed, listener: DtlsListener, count: number): Promise<SecureSocket[]> {
  const sockets: SecureSocket[] = [];
  for (let i = 0; i < count; i += 1) sockets.push(bed.own(await bed.run(listener.accept())));
  return sockets;
}

/** What a listener lets its peers make it hold. */
export function describeListenerLimits(backends: BackendPair): void {
  describe('the limits of a listener', () => {
    it('holds no more half-open associations than halfOpen, and serves again when they are gone', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen({ limits: { halfOpen: 3, handshakeTime: 20_000 } });
      const serveAgain = loseKeyExchanges(bed);
      const stuck: Promise<unknown>[] = [];
      for (let i = 0; i < 5; i += 1) {
        const client = await bed.client();
        stuck.push(outcomeOf(client.connect(serverAddress, serverPort)));
      }
      await bed.clock.advance(500);
      expect(listener.stats.halfOpen).toBe(3);
      expect(listener.stats.refused.halfOpen).toBeGreaterThanOrEqual(2);
      await bed.run(Promise.all(stuck));
      await bed.clock.advance(30_000);
      expect(listener.stats).toMatchObject({ halfOpen: 0, associations: 0, accepted: 0 });
      serveAgain();
      const { client } = await bed.connect(await bed.client(), listener);
      expect(client.state).toBe('connected');
    });

    it('gives up on a handshake after handshakeTime', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen({ limits: { handshakeTime: 5_000 } });
      loseKeyExchanges(bed);
      const client = await bed.client();
      const connecting = outcomeOf(client.connect(serverAddress, serverPort));
      await bed.clock.advance(4_900);
      expect(listener.stats).toMatchObject({ halfOpen: 1, failed: 0 });
      await bed.run(client.close());
      await bed.clock.advance(200);
      expect(listener.stats).toMatchObject({ halfOpen: 0, failed: 1, accepted: 0 });
      expect((await bed.run(connecting)).ok).toBe(false);
    });

    it('holds no more associations than total, and has room again when one ends', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen({ limits: { total: 2 } });
      const first = await connectFrom(bed, '10.2.0.1');
      await connectFrom(bed, '10.2.0.2');
      const third = await bed.client({ handshakeTimeouts: { min: 1_000, max: 2_000 } });
      await expectRejection(bed.run(third.connect(serverAddress, serverPort)), 'ETIMEDOUT');
      expect(listener.stats).toMatchObject({ associations: 2, accepted: 2 });
      expect(listener.stats.refused.total).toBeGreaterThanOrEqual(1);
      await acceptAll(bed, listener, 2);
      await bed.run(first.close());
      await bed.clock.advance(1);
      const { server } = await bed.connect(third, listener);
      expect(server.state).toBe('accepted');
    });

    it('holds no more associations of one source than perSource', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen({ limits: { perSource: 2 } });
      const first = await connectFrom(bed, '10.2.0.1');
      await connectFrom(bed, '10.2.0.1');
      const below = bed.network.createUdpSocket(undefined, { address: '10.2.0.1' });
      const third = await bed.client({ below, handshakeTimeouts: { min: 1_000, max: 1_000 } });
      await expectRejection(bed.run(third.connect(serverAddress, serverPort)), 'ETIMEDOUT');
      expect(listener.stats.refused.perSource).toBeGreaterThanOrEqual(1);
      await connectFrom(bed, '10.2.0.2');
      expect(listener.stats.associations).toBe(3);
      await acceptAll(bed, listener, 3);
      await bed.run(first.close());
      await bed.clock.advance(1);
      await bed.connect(third, listener);
      expect(listener.stats.associations).toBe(3);
    });

    it('keeps no more than backlog waiting for accept', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen({ limits: { backlog: 2 } });
      await connectFrom(bed, '10.2.0.1');
      await connectFrom(bed, '10.2.0.2');
      const third = await bed.client({ handshakeTimeouts: { min: 1_000, max: 1_000 } });
      await expectRejection(bed.run(third.connect(serverAddress, serverPort)), 'ETIMEDOUT');
      expect(listener.stats.refused.backlog).toBeGreaterThanOrEqual(1);
      await acceptAll(bed, listener, 2);
      const { server } = await bed.connect(third, listener);
      expect(server.state).toBe('accepted');
      expect(listener.stats.associations).toBe(3);
    });

    it('ends associations that hear nothing for idleTime, with a close_notify', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await bed.pair({ server: { limits: { idleTime: 60_000 } } });
      server.setOption('recvTimeout', Infinity);
      const receiving = rejectionOf(server.receive());
      await bed.clock.advance(59_000);
      expect(listener.stats).toMatchObject({ associations: 1, idled: 0 });
      await bed.clock.advance(2_000);
      expect(listener.stats).toMatchObject({ associations: 0, idled: 1 });
      expectErrno(await bed.run(receiving), ['ECONNABORTED', 'ENOTCONN']);
      expect([client.state, server.state]).toEqual(['shutdown', 'shutdown']);
    });

    it('keeps associations that hear something now and then; what they send does not count', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen({ limits: { idleTime: 60_000 } });
      const lively = await bed.connect(await bed.client(), listener);
      const deaf = await bed.connect(await bed.client(), listener);
      for (let i = 0; i < 6; i += 1) {
        await bed.clock.advance(30_000);
        await lively.client.send(utf8('here'));
        if (deaf.server.state === 'accepted') await deaf.server.send(utf8('anyone?'));
      }
      await bed.clock.advance(1);
      expect([lively.server.state, deaf.server.state]).toEqual(['accepted', 'shutdown']);
      expect(listener.stats).toMatchObject({ associations: 1, idled: 1 });
      expect(textOf(await bed.run(lively.server.receive()))).toBe('here');
    });

    it('does not take forged datagrams for a sign of life', async () => {
      await using bed = new Testbed(backends);
      const { client, listener } = await bed.pair({ server: { limits: { idleTime: 60_000 } } });
      const from = { host: client.localHost, port: client.localPort };
      for (let i = 0; i < 7; i += 1) {
        const forged = Uint8Array.of(23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 1, i, 0, 24, ...new Uint8Array(24));
        bed.network.inject(forged, from, { host: serverAddress, port: serverPort });
        await bed.clock.advance(10_000);
      }
      expect(listener.stats).toMatchObject({ associations: 0, idled: 1 });
    });

    it('counts what it served', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      expect(listener.stats).toMatchObject({
        associations: 0,
        halfOpen: 0,
        accepted: 0,
        failed: 0,
        cookiesSent: 0,
        idled: 0,
        refused: { halfOpen: 0, total: 0, perSource: 0, backlog: 0 },
      });
      const before = listener.stats;
      const { client } = await bed.connect(await bed.client(), listener);
      expect(listener.stats).toMatchObject({ associations: 1, accepted: 1, cookiesSent: 1 });
      expect(before.accepted, 'a snapshot').toBe(0);
      await bed.run(client.close());
      await bed.clock.advance(1);
      expect(listener.stats).toMatchObject({ associations: 0, accepted: 1, failed: 0 });
      await bed.run(listener.close());
      expect(listener.stats.accepted).toBe(1);
    });
  });
}
