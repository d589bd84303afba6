import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, textOf, utf8 } from './bytes.js';
import { exchange } from './exchange.js';
import { expectErrno, expectRejection, rejectionOf } from './outcomes.js';
import { serverAddress, Testbed } from './testbed.js';
import { holdsHandshake } from './wire.js';

const useConnectionId = true;

/** A client that goes on from another address, because it is told to or because the network has changed. */
export function describeRebinding(backends: BackendPair): void {
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

    it('goes on in the other address family', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await bed.pair({ client: { useConnectionId }, server: { useConnectionId } });
      // The server's other address, as a translator between the families makes it. RFC 6146.
      const [inside, outside] = [
        { host: '2001:db8::7', port: 5_555 },
        { host: '192.0.2.64', port: 40_000 },
      ];
      const [theirs, other] = [
        { host: serverAddress, port: listener.localPort },
        { host: '64:ff9b::a00:1', port: listener.localPort },
      ];
      bed.network.intercept(({ data, from, to }) => {
        if (from.host === inside.host && to.host === other.host) bed.network.inject(data, outside, theirs);
        else if (from.host === theirs.host && to.host === outside.host) bed.network.inject(data, other, inside);
        else return undefined;
        return false;
      });
      const backend = bed.network.createUdpSocket(undefined, { address: inside.host });
      await backend.bind(inside.host, inside.port);
      await backend.connect(other.host, other.port);
      await bed.run(client.rebind({ backend }));
      expect([client.localHost, client.remoteHost, client.getOption('addressFamily')]).toEqual([
        inside.host,
        other.host,
        6,
      ]);
      await exchange(bed, client, server);
      expect([server.remoteHost, server.remotePort]).toEqual([outside.host, outside.port]);
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
