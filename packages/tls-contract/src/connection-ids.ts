import { ciphersuiteName, type DtlsListener, type Endpoint, type SecureSocket } from '@avs-net/core';
import { MemoryNat } from '@avs-net/core/testing';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, textOf, utf8 } from './bytes.js';
import { commonCiphersuites } from './ciphersuites.js';
import { expectErrno, expectRejection, rejectionOf } from './outcomes.js';
import {
  type ClientSetup,
  type ConnectedPair,
  type ListenerSetup,
  pskClient,
  serverAddress,
  Testbed,
} from './testbed.js';
import { holdsHandshake } from './wire.js';

const useConnectionId = true;
const home: Endpoint = { host: '192.0.2.7', port: 40_000 };
const elsewhere: Endpoint = { host: '192.0.2.7', port: 40_001 };
const farAway: Endpoint = { host: '198.51.100.9', port: 7_777 };

/** Connection IDs: negotiated or ignored, and an association that outlives a change of its client's address. RFC 9146, RFC 9853. */
export function describeConnectionIds(backends: BackendPair): void {
  if (!backends.client.capabilities.connectionId || !backends.server.capabilities.connectionId) {
    describeWithout(backends);
    return;
  }
  describeNegotiation(backends);
  describeRebinding(backends);
  describeAddressUpdates(backends);
}

function describeWithout(backends: BackendPair): void {
  describe('a pair of backends that do not both have connection IDs', () => {
    it('ignores useConnectionId: the association is as without', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair({ client: { useConnectionId }, server: { useConnectionId } });
      for (const { info } of [client, server]) {
        expect(info).toMatchObject({ connectionId: undefined, peerConnectionId: undefined });
      }
      await exchange(bed, client, server);
    });

    it('cannot rebind: ENOTSUP, and the association goes on', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair({ client: { useConnectionId }, server: { useConnectionId } });
      await expectRejection(client.rebind(), 'ENOTSUP');
      await exchange(bed, client, server);
    });
  });
}

