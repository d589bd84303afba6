import { type Endpoint, errnoError, type SecureSocket } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { textOf, utf8 } from './bytes.js';
import { lightCiphersuite } from './ciphersuites.js';
import { expectErrno, expectRejection, outcomeOf, rejectionOf } from './outcomes.js';
import { ScriptedSocket } from './scripted-socket.js';
import { pskClient, pskServer, serverAddress, serverPort, Testbed } from './testbed.js';

const clientEnd: Endpoint = { host: 'sms:+15550001', port: 1 };
const serverEnd: Endpoint = { host: 'sms:+15550002', port: 2 };

/** How a transport hands over what was sent: in a later turn, or from within `send`. */
const deliveries = {
  'hands over later': (deliver: () => void) => queueMicrotask(deliver),
  'hands over from within send': (deliver: () => void) => deliver(),
};

/** A transport of the test's own: two sockets, each of which receives what the other sends. */
function createTransport(deliver: (run: () => void) => void = deliveries['hands over later']) {
  const client: ScriptedSocket = new ScriptedSocket({
    state: 'connected',
    local: clientEnd,
    remote: serverEnd,
    innerMtu: 600,
    transmit: (data) => deliver(() => server.arrive(data.slice(), clientEnd)),
  });
  const server: ScriptedSocket = new ScriptedSocket({
    state: 'bound',
    local: serverEnd,
    innerMtu: 600,
    transmit: (data) => deliver(() => client.arrive(data.slice(), serverEnd)),
  });
  return { client, server };
}

async function expectEcho(bed: Testbed, client: SecureSocket, server: SecureSocket, word: string): Promise<void> {
  await bed.run(client.send(utf8(`${word} up`)));
  expect(textOf(await bed.run(server.receive()))).toBe(`${word} up`);
  await bed.run(server.send(utf8(`${word} down`)));
  expect(textOf(await bed.run(client.receive()))).toBe(`${word} down`);
}

