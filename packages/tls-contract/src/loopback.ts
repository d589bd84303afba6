import { Socket as DatagramSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import type { DtlsListener, SecureSocket } from '@avs-net/core';
import { createTcpSocket } from '@avs-net/core/node';
import { afterEach, describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, textOf, utf8 } from './bytes.js';
import { lightCiphersuite } from './ciphersuites.js';
import { expectErrno, expectRejection, expectThrown, outcomeOf } from './outcomes.js';
import { pskClient, pskServer } from './testbed.js';

/** A name that no resolver can be asked for: a label has at most 63 characters. RFC 1035 §2.3.4. */
const unresolvable = `${'x'.repeat(64)}.example`;

function hasAddress(address: string): boolean {
  return Object.values(networkInterfaces()).some((entries) => entries?.some((entry) => entry.address === address));
}

/** The few things that only real sockets show: UDP on the loopback interface, on the platform's clock. */
export function describeLoopback(backends: BackendPair): void {
  const owned: { cleanup(): Promise<void> }[] = [];
  const own = <T extends { cleanup(): Promise<void> }>(socket: T): T => {
    owned.push(socket);
    return socket;
  };
  const createClient = async (configuration: object = {}): Promise<SecureSocket> =>
    own(
      await backends.client.createDtlsSocket({
        security: pskClient(),
        ciphersuites: [lightCiphersuite(backends)],
        ...configuration,
      }),
    );
  const createListener = async (configuration: object = {}): Promise<DtlsListener> =>
    own(await backends.server.createDtlsListener({ security: pskServer(), ...configuration }));

  describe('on the loopback interface', () => {
    afterEach(async () => {
      for (const socket of owned.splice(0)) await socket.cleanup();
    });

    describe.each([
      ['IPv4', '127.0.0.1', 4],
      ['IPv6', '::1', 6],
    ] as const)('%s', (_name, address, family) => {
      it('connects, exchanges data and closes, or says that the machine lacks the address', async () => {
        const listener = await createListener();
        if (!hasAddress(address)) {
          await expectRejection(listener.bind(address, 0), ['EADDRNOTAVAIL', 'EAFNOSUPPORT']);
          return;
        }
        await listener.bind(address, 0);
        expect(listener.localHost).toBe(address);
        const client = await createClient();
        const [server] = await Promise.all([listener.accept(), client.connect(address, listener.localPort)]);
        own(server);
        expect(client).toMatchObject({ state: 'connected', remoteHost: address, remotePort: listener.localPort });
        expect(server).toMatchObject({ state: 'accepted', remoteHost: address, remotePort: client.localPort });
        expect([client.localHost, server.localHost]).toEqual([address, address]);
        expect([client.getOption('addressFamily'), server.getOption('addressFamily')]).toEqual([family, family]);
        await client.send(utf8('up'));
        expect(textOf(await server.receive())).toBe('up');
        await server.send(utf8('down'));
        expect(textOf(await client.receive())).toBe('down');
        await client.close();
        await expectRejection(server.receive(), 'ENOTCONN');
      });

      it('reports ECONNREFUSED from a port where nobody listens, and connects there later', async () => {
        const listener = await createListener();
        if (!hasAddress(address)) {
          await expectRejection(listener.bind(address, 0), ['EADDRNOTAVAIL', 'EAFNOSUPPORT']);
          return;
        }
        await listener.bind(address, 0);
        const port = listener.localPort;
        await listener.close();
        const client = await createClient();
        await expectRejection(client.connect(address, port), 'ECONNREFUSED');
        expect(client.state).toBe('closed');
        await listener.bind(address, port);
        await client.connect(address, port);
        expect(own(await listener.accept()).state).toBe('accepted');
      });
    });

    it('has the platform socket at the bottom while it is open', async () => {
      const listener = await createListener();
      await listener.bind('127.0.0.1', 0);
      const client = await createClient();
      const [server] = await Promise.all([listener.accept(), client.connect('127.0.0.1', listener.localPort)]);
      own(server);
      expect(client.system).toBeInstanceOf(DatagramSocket);
      expect(listener.system).toBeInstanceOf(DatagramSocket);
      expect(server.system).toBe(listener.system);
      await client.cleanup();
      expect(client.system).toBeUndefined();
    });

    it('carries innerMtu bytes of a forced MTU, and reports that', async () => {
      const listener = await createListener({ socket: { forcedMtu: 700 } });
      await listener.bind('127.0.0.1', 0);
      const client = await createClient({ socket: { forcedMtu: 700 } });
      const [server] = await Promise.all([listener.accept(), client.connect('127.0.0.1', listener.localPort)]);
      own(server);
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        expect(from.getOption('mtu')).toBe(700);
        const largest = from.getOption('innerMtu');
        expect(largest).toBeLessThan(700 - 28);
        await from.send(counting(largest));
        expect(await to.receive()).toEqual(counting(largest));
        await expectRejection(from.send(new Uint8Array(largest + 1)), 'EMSGSIZE');
      }
    });

    it('takes the port that it was bound to, also again after close', async () => {
      const listener = await createListener();
      await listener.bind('127.0.0.1', 0);
      const client = await createClient();
      await client.bind('127.0.0.1', 0);
      const { localPort } = client;
      expect([client.state, localPort > 0]).toEqual(['bound', true]);
      for (let i = 0; i < 2; i += 1) {
        const [server] = await Promise.all([listener.accept(), client.connect('127.0.0.1', listener.localPort)]);
        expect(own(server).remotePort).toBe(localPort);
        expect(client.localPort).toBe(localPort);
        await client.close();
        await client.bind('127.0.0.1', localPort);
      }
    });

    it('rejects EADDRNOTAVAIL for a name that does not resolve', async () => {
      const client = await createClient();
      const error = await expectRejection(client.connect(unresolvable, 5684), 'EADDRNOTAVAIL');
      expect(error.message).toContain(unresolvable);
      expect(client.state).toBe('closed');
    });

    it('connects to localhost by name, and knows both the name and the address', async () => {
      const listener = await createListener();
      await listener.bind('127.0.0.1', 0);
      const client = await createClient({ socket: { addressFamily: 4 } });
      const [server] = await Promise.all([listener.accept(), client.connect('localhost', listener.localPort)]);
      expect(client).toMatchObject({ remoteHostname: 'localhost', remoteHost: '127.0.0.1' });
      expect(own(server).info?.serverName).toBe('localhost');
    });

    it('writes where it has connected to the preferred endpoint', async () => {
      const listener = await createListener();
      await listener.bind('127.0.0.1', 0);
      const preferredEndpoint: { host?: string; port?: number } = {};
      const client = await createClient({ socket: { addressFamily: 4, preferredEndpoint } });
      const [server] = await Promise.all([listener.accept(), client.connect('localhost', listener.localPort)]);
      own(server);
      expect(preferredEndpoint).toEqual({ host: '127.0.0.1', port: listener.localPort });
    });

    it('knows the network interface', async () => {
      const listener = await createListener();
      await listener.bind('127.0.0.1', 0);
      const client = await createClient();
      const [server] = await Promise.all([listener.accept(), client.connect('127.0.0.1', listener.localPort)]);
      for (const socket of [client, own(server), listener]) {
        const addresses = networkInterfaces()[socket.interfaceName] ?? [];
        expect(addresses.map(({ address }) => address)).toContain('127.0.0.1');
      }
    });

    it.each([
      ['dscp', { dscp: 10 }],
      ['priority', { priority: 3 }],
      ['transparent', { transparent: true }],
      ['interfaceName', { interfaceName: 'lo' }],
    ])('sets %s, or refuses it with ENOTSUP instead of ignoring it', async (field, socket) => {
      for (const create of [createClient, createListener]) {
        const made = await outcomeOf<unknown>(create({ socket }));
        if (!made.ok) expect(expectErrno(made.error, 'ENOTSUP').message).toContain(field);
      }
    });

    it('rejects EADDRINUSE for a port that is taken', async () => {
      const listener = await createListener();
      await listener.bind('127.0.0.1', 0);
      const second = await createListener();
      await expectRejection(second.bind('127.0.0.1', listener.localPort), 'EADDRINUSE');
      expect(second.state).toBe('closed');
      expectThrown(() => second.localPort, 'EBADF');
    });

    it('refuses a TCP connection, which goes on as before', async () => {
      const server = own(await createTcpSocket());
      await server.bind('127.0.0.1', 0);
      const stream = own(await createTcpSocket());
      const [peer] = await Promise.all([server.accept(), stream.connect('127.0.0.1', server.localPort)]);
      own(peer);
      const client = await createClient();
      await expectRejection(client.decorate(stream), 'EINVAL');
      await stream.send(utf8('in plain'));
      expect(textOf(await peer.receive())).toBe('in plain');
      expect([client.state, stream.state]).toEqual(['closed', 'connected']);
    });

    it('ends a connect by a signal', async () => {
      const listener = await createListener();
      await listener.bind('127.0.0.1', 0);
      listener.setOption('handshakeTimeouts', { min: 1_000, max: 1_000 });
      const client = await createClient();
      const controller = new AbortController();
      const connecting = client.connect('127.0.0.1', listener.localPort, { signal: controller.signal });
      controller.abort(new Error('not today'));
      await expect(connecting).rejects.toThrow('not today');
      expect(client.state).toBe('closed');
    });
  });
}