function describeNegotiation(backends: BackendPair): void {
  describe('connection IDs', () => {
    it('are given by the server, 8 bytes of them, to a client that asks for none itself', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair({ client: { useConnectionId }, server: { useConnectionId } });
      expect(client.info?.connectionId).toHaveLength(0);
      expect(client.info?.peerConnectionId).toHaveLength(8);
      expect(server.info).toMatchObject({
        connectionId: client.info?.peerConnectionId,
        peerConnectionId: new Uint8Array(0),
        returnRoutabilityCheck: true,
      });
      await exchange(bed, client, server);
    });

    it.each([
      ['the client', { client: { useConnectionId } }],
      ['the server', { server: { useConnectionId } }],
    ])('are not used when only %s wants them', async (_who, setup) => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair(setup);
      for (const { info } of [client, server]) {
        expect(info).toMatchObject({ connectionId: undefined, peerConnectionId: undefined });
      }
      await expectRejection(client.rebind(), 'ENOTSUP');
      await exchange(bed, client, server);
    });

    it.each([0, 1, 4, 20, 255])('have %d bytes if both sides say so', async (length) => {
      await using bed = new Testbed(backends);
      const setup = { useConnectionId, connectionIds: { length } };
      const { client, server } = await bed.pair({ client: setup, server: setup });
      for (const { info } of [client, server]) {
        expect([info?.connectionId?.length, info?.peerConnectionId?.length]).toEqual([length, length]);
      }
      await exchange(bed, client, server);
    });

    it('come from the generator, which is asked again when it gives one that is in use', async () => {
      await using bed = new Testbed(backends);
      let asked = 0;
      const generate = (connectionId: Uint8Array): void => {
        expect(connectionId).toHaveLength(2);
        connectionId.set([7, Math.floor(asked / 3)]);
        asked += 1;
      };
      const listener = await bed.listen({ useConnectionId, connectionIds: { length: 2, generate } });
      const given: (Uint8Array | undefined)[] = [];
      for (let i = 0; i < 3; i += 1) {
        const { client } = await bed.connect(await bed.client({ useConnectionId }), listener);
        given.push(client.info?.peerConnectionId);
      }
      expect(given).toEqual([0, 1, 2].map((second) => Uint8Array.of(7, second)));
    });

    it('are left out where the generator has no more to give', async () => {
      await using bed = new Testbed(backends);
      const connectionIds = { length: 1, generate: (connectionId: Uint8Array) => connectionId.fill(9) };
      const listener = await bed.listen({ useConnectionId, connectionIds });
      const first = await bed.connect(await bed.client({ useConnectionId }), listener);
      expect(first.client.info?.peerConnectionId).toEqual(Uint8Array.of(9));
      const second = await bed.connect(await bed.client({ useConnectionId }), listener);
      expect(second.client.info?.peerConnectionId).toBeUndefined();
      await exchange(bed, first.client, first.server);
      await exchange(bed, second.client, second.server);
      await bed.run(first.client.close());
      const third = await bed.connect(await bed.client({ useConnectionId }), listener);
      expect(third.client.info?.peerConnectionId, 'free again').toEqual(Uint8Array.of(9));
    });

    it('end a handshake when the generator throws, and the listener goes on', async () => {
      await using bed = new Testbed(backends);
      let isBroken = true;
      const generate = (): void => {
        if (isBroken) throw new Error('no more numbers');
      };
      const listener = await bed.listen({ useConnectionId, connectionIds: { generate } });
      const failing = await bed.client({ useConnectionId, handshakeTimeouts: { min: 100, max: 100 } });
      expectErrno(await bed.run(rejectionOf(failing.connect(serverAddress, listener.localPort))), 'ETIMEDOUT');
      isBroken = false;
      const { client, server } = await bed.connect(await bed.client({ useConnectionId }), listener);
      await exchange(bed, client, server);
      expect(listener.stats).toMatchObject({ associations: 1, halfOpen: 0 });
    });

    it.each(commonCiphersuites(backends).map((id) => [ciphersuiteName(id), id] as const))(
      'leave exactly innerMtu bytes for data in one datagram with %s',
      async (_name, suite) => {
        for (const recordPadding of [1, 64]) {
          await using bed = new Testbed(backends, { faults: { mtu: 576, oversized: 'error' } });
          const setup = { useConnectionId, ciphersuites: [suite] };
          const connectionIds = { length: 5, recordPadding };
          const { client, server } = await bed.pair({
            client: { ...setup, connectionIds: { length: 0, recordPadding } },
            server: { ...setup, connectionIds },
          });
          for (const [from, to] of [
            [client, server],
            [server, client],
          ] as const) {
            const largest = from.getOption('innerMtu');
            await bed.run(from.send(counting(largest)));
            expect(await bed.run(to.receive())).toEqual(counting(largest));
            await expectRejection(from.send(counting(largest + 1)), 'EMSGSIZE');
          }
        }
      },
    );

    it.each([
      ['length', 256, 'EINVAL'],
      ['length', 1.5, 'EINVAL'],
      ['length', '8', 'TypeError'],
      ['generate', 1, 'TypeError'],
      ['recordPadding', 0, 'EINVAL'],
      ['recordPadding', 1_025, 'EINVAL'],
      ['returnRoutabilityCheck', 'no', 'TypeError'],
    ])('are refused with %s %s, on either side', async (field, value, error) => {
      await using bed = new Testbed(backends);
      const connectionIds = { [field]: value };
      for (const make of [() => bed.client({ connectionIds }), () => bed.listener({ connectionIds })]) {
        const reason = await rejectionOf(make());
        expect(String(reason)).toContain(`connectionIds.${field}`);
        if (error === 'EINVAL') expectErrno(reason, 'EINVAL');
        else expect(reason).toBeInstanceOf(TypeError);
      }
    });

    it.each([
      ['pathValidation', 'none', 'EINVAL'],
      ['forward', {}, 'TypeError'],
    ])('are refused with %s %s on a listener', async (field, value, error) => {
      await using bed = new Testbed(backends);
      const reason = await rejectionOf(bed.listener({ connectionIds: { [field]: value } }));
      expect(String(reason)).toContain(`connectionIds.${field}`);
      if (error === 'EINVAL') expectErrno(reason, 'EINVAL');
      else expect(reason).toBeInstanceOf(TypeError);
    });
  });
}

