import { errnoError, type Socket } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { utf8 } from './bytes.js';
import { lightCiphersuite } from './ciphersuites.js';
import { expectRejection, outcomeOf, rejectionOf } from './outcomes.js';
import { ScriptedSocket } from './scripted-socket.js';
import { pskClient, pskServer, serverAddress, serverPort, Testbed } from './testbed.js';
import { clientEnd, createTransport, deliveries, expectEcho, serverEnd } from './transport-pair.js';

/** What a socket cannot do without. */
type LeastOfASocket = 'type' | 'state' | 'connect' | 'send' | 'setReceiver' | 'getOption' | 'close' | 'cleanup';

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

    it('needs no more of a socket than that it sends and hands over what it receives', async () => {
      await using bed = new Testbed(backends);
      const { client: near, server: far } = createTransport();
      const least: Pick<Socket, LeastOfASocket> = {
        type: 'udp',
        state: 'connected',
        connect: () => Promise.resolve(),
        send: (data) => near.send(data),
        setReceiver: (receiver) => near.setReceiver(receiver),
        getOption: () => {
          throw errnoError('ENOTSUP', 'no options');
        },
        close: () => Promise.resolve(),
        cleanup: () => Promise.resolve(),
      };
      const listener = await bed.listener({ below: far });
      const client = await bed.bareClient();
      await bed.run(client.decorate(least as Socket));
      await expectEcho(bed, client, bed.own(await bed.run(listener.accept())), 'the least');
      await bed.run(client.close());
      expect(client.state).toBe('closed');
      for (const missing of Object.keys(least).filter((member) => member !== 'type' && member !== 'state')) {
        const error = await rejectionOf(client.decorate({ ...least, [missing]: undefined } as Socket));
        expect(error, missing).toBeInstanceOf(TypeError);
        expect(String(error)).toContain(missing);
      }
    });

    it('does not mind what had come before the handshake and nobody had read', async () => {
      await using bed = new Testbed(backends);
      const below = bed.network.createUdpSocket();
      const chatty = bed.network.createUdpSocket(undefined, { address: serverAddress });
      await bed.run(chatty.bind(serverAddress, serverPort));
      await bed.run(below.connect(serverAddress, serverPort));
      for (let i = 0; i < 5; i += 1) await chatty.sendTo(utf8(`chatter ${i}`), below.localHost, below.localPort);
      await bed.clock.advance(1);
      await bed.run(chatty.cleanup());
      const listener = await bed.listen();
      const client = await bed.bareClient();
      await bed.run(client.decorate(below));
      expect(client.dropped.malformed, 'each was dropped').toBe(5);
      await expectEcho(bed, client, bed.own(await bed.run(listener.accept())), 'after chatter');
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
