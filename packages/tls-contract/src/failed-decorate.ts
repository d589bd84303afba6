import { errnoError } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { textOf, utf8 } from './bytes.js';
import { expectErrno, expectRejection, rejectionOf } from './outcomes.js';
import { ScriptedSocket } from './scripted-socket.js';
import { pskClient, serverAddress, serverPort, Testbed } from './testbed.js';
import { clientEnd, createTransport, expectEcho, serverEnd } from './transport-pair.js';

/** What stays when a secure socket cannot be put on top of another. */
export function describeFailedDecorate(backends: BackendPair): void {
  describe('a decorate that fails', () => {
    it('leaves the socket below with the caller when the handshake fails, intact and without a receiver', async () => {
      await using bed = new Testbed(backends);
      const below = new ScriptedSocket({
        state: 'connected',
        remote: serverEnd,
        local: clientEnd,
        transmit: () => undefined,
      });
      const client = await bed.bareClient({ handshakeTimeouts: { min: 100, max: 200 } });
      await expectRejection(bed.run(client.decorate(below)), 'ETIMEDOUT');
      expect([below.state, below.calls, below.receiver]).toEqual(['connected', [], undefined]);
      expect(client.state).toBe('closed');
      await bed.run(client.cleanup());
      expect(below.calls, 'not even cleanup touches it').toEqual([]);
    });

    it('leaves it with the caller as well when decorateInPlace fails', async () => {
      await using bed = new Testbed(backends);
      const below = new ScriptedSocket({
        state: 'connected',
        remote: serverEnd,
        local: clientEnd,
        transmit: () => undefined,
      });
      const configuration = { security: pskClient(), clock: bed.clock, handshakeTimeouts: { min: 50, max: 50 } };
      await expectRejection(bed.run(backends.client.decorateInPlace(below, configuration)), 'ETIMEDOUT');
      const wrong = { ...configuration, ciphersuites: [0xfffe] };
      await expectRejection(bed.run(backends.client.decorateInPlace(below, wrong)), 'EINVAL');
      expect([below.state, below.calls, below.receiver]).toEqual(['connected', [], undefined]);
    });

    it('can decorate again after a failure, with the same socket below', async () => {
      await using bed = new Testbed(backends);
      const transport = createTransport();
      const client = await bed.bareClient({ handshakeTimeouts: { min: 100, max: 100 } });
      await expectRejection(bed.run(client.decorate(transport.client)), 'ETIMEDOUT');
      const listener = await bed.listener({ below: transport.server });
      await bed.run(client.decorate(transport.client));
      await expectEcho(bed, client, bed.own(await bed.run(listener.accept())), 'second');
    });

    it('ends the handshake by a signal and leaves the socket below with the caller', async () => {
      await using bed = new Testbed(backends);
      const below = new ScriptedSocket({
        state: 'connected',
        remote: serverEnd,
        local: clientEnd,
        transmit: () => undefined,
      });
      const client = await bed.bareClient();
      const controller = new AbortController();
      const decorating = rejectionOf(client.decorate(below, { signal: controller.signal }));
      await bed.clock.advance(100);
      const reason = new Error('no more');
      controller.abort(reason);
      expect(await bed.run(decorating)).toBe(reason);
      expect([below.calls, below.receiver]).toEqual([[], undefined]);
    });

    it('passes on what the socket below fails with', async () => {
      await using bed = new Testbed(backends);
      const failing = new ScriptedSocket({
        state: 'connected',
        remote: serverEnd,
        local: clientEnd,
        transmit: () => Promise.reject(errnoError('ENETUNREACH', 'the modem is off')),
      });
      const client = await bed.bareClient();
      const error = await expectRejection(bed.run(client.decorate(failing)), 'ENETUNREACH');
      expect(error.message).toContain('the modem is off');
      expect(bed.clock.now(), 'at once').toBe(0);
    });

    it('gives errors of a foreign socket the shape of ours', async () => {
      await using bed = new Testbed(backends);
      const failing = new ScriptedSocket({
        state: 'connected',
        remote: serverEnd,
        local: clientEnd,
        transmit: () => {
          throw Object.assign(new Error('write failed'), { code: 'EHOSTUNREACH' });
        },
      });
      const client = await bed.bareClient();
      expectErrno(await bed.run(rejectionOf(client.decorate(failing))), 'EHOSTUNREACH');
    });

    it('refuses what is no socket, is shut down, or is itself', async () => {
      await using bed = new Testbed(backends);
      const client = await bed.bareClient();
      for (const backend of [undefined, null, {}, 'socket', 5]) {
        expect(await rejectionOf(client.decorate(backend as never)), String(backend)).toBeInstanceOf(TypeError);
      }
      await expectRejection(client.decorate(client), 'EINVAL');
      const over = new ScriptedSocket({ state: 'shutdown', transmit: () => undefined });
      await expectRejection(client.decorate(over), 'EBADF');
      expect(client.state).toBe('closed');
    });

    it.each(['tcp', 'tls'] as const)('refuses a %s socket, in any state, and leaves it alone', async (type) => {
      await using bed = new Testbed(backends);
      const client = await bed.bareClient();
      const listener = await bed.listener();
      for (const state of ['closed', 'bound', 'connected', 'accepted'] as const) {
        const stream = new ScriptedSocket({ type, state, transmit: () => undefined });
        const error = await expectRejection(client.decorate(stream), 'EINVAL', state);
        expect(error.message).toMatch(/backend.*stream/);
        await expectRejection(listener.decorate(stream), 'EINVAL', state);
        // What goes on top of a stream is TLS.
        const inPlace = backends.client.decorateInPlace(stream, { security: pskClient(), clock: bed.clock });
        if (backends.client.capabilities.tlsVersions.length === 0) await expectRejection(inPlace, 'ENOTSUP', state);
        else bed.own(await bed.run(inPlace));
        expect([stream.state, stream.calls, stream.receiver], state).toEqual([state, [], undefined]);
      }
      expect([client.state, listener.state]).toEqual(['closed', 'closed']);
    });

    it('lets the caller go on in plain where the handshake has failed', async () => {
      await using bed = new Testbed(backends);
      const plain = bed.network.createUdpSocket(undefined, { address: serverAddress });
      await bed.run(plain.bind(serverAddress, serverPort));
      const below = bed.network.createUdpSocket();
      await bed.run(below.connect(serverAddress, serverPort));
      const client = await bed.bareClient({ handshakeTimeouts: { min: 100, max: 100 } });
      await expectRejection(bed.run(client.decorate(below)), 'ETIMEDOUT');
      const hello = await bed.run(plain.receiveFrom());
      await plain.sendTo(utf8('in plain, then'), hello.host, hello.port);
      expect(textOf(await bed.run(below.receive()))).toBe('in plain, then');
      await below.send(utf8('so be it'));
      await bed.run(client.cleanup());
      expect([below.state, client.state]).toEqual(['connected', 'closed']);
    });

    it('leaves the socket below with the caller when it is cleaned up in the middle of the handshake', async () => {
      await using bed = new Testbed(backends);
      const { client: below } = createTransport();
      const client = await bed.bareClient();
      const decorating = rejectionOf(client.decorate(below));
      await bed.clock.advance(1);
      await bed.run(client.cleanup());
      expectErrno(await bed.run(decorating), 'EBADF');
      expect([below.state, below.calls, below.receiver]).toEqual(['connected', [], undefined]);
    });
  });
}