function describeRebinding(backends: BackendPair): void {
  describe('rebind', () => {
    it('goes on from another port without a handshake, and the server follows', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await bed.pair({ client: { useConnectionId }, server: { useConnectionId } });
      const before = client.localPort;
      bed.wire.length = 0;
      await bed.run(client.rebind());
      expect(client.localPort).not.toBe(before);
      await exchange(bed, client, server);
      expect([server.remoteHost, server.remotePort]).toEqual([client.localHost, client.localPort]);
      expect(bed.wire.some(({ data }) => holdsHandshake(data, 1))).toBe(false);
      expect(listener.stats).toMatchObject({ accepted: 1, peerAddresses: { observed: 1, validated: 1, failed: 0 } });
      expect(client.state).toBe('connected');
    });

    it('lets a server that has something to say find the client, which says nothing itself', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair({ client: { useConnectionId }, server: { useConnectionId } });
      await bed.run(client.rebind());
      await bed.clock.advance(10);
      await bed.run(server.send(utf8('notification')));
      expect(textOf(await bed.run(client.receive()))).toBe('notification');
    });

    it('goes on from the port and address that it is told', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair({ client: { useConnectionId }, server: { useConnectionId } });
      await bed.run(client.rebind({ address: client.localHost, port: 50_505 }));
      expect(client.localPort).toBe(50_505);
      await exchange(bed, client, server);
      await bed.run(client.rebind({ port: 50_506 }));
      expect(client.localPort).toBe(50_506);
      await exchange(bed, client, server);
    });

    it('goes on over another socket, which it takes over, from another interface', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await bed.pair({ client: { useConnectionId }, server: { useConnectionId } });
      const cellular = bed.network.createUdpSocket(undefined, { address: '203.0.113.5' });
      await cellular.connect(serverAddress, listener.localPort);
      await bed.run(client.rebind({ backend: cellular }));
      expect(client.localHost).toBe('203.0.113.5');
      await exchange(bed, client, server);
      expect(server.remoteHost).toBe('203.0.113.5');
      await bed.run(client.cleanup());
      await expectRejection(cellular.send(utf8('x')), 'EBADF');
    });

    it('loses nothing that is sent meanwhile', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair({ client: { useConnectionId }, server: { useConnectionId } });
      const rebinding = client.rebind();
      const sending = Array.from({ length: 5 }, (_, i) => client.send(counting(1, i)));
      await bed.run(Promise.all([rebinding, ...sending]));
      const received: Uint8Array[] = [];
      for (let i = 0; i < 5; i += 1) received.push(await bed.run(server.receive()));
      expect(received).toEqual(Array.from({ length: 5 }, (_, i) => counting(1, i)));
    });

    it('happens by itself when the network has changed, and what could not be sent is sent', async () => {
      for (const errno of ['ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL', 'EHOSTUNREACH'] as const) {
        await using bed = new Testbed(backends);
        const below = bed.network.createUdpSocket();
        const { client, server } = await bed.pair({ client: { useConnectionId, below }, server: { useConnectionId } });
        const before = client.localPort;
        const send = below.send.bind(below);
        below.send = async () => {
          below.send = send;
          throw Object.assign(new Error('the network is gone'), { code: errno });
        };
        await bed.run(client.send(utf8(errno)));
        expect(textOf(await bed.run(server.receive()))).toBe(errno);
        expect(client.localPort, errno).not.toBe(before);
        await exchange(bed, client, server);
      }
    });

    it('fails while there is no network, and succeeds once there is one: the association waits', async () => {
      await using bed = new Testbed(backends);
      const below = bed.network.createUdpSocket();
      const { client, server } = await bed.pair({ client: { useConnectionId, below }, server: { useConnectionId } });
      const { connect, send } = below;
      const gone = async (): Promise<void> => {
        throw Object.assign(new Error('the network is gone'), { code: 'ENETUNREACH' });
      };
      below.connect = gone;
      below.send = gone;
      await expectRejection(bed.run(client.rebind()), 'ENETUNREACH');
      expect(client.state).toBe('connected');
      await bed.clock.advance(2_000);
      await expectRejection(bed.run(client.send(utf8('lost'))), 'ENETUNREACH');
      below.connect = connect;
      below.send = send;
      await bed.clock.advance(2_000);
      await bed.run(client.send(utf8('there again')));
      expect(textOf(await bed.run(server.receive()))).toBe('there again');
      await exchange(bed, client, server);
    });

    it('tries no more than once in a while by itself', async () => {
      await using bed = new Testbed(backends);
      const below = bed.network.createUdpSocket();
      const { client } = await bed.pair({ client: { useConnectionId, below }, server: { useConnectionId } });
      let tries = 0;
      below.connect = async () => {
        tries += 1;
        throw Object.assign(new Error('the network is gone'), { code: 'ENETUNREACH' });
      };
      await below.close();
      for (let i = 0; i < 10; i += 1) await bed.run(rejectionOf(client.send(utf8('x'))));
      expect(tries).toBe(1);
    });

    it('is ENOTCONN without an association, ENOTSUP on an accepted socket, and takes no backend that is not connected', async () => {
      await using bed = new Testbed(backends);
      const closed = await bed.client({ useConnectionId });
      await expectRejection(closed.rebind(), 'ENOTCONN');
      const { client, server } = await bed.pair({ client: { useConnectionId }, server: { useConnectionId } });
      await expectRejection(server.rebind(), 'ENOTSUP');
      await expectRejection(client.rebind({ backend: bed.network.createUdpSocket() }), 'EINVAL');
      await expectRejection(client.rebind({ backend: client }), 'EINVAL');
      expect(await rejectionOf(client.rebind({ port: '1' as never }))).toBeInstanceOf(TypeError);
      await exchange(bed, client, server);
      await bed.run(client.shutdown());
      await expectRejection(client.rebind(), 'ENOTCONN');
    });

    it('ends with a close in the middle of it', async () => {
      await using bed = new Testbed(backends);
      const below = bed.network.createUdpSocket();
      const { client } = await bed.pair({ client: { useConnectionId, below }, server: { useConnectionId } });
      below.connect = (_host, _port, { signal } = {}) =>
        new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
      const rebinding = rejectionOf(client.rebind());
      await bed.run(client.close());
      expectErrno(await bed.run(rebinding), ['ENOTCONN', 'EBADF']);
      expect(client.state).toBe('closed');
    });
  });
}

function describeAddressUpdates(backends: BackendPair): void {
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

async function exchange(bed: Testbed, client: SecureSocket, server: SecureSocket): Promise<void> {
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    await bed.run(from.send(utf8('ping')));
    expect(textOf(await bed.run(to.receive()))).toBe('ping');
  }
}