/** Secure sockets on top of sockets of the caller's. */
export function describeDecorate(backends: BackendPair): void {
  describe('decorate', () => {
    it('starts the handshake at connect over a closed socket, and at once over a ready one', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const closed = await bed.client();
      expect(bed.wire).toHaveLength(0);
      expect(closed.state).toBe('closed');
      const overClosed = await bed.connect(closed, listener);
      await expectEcho(bed, overClosed.client, overClosed.server, 'closed');

      const below = bed.network.createUdpSocket();
      await bed.run(below.connect(serverAddress, serverPort));
      const ready = await bed.bareClient();
      await bed.run(ready.decorate(below));
      expect(ready.state).toBe('connected');
      const server = bed.own(await bed.run(listener.accept()));
      await expectEcho(bed, ready, server, 'ready');
      expect([ready.remoteHost, ready.remotePort]).toEqual([serverAddress, serverPort]);
    });

    it('makes and decorates in one step', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const below = bed.network.createUdpSocket();
      await bed.run(below.connect(serverAddress, serverPort));
      const configuration = { security: pskClient(), clock: bed.clock, ciphersuites: [lightCiphersuite(backends)] };
      const client = bed.own(await bed.run(backends.client.decorateInPlace(below, configuration)));
      expect(client.state).toBe('connected');
      await expectEcho(bed, client, bed.own(await bed.run(listener.accept())), 'in place');

      const later = bed.own(
        await bed.run(backends.client.decorateInPlace(bed.network.createUdpSocket(), configuration)),
      );
      expect(later.state).toBe('closed');
      const pair = await bed.connect(later, listener);
      await expectEcho(bed, pair.client, pair.server, 'later');
    });

    it.each(Object.entries(deliveries))(
      'runs over any socket, also one that the caller wrote: it %s',
      async (_title, deliver) => {
        await using bed = new Testbed(backends);
        const transport = createTransport(deliver);
        const listener = await bed.listener({ below: transport.server });
        expect(listener.state).toBe('bound');
        const client = await bed.bareClient();
        await bed.run(client.decorate(transport.client));
        const server = bed.own(await bed.run(listener.accept()));
        await expectEcho(bed, client, server, 'own transport');
        expect([client.remoteHost, server.remoteHost]).toEqual([serverEnd.host, clientEnd.host]);
        expect(client.getOption('innerMtu')).toBeGreaterThan(500);
        expect(client.getOption('innerMtu')).toBeLessThan(600);
        await expectRejection(client.send(new Uint8Array(600)), 'EMSGSIZE');
      },
    );

    it('connects and binds a closed socket of the caller', async () => {
      await using bed = new Testbed(backends);
      const ends: { client?: ScriptedSocket; server?: ScriptedSocket } = {};
      ends.client = new ScriptedSocket({
        state: 'closed',
        local: clientEnd,
        transmit: (data) => ends.server?.arrive(data.slice(), clientEnd),
      });
      ends.server = new ScriptedSocket({
        state: 'closed',
        transmit: (data) => ends.client?.arrive(data.slice(), serverEnd),
      });
      const listener = await bed.listener({ below: ends.server });
      await bed.run(listener.bind(serverEnd.host, serverEnd.port));
      const pair = await bed.connect(await bed.client({ below: ends.client }), listener);
      await expectEcho(bed, pair.client, pair.server, 'closed transport');
      expect([ends.client.calls, ends.server.calls]).toEqual([['connect'], ['bind']]);
      expect(pair.client.getOption('innerMtu'), 'without the option: what fits in any IPv6 packet').toBeLessThan(1_232);
    });

    it('nests: DTLS inside DTLS', async () => {
      await using bed = new Testbed(backends);
      const outer = await bed.pair();
      const peer: Endpoint = { host: outer.server.remoteHost, port: outer.server.remotePort };
      const tunnel = new ScriptedSocket({
        state: 'bound',
        local: serverEnd,
        innerMtu: outer.server.getOption('innerMtu'),
        transmit: (data) => outer.server.send(data),
      });
      outer.server.setReceiver({ onData: (data) => tunnel.arrive(data, peer) });
      const listener = await bed.listener({ below: tunnel });
      const inner = await bed.bareClient();
      await bed.run(inner.decorate(outer.client));
      const server = bed.own(await bed.run(listener.accept()));
      await expectEcho(bed, inner, server, 'nested');
      expect(inner.getOption('innerMtu')).toBeLessThan(outer.client.getOption('innerMtu'));
      await bed.run(inner.cleanup());
      expect(outer.client.state, 'what was below is cleaned up too').toBe('closed');
      await expectRejection(outer.client.close(), 'EBADF');
    });

    it('owns the socket below: close closes it, cleanup cleans it up', async () => {
      await using bed = new Testbed(backends);
      const transport = createTransport();
      const listener = await bed.listener({ below: transport.server });
      const client = await bed.bareClient();
      await bed.run(client.decorate(transport.client));
      await bed.run(client.close());
      expect(transport.client.calls).toEqual(['close']);
      await bed.run(client.cleanup());
      expect(transport.client.calls).toContain('cleanup');
      await bed.run(listener.cleanup());
      expect(transport.server.calls).toContain('cleanup');
    });

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

    it('survives a send that fails once connected, and tells its sender', async () => {
      await using bed = new Testbed(backends);
      const { client: below, server: far } = createTransport();
      let broken = false;
      const shaky = new ScriptedSocket({
        state: 'connected',
        remote: serverEnd,
        local: clientEnd,
        transmit: (data) => {
          if (broken) throw errnoError('ENETDOWN', 'out of range');
          queueMicrotask(() => far.arrive(data.slice(), clientEnd));
        },
      });
      below.setReceiver({ onData: (data, host, port) => shaky.arrive(data, { host, port }) });
      const listener = await bed.listener({ below: far });
      const client = await bed.bareClient();
      await bed.run(client.decorate(shaky));
      const server = bed.own(await bed.run(listener.accept()));
      broken = true;
      await expectRejection(bed.run(client.send(utf8('lost'))), 'ENETDOWN');
      broken = false;
      expect(client.state).toBe('connected');
      await expectEcho(bed, client, server, 'back in range');
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
      const stream = new ScriptedSocket({ state: 'closed', transmit: () => undefined });
      Object.defineProperty(stream, 'type', { value: 'tcp' });
      await expectRejection(client.decorate(stream), ['EINVAL', 'ENOTSUP']);
      expect(client.state).toBe('closed');
    });

    it('lets a listener serve a socket that is bound already, or binds a closed one, and refuses others', async () => {
      await using bed = new Testbed(backends);
      const below = bed.network.createUdpSocket(undefined, { address: serverAddress });
      await bed.run(below.bind(serverAddress, serverPort));
      const listener = await bed.listener({ below });
      expect([listener.state, listener.localPort]).toEqual(['bound', serverPort]);
      const pair = await bed.connect(await bed.client(), listener);
      await expectEcho(bed, pair.client, pair.server, 'bound before');
      const fresh = await backends.server.createDtlsListener({ security: pskServer(), clock: bed.clock });
      bed.own(fresh);
      for (const state of ['connected', 'shutdown', 'accepted'] as const) {
        await expectRejection(fresh.decorate(new ScriptedSocket({ state, transmit: () => undefined })), 'EBADF', state);
      }
      const outcome = await outcomeOf(fresh.decorate(undefined as never));
      expect(outcome.ok).toBe(false);
    });
  });
}
