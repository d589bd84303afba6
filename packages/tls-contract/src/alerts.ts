import { AlertDescription, AlertLevel, type Endpoint } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { textOf, utf8 } from './bytes.js';
import { expectAlert, expectRejection, rejectionOf } from './outcomes.js';
import { sealedPair } from './sealed-records.js';
import { serverAddress, serverPort, Testbed } from './testbed.js';
import { ContentType, HandshakeType, holds, holdsHandshake, writeRecord } from './wire.js';

const { warning, fatal } = AlertLevel;
const { close_notify, user_canceled, unrecognized_name, unexpected_message, access_denied } = AlertDescription;

const sides = ['client', 'server'] as const;
const bothWays = sides.map((side) => [side === 'client' ? 'server' : 'client', side] as const);

/** A HelloRequest, which asks a client to renegotiate, and a ClientHello, by which a client does. RFC 5246 §7.4.1, RFC 6347 §4.2.2 */
const renegotiations = {
  server: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  client: Uint8Array.of(
    1,
    0,
    0,
    42,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    42,
    0xfe,
    0xfd,
    ...new Uint8Array(32),
    0,
    0,
    0,
    2,
    0,
    0xa8,
    1,
    0,
  ),
};

/** What peers say of failures, and what becomes of those who say it too often. RFC 5246 §7.2 */
export function describeAlerts(backends: BackendPair): void {
  describe('alerts', () => {
    describe.each(bothWays)('of an established association, received by the %s', (to, from) => {
      it.each([
        ['with a name', access_denied, 'access_denied'],
        ['without', 199, 'alert 199'],
      ])('end it when they are fatal, and receive rejects with them: one %s', async (_kind, description, name) => {
        await using bed = new Testbed(backends);
        const pair = await sealedPair(bed);
        await bed.run(pair[from].send(utf8('last words')));
        pair.seal(from, ContentType.alert, Uint8Array.of(fatal, description));
        await bed.clock.advance(1);
        const socket = pair[to];
        expect(socket.state).toBe('shutdown');
        expect(socket.lastAlert).toEqual({ direction: 'received', level: fatal, description });
        expect(textOf(await bed.run(socket.receive())), 'what came before is still handed out').toBe('last words');
        const receive = () => socket.receive();
        for (const operation of [receive, receive, () => socket[Symbol.asyncIterator]().next()]) {
          const error = expectAlert(await bed.run(rejectionOf(operation())));
          expect(error).toMatchObject({ direction: 'received', description });
          expect(error.message).toContain(name);
        }
        await expectRejection(socket.send(utf8('x')), 'ENOTCONN');
      });

      it('do not end it when they are warnings, and lastAlert tells them', async () => {
        await using bed = new Testbed(backends);
        const pair = await sealedPair(bed);
        for (const description of [user_canceled, unrecognized_name, 199]) {
          pair.seal(from, ContentType.alert, Uint8Array.of(warning, description));
          await bed.clock.advance(1);
          expect(pair[to].lastAlert).toEqual({ direction: 'received', level: warning, description });
        }
        expect([pair.client.state, pair.server.state]).toEqual(['connected', 'accepted']);
        for (const [ours, theirs] of [
          [pair.client, pair.server],
          [pair.server, pair.client],
        ] as const) {
          await bed.run(ours.send(utf8('going on')));
          expect(textOf(await bed.run(theirs.receive()))).toBe('going on');
        }
      });

      it('end it when they are a flood of warnings, which is answered once', async () => {
        await using bed = new Testbed(backends);
        const pair = await sealedPair(bed);
        bed.wire.length = 0;
        for (let i = 0; i < 40; i += 1) pair.seal(from, ContentType.alert, Uint8Array.of(warning, user_canceled));
        await bed.clock.advance(1);
        const socket = pair[to];
        expect(socket.lastAlert).toEqual({ direction: 'sent', level: fatal, description: unexpected_message });
        const error = expectAlert(await bed.run(rejectionOf(socket.receive())));
        expect(error).toMatchObject({ direction: 'sent', description: unexpected_message });
        expect(bed.sentBy(to)).toHaveLength(1);
      });

      it('may be any number of warnings with data between them', async () => {
        await using bed = new Testbed(backends);
        const pair = await sealedPair(bed);
        for (let i = 0; i < 16; i += 1) {
          for (let j = 0; j < 2; j += 1) pair.seal(from, ContentType.alert, Uint8Array.of(warning, user_canceled));
          pair.seal(from, ContentType.applicationData, utf8(`${i}`));
          await bed.clock.advance(1);
          expect(textOf(pair[to].tryReceive()?.data ?? utf8('nothing'))).toBe(`${i}`);
        }
        expect(pair[to].state).toBe(to === 'client' ? 'connected' : 'accepted');
      });

      it('answer attempts to renegotiate, a few times and no more', async () => {
        await using bed = new Testbed(backends);
        const pair = await sealedPair(bed);
        bed.wire.length = 0;
        // The other side has not asked for what it would get.
        const silence = bed.network.intercept(({ data }) => (holds(data, ContentType.alert) ? false : undefined));
        for (let i = 0; i < 40; i += 1) pair.seal(from, ContentType.handshake, renegotiations[from]);
        await bed.clock.advance(1);
        silence();
        expect(bed.sentBy(to).length).toBeLessThanOrEqual(4);
        expect(bed.sentBy(to).every(({ data }) => holds(data, ContentType.alert))).toBe(true);
        expect([pair.client.state, pair.server.state]).toEqual(['connected', 'accepted']);
        await bed.run(pair[to].send(utf8('going on')));
        expect(textOf(await bed.run(pair[from].receive()))).toBe('going on');
      });

      it('are nothing when they are in plaintext, whatever they say', async () => {
        await using bed = new Testbed(backends);
        const pair = await bed.pair();
        const here = { host: pair.client.localHost, port: pair.client.localPort };
        const there = { host: serverAddress, port: serverPort };
        const [source, destination] = from === 'client' ? [here, there] : [there, here];
        bed.wire.length = 0;
        for (let i = 0; i < 512; i += 1) {
          const alert = writeRecord(ContentType.alert, 0, 100 + i, [1 + (i & 1), i >> 1]);
          bed.network.inject(alert, source, destination);
        }
        await bed.clock.advance(1);
        expect(pair[to].lastAlert).toBeUndefined();
        expect(pair[to].dropped.epoch).toBe(512);
        expect(bed.sentBy(to)).toHaveLength(0);
        await bed.run(pair[from].send(utf8('unharmed')));
        expect(textOf(await bed.run(pair[to].receive()))).toBe('unharmed');
      });
    });

    /** A handshake that takes 600 ms, and what anyone can put in between, in plaintext. */
    async function handshaking(bed: Testbed) {
      bed.network.setFaults({ delay: { min: 100, max: 100 } });
      const listener = await bed.listen();
      const client = await bed.client();
      await bed.run(client.bind('10.9.9.9', 4_000));
      const accepting = listener.accept().then((socket) => bed.own(socket));
      accepting.catch(() => undefined);
      const connecting = client.connect(serverAddress, serverPort);
      connecting.catch(() => undefined);
      const ends: readonly Endpoint[] = [
        { host: '10.9.9.9', port: 4_000 },
        { host: serverAddress, port: serverPort },
      ];
      const [here = { host: '', port: 0 }, there = here] = ends;
      let sequence = 1_000;
      const say = (from: 'client' | 'server', ...fragment: number[]): void => {
        const record = writeRecord(ContentType.alert, 0, sequence, fragment);
        sequence += 1;
        if (from === 'client') bed.network.inject(record, here, there);
        else bed.network.inject(record, there, here);
      };
      return { listener, client, accepting, connecting, say };
    }

    describe('during a handshake', () => {
      it('do not end it when they are warnings, and no flood of them does', async () => {
        await using bed = new Testbed(backends);
        const { client, connecting, accepting, say } = await handshaking(bed);
        for (let time = 0; time < 600; time += 50) {
          for (let i = 0; i < 100; i += 1) for (const from of sides) say(from, warning, user_canceled);
          await bed.clock.advance(50);
        }
        const [server] = await bed.run(Promise.all([accepting, connecting]));
        expect(client.info).toMatchObject({ flights: 3, retransmissions: 0 });
        expect(client.lastAlert).toEqual({ direction: 'received', level: warning, description: user_canceled });
        expect(client.dropped.overflow).toBeGreaterThan(900);
        expect(server.state).toBe('accepted');
        expect(bed.sentBy('server').filter(({ data }) => holds(data, ContentType.alert))).toHaveLength(1_200);
      });

      it('are nothing when they are malformed', async () => {
        await using bed = new Testbed(backends);
        const { client, connecting, accepting, say } = await handshaking(bed);
        for (let time = 0; time < 600; time += 50) {
          for (const from of sides) {
            for (const wrong of [[], [fatal], [fatal, 40, 0], [0, 40], [3, 40], [255, 0]]) say(from, ...wrong);
          }
          await bed.clock.advance(50);
        }
        await bed.run(Promise.all([accepting, connecting]));
        expect(client.lastAlert).toBeUndefined();
        expect(client.dropped.malformed).toBeGreaterThan(30);
      });

      it.each([
        AlertDescription.handshake_failure,
        AlertDescription.unknown_psk_identity,
        AlertDescription.insufficient_security,
        AlertDescription.protocol_version,
        AlertDescription.internal_error,
        199,
      ])('end it when they are fatal, and connect rejects with them: %i', async (description) => {
        await using bed = new Testbed(backends);
        const { client, listener, connecting, say } = await handshaking(bed);
        await bed.clock.advance(250);
        say('server', fatal, description);
        const error = expectAlert(await bed.run(rejectionOf(connecting)));
        expect(error).toMatchObject({ direction: 'received', description, code: (fatal << 8) | description });
        expect(client.lastAlert).toEqual({ direction: 'received', level: fatal, description });
        expect(client.state).toBe('closed');
        bed.network.setFaults({});
        await bed.clock.advance(200_000);
        await bed.run(client.connect(serverAddress, serverPort));
        expect(listener.stats).toMatchObject({ associations: 1, failed: 1 });
      });

      it('end it on the listener, which counts it', async () => {
        await using bed = new Testbed(backends);
        const { client, listener, say } = await handshaking(bed);
        await bed.clock.advance(350);
        expect(listener.stats.halfOpen).toBe(1);
        say('client', fatal, AlertDescription.internal_error);
        await bed.clock.advance(101);
        expect(listener.stats).toMatchObject({ halfOpen: 0, failed: 1, accepted: 0 });
        await bed.run(client.close());
      });

      it('end it when the peer closes, and connect rejects with that', async () => {
        await using bed = new Testbed(backends);
        const { client, connecting, say } = await handshaking(bed);
        await bed.clock.advance(350);
        say('server', warning, close_notify);
        const error = await bed.run(rejectionOf(connecting));
        expect(error).toMatchObject({ direction: 'received', level: warning, description: close_notify });
        expect(client.state).toBe('closed');
      });

      it('are told as well when they are ours', async () => {
        await using bed = new Testbed(backends);
        const { client, listener, connecting } = await handshaking(bed);
        bed.network.intercept(({ data }) => {
          if (!holdsHandshake(data, HandshakeType.serverHello)) return undefined;
          // The suite that the server has chosen, behind version, random and an empty or full session ID.
          const changed = data.slice();
          const suite = 13 + 12 + 2 + 32 + 1 + (data[13 + 12 + 2 + 32] ?? 0);
          changed.set([0xff, 0xfe], suite);
          return changed;
        });
        const error = expectAlert(await bed.run(rejectionOf(connecting)));
        expect(error).toMatchObject({ direction: 'sent', description: AlertDescription.illegal_parameter });
        expect(client.lastAlert).toMatchObject({ direction: 'sent', level: fatal });
        expect(client.state).toBe('closed');
        await bed.clock.advance(101);
        expect(listener.stats).toMatchObject({ halfOpen: 0, failed: 1 });
      });
    });

    it('from strangers are dropped by a listener, and not answered', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      for (let i = 0; i < 100; i += 1) {
        const alert = writeRecord(ContentType.alert, 0, i, [1 + (i & 1), i]);
        bed.network.inject(alert, { host: '10.7.7.7', port: 7 }, { host: serverAddress, port: serverPort });
      }
      await bed.clock.advance(1);
      expect(bed.sentBy('server')).toHaveLength(0);
      expect(listener.stats).toMatchObject({ associations: 0, halfOpen: 0 });
    });
  });
}
