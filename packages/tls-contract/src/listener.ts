import type { DtlsListener, SecureSocket } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { textOf, utf8 } from './bytes.js';
import { expectErrno, expectRejection, rejectionOf } from './outcomes.js';
import { ScriptedSocket } from './scripted-socket.js';
import { pskClient, serverAddress, serverPort, Testbed, testIdentity } from './testbed.js';
import { HandshakeType, holdsHandshake } from './wire.js';

/** Connects clients that are told apart by their identity, one after another, without accepting them. */
async function connectMany(bed: Testbed, names: readonly string[]): Promise<SecureSocket[]> {
  const clients: SecureSocket[] = [];
  for (const name of names) {
    const client = await bed.client({ security: pskClient(utf8(name)) });
    await bed.run(client.connect(serverAddress, serverPort));
    clients.push(client);
  }
  return clients;
}

function nameOf(socket: SecureSocket): string {
  return textOf(socket.info?.pskIdentity ?? utf8('nobody'));
}

/** Listeners: accepting, many peers, closing, and clients that come back from the same port. */
export function describeListener(backends: BackendPair): void {
  describe('a listener', () => {
    it('hands out sockets whose handshake is complete, first come, first served', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      await connectMany(bed, ['a', 'b', 'c']);
      expect(listener.getOption('hasBufferedData')).toBe(true);
      for (const name of ['a', 'b', 'c']) {
        const socket = bed.own(await listener.accept());
        expect([nameOf(socket), socket.state, socket.type]).toEqual([name, 'accepted', 'dtls']);
      }
      expect(listener.getOption('hasBufferedData')).toBe(false);
      expect(listener.stats).toMatchObject({ associations: 3, halfOpen: 0, accepted: 3, failed: 0, cookiesSent: 3 });
    });

    it('serves several accepts in the order in which they were called', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const accepting = Promise.all([listener.accept(), listener.accept()]);
      await connectMany(bed, ['first', 'second']);
      const sockets = await bed.run(accepting);
      expect(sockets.map((socket) => nameOf(bed.own(socket)))).toEqual(['first', 'second']);
    });

    it('iterates over who comes, until it is closed', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const names: string[] = [];
      const iterating = (async () => {
        for await (const socket of listener) names.push(nameOf(bed.own(socket)));
      })();
      await connectMany(bed, ['x', 'y']);
      await bed.clock.advance(100_000);
      await connectMany(bed, ['z']);
      await bed.run(listener.close());
      await bed.run(iterating);
      expect(names).toEqual(['x', 'y', 'z']);
    });

    it('keeps what a peer sends before it is accepted', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const [client] = await connectMany(bed, ['eager']);
      for (const word of ['one', 'two']) await client?.send(utf8(word));
      await bed.clock.advance(1_000);
      const socket = bed.own(await listener.accept());
      expect(textOf(await socket.receive())).toBe('one');
      expect(textOf(await socket.receive())).toBe('two');
    });

    it('still hands out a peer that has closed again but left something to read', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const [client] = await connectMany(bed, ['brief']);
      await client?.send(utf8('that is all'));
      await bed.clock.advance(1);
      await client?.close();
      await bed.clock.advance(1);
      expect(listener.stats.associations).toBe(0);
      const socket = bed.own(await listener.accept());
      expect(textOf(await socket.receive())).toBe('that is all');
      await expectRejection(socket.receive(), 'ENOTCONN');
    });

    it('closes: waiting accepts reject, peers hear close_notify, and it can bind again', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await bed.pair();
      const accepting = rejectionOf(listener.accept());
      const receiving = rejectionOf(server.receive());
      await bed.run(listener.close());
      await bed.clock.advance(1);
      expectErrno(await bed.run(accepting), ['ECONNABORTED', 'ENOTCONN']);
      expectErrno(await bed.run(receiving), ['ECONNABORTED', 'ENOTCONN']);
      expect([listener.state, client.state]).toEqual(['closed', 'shutdown']);
      await expectRejection(server.send(utf8('x')), 'ENOTCONN');
      await expectRejection(bed.run(client.receive()), 'ENOTCONN');
      await bed.run(client.close());
      await bed.run(listener.bind(serverAddress, serverPort));
      const again = await bed.connect(client, listener);
      await bed.run(again.server.send(utf8('open again')));
      expect(textOf(await bed.run(client.receive()))).toBe('open again');
    });

    it('can be cleaned up as often as one likes, with associations in every state', async () => {
      await using bed = new Testbed(backends, { faults: { delay: 10 } });
      const listener = await bed.listen();
      const [done] = await connectMany(bed, ['done']);
      const pending = await bed.client();
      const connecting = rejectionOf(pending.connect(serverAddress, serverPort));
      await bed.clock.advance(45);
      await bed.run(Promise.all([listener.cleanup(), listener.cleanup(), listener[Symbol.asyncDispose]()]));
      await bed.clock.advance(20);
      expect(done?.state).toBe('shutdown');
      expect(await bed.run(connecting)).toBeInstanceOf(Error);
      await expectRejection(listener.accept(), 'EBADF');
      await expectRejection(listener.bind(serverAddress, serverPort), 'EBADF');
      expect(listener.state).toBe('closed');
    });

    it('goes on when one of its sockets is cleaned up', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const [a, b] = await connectMany(bed, ['a', 'b']);
      const [first, second] = [bed.own(await listener.accept()), bed.own(await listener.accept())];
      await bed.run(first.cleanup());
      await bed.clock.advance(1);
      expect([a?.state, b?.state]).toEqual(['shutdown', 'connected']);
      await bed.run(second.send(utf8('alive')));
      expect(textOf(await bed.run(b?.receive() ?? Promise.reject(new Error('no b'))))).toBe('alive');
      expect([listener.state, listener.stats.associations]).toEqual(['bound', 1]);
    });

    it('tells the address and port that it is bound to', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listener();
      await bed.run(listener.bind(serverAddress, 0));
      expect(listener.localHost).toBe(serverAddress);
      expect(listener.localPort).toBeGreaterThan(0);
      expect(listener.getOption('mtu')).toBe(1500);
      expect(listener.getOption('addressFamily')).toBe(4);
      const { server } = await bed.connect(await bed.client(), listener);
      expect(server.localPort).toBe(listener.localPort);
    });
  });

  describe('a client that comes back from the same port', () => {
    const sameHost = (bed: Testbed) => bed.network.createUdpSocket(undefined, { address: '10.1.0.9' });
    async function vanish(bed: Testbed, listener: DtlsListener, port: number) {
      const client = await bed.client({ below: sameHost(bed) });
      await bed.run(client.bind('10.1.0.9', port));
      const pair = await bed.connect(client, listener);
      const silence = bed.network.intercept(({ from }) => (from.port === port ? false : undefined));
      await bed.run(client.cleanup());
      silence();
      expect(listener.stats.associations).toBe(1);
      return pair.server;
    }

    it('takes the place of its old association once it has proven itself', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const old = await vanish(bed, listener, 40_001);
      const receiving = rejectionOf(old.receive());
      const client = await bed.client({ below: sameHost(bed) });
      await bed.run(client.bind('10.1.0.9', 40_001));
      const { server } = await bed.connect(client, listener);
      expectErrno(await bed.run(receiving), ['ECONNRESET', 'ENOTCONN']);
      expect(old.state).toBe('shutdown');
      expect(listener.stats).toMatchObject({ associations: 1, halfOpen: 0, accepted: 2 });
      await bed.run(client.send(utf8('new life')));
      expect(textOf(await bed.run(server.receive()))).toBe('new life');
      await bed.run(server.send(utf8('welcome')));
      expect(textOf(await bed.run(client.receive()))).toBe('welcome');
    });

    it('leaves the old association alone while it has not: a wrong key ends nothing', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await bed.pair();
      const victim = { host: client.localHost, port: client.localPort };
      // The impostor sends from the client's address, and reads along what the server answers there.
      const target = { host: serverAddress, port: serverPort };
      const below: ScriptedSocket = new ScriptedSocket({
        state: 'connected',
        local: victim,
        remote: target,
        transmit: (data) => bed.network.inject(data, victim, target),
      });
      bed.network.observe(({ data, to }) => {
        if (to.port === victim.port) queueMicrotask(() => below.arrive(data, target));
      });
      const impostor = await bed.bareClient({ security: pskClient(testIdentity, utf8('a guess')) });
      expect(await bed.run(rejectionOf(impostor.decorate(below)))).toBeInstanceOf(Error);
      expect(listener.stats).toMatchObject({ associations: 1, accepted: 1 });
      await bed.clock.advance(200_000);
      expect(listener.stats).toMatchObject({ associations: 1, halfOpen: 0, accepted: 1 });
      await bed.run(client.send(utf8('still me')));
      expect(textOf(await bed.run(server.receive()))).toBe('still me');
      await bed.run(server.send(utf8('still you')));
      expect(textOf(await bed.run(client.receive()))).toBe('still you');
    });

    it('keeps serving the old association while the new handshake is under way', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await bed.pair();
      const victim = { host: client.localHost, port: client.localPort };
      const target = { host: serverAddress, port: serverPort };
      const below: ScriptedSocket = new ScriptedSocket({
        state: 'connected',
        local: victim,
        remote: target,
        transmit: (data) => {
          if (!holdsHandshake(data, HandshakeType.clientKeyExchange)) bed.network.inject(data, victim, target);
        },
      });
      bed.network.observe(({ data, to }) => {
        if (to.port === victim.port) queueMicrotask(() => below.arrive(data, target));
      });
      const newcomer = await bed.bareClient();
      const decorating = rejectionOf(newcomer.decorate(below));
      await bed.clock.advance(10);
      expect(listener.stats).toMatchObject({ associations: 1, halfOpen: 1 });
      for (const word of ['one', 'two']) {
        await bed.run(client.send(utf8(word)));
        expect(textOf(await bed.run(server.receive()))).toBe(word);
        await bed.run(server.send(utf8(word)));
        expect(textOf(await bed.run(client.receive()))).toBe(word);
      }
      await bed.run(newcomer.cleanup());
      expect(await bed.run(decorating)).toBeInstanceOf(Error);
      await bed.clock.advance(200_000);
      expect(listener.stats).toMatchObject({ associations: 1, halfOpen: 0, accepted: 1 });
      expect([client.state, server.state]).toEqual(['connected', 'accepted']);
    });

    it('is the same after a proper goodbye', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const client = await bed.client({ below: sameHost(bed) });
      for (let round = 0; round < 3; round += 1) {
        await bed.run(client.bind('10.1.0.9', 40_002));
        const { server } = await bed.connect(client, listener);
        await bed.run(client.send(utf8(`round ${round}`)));
        expect(textOf(await bed.run(server.receive()))).toBe(`round ${round}`);
        await bed.run(client.close());
        await bed.clock.advance(1);
        expect(listener.stats.associations).toBe(0);
      }
    });
  });
}
