import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import type { AvsError, Socket } from '../../src/index.js';
import type { createUdpSocket as CreateUdpSocket } from '../../src/node/index.js';
import { hasReusePort } from '../../src/node/platform-limits.js';
import { VirtualClock } from '../../src/testing/index.js';

async function failure(promise: Promise<unknown>): Promise<AvsError> {
  return promise.then(
    () => expect.unreachable('should have rejected'),
    (error) => error,
  );
}

const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);
const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some((one) => one.address === '::1'));

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** What every UDP socket on Node must do, whatever it is made of. */
export function describeUdpSocket(title: string, createUdpSocket: typeof CreateUdpSocket): void {
  const opened: Socket[] = [];

  const udp: typeof CreateUdpSocket = async (configuration) => {
    const socket = await createUdpSocket(configuration);
    opened.push(socket);
    return socket;
  };

  const bound = async (address = '127.0.0.1'): Promise<Socket> => {
    const socket = await udp();
    await socket.bind(address, 0);
    return socket;
  };

  describe(title, () => {
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((socket) => socket.cleanup()));
    });

    it('exchanges datagrams with another one', async () => {
      const server = await bound();
      const client = await udp();
      await client.connect('127.0.0.1', server.localPort);
      expect([client.state, server.state]).toEqual(['connected', 'bound']);
      expect([client.remoteHost, client.remoteHostname, client.remotePort]).toEqual([
        '127.0.0.1',
        '127.0.0.1',
        server.localPort,
      ]);
      const data = bytes('ping');
      const sent = client.send(data);
      data.fill(0);
      await sent;
      const got = await server.receiveFrom();
      expect([text(got.data), got.host, got.port]).toEqual(['ping', '127.0.0.1', client.localPort]);
      expect(got.data.constructor).toBe(Uint8Array);
      await server.sendTo(bytes('pong'), got.host, got.port);
      expect(text(await client.receive())).toBe('pong');
      expect(client.getOption('addressFamily')).toBe(4);
      expect([client.getOption('bytesSent'), client.getOption('bytesReceived')]).toEqual([4, 4]);
      expect(client.system).toHaveProperty('address');
    });

    it('keeps its bound port when it connects', async () => {
      const server = await bound();
      const client = await bound();
      const { localPort } = client;
      await client.connect('127.0.0.1', server.localPort);
      expect(client.localPort).toBe(localPort);
      await client.send(bytes('x'));
      expect((await server.receiveFrom()).port).toBe(localPort);
    });

    it('does not hear strangers once connected', async () => {
      const [server, stranger] = [await bound(), await bound()];
      const client = await udp();
      await client.connect('127.0.0.1', server.localPort);
      await stranger.sendTo(bytes('stranger'), '127.0.0.1', client.localPort);
      await server.sendTo(bytes('peer'), '127.0.0.1', client.localPort);
      expect(text(await client.receive())).toBe('peer');
    });

    it('resolves names, and says EADDRNOTAVAIL when one does not resolve', async () => {
      const server = await bound();
      const client = await udp({ addressFamily: 4 });
      await client.connect('localhost', server.localPort);
      expect([client.remoteHost, client.remoteHostname]).toEqual(['127.0.0.1', 'localhost']);
      const lost = await udp();
      expect((await failure(lost.connect('no-such-host.invalid', 1))).errno).toBe('EADDRNOTAVAIL');
      expect((await failure((await udp({ addressFamily: 6 })).connect('127.0.0.1', 1))).errno).toBe('EADDRNOTAVAIL');
      expect(lost.state).toBe('closed');
      await lost.connect('127.0.0.1', server.localPort);
      expect(lost.state).toBe('connected');
    });

    it('writes where it has connected to into the preferred endpoint', async () => {
      const server = await bound();
      const preferredEndpoint = { host: '127.9.9.9' };
      const client = await udp({ preferredEndpoint });
      await client.connect('127.0.0.1', server.localPort);
      expect(preferredEndpoint).toEqual({ host: '127.0.0.1', port: server.localPort });
      const frozen = await udp({ preferredEndpoint: Object.freeze({ host: '127.0.0.1' }) });
      await frozen.connect('127.0.0.1', server.localPort);
      expect(frozen.state).toBe('connected');
    });

    it('speaks IPv6, and IPv4 from a socket bound to all IPv6 addresses; without IPv6 it says so', async () => {
      if (!hasIpv6) {
        expect(['EADDRNOTAVAIL', 'EAFNOSUPPORT']).toContain((await failure((await udp()).bind('::1', 0))).errno);
        return;
      }
      const server = await bound('::1');
      const client = await udp();
      await client.connect('::1', server.localPort);
      expect(client.getOption('addressFamily')).toBe(6);
      expect(client.getOption('innerMtu')).toBe(65_536 - 48);
      await client.send(bytes('six'));
      expect(text(await server.receive())).toBe('six');
      const four = await bound();
      const dual = await bound('::');
      await dual.sendTo(bytes('four'), '127.0.0.1', four.localPort);
      expect(text(await four.receive())).toBe('four');
      await dual.connect('127.0.0.1', four.localPort);
      await dual.send(bytes('connected'));
      const { data, host, port } = await four.receiveFrom();
      expect(text(data)).toBe('connected');
      await four.sendTo(bytes('answer'), host, port);
      expect(text(await dual.receive())).toBe('answer');
    });

    it('reports a refusal to a receive that waits, to a receiver, or to a later send, and stays usable', async () => {
      const port = await freePort();
      const client = await udp();
      await client.connect('127.0.0.1', port);
      const waiting = failure(client.receive());
      await client.send(bytes('x'));
      expect((await waiting).errno).toBe('ECONNREFUSED');
      const told = new Promise<AvsError>((resolve) =>
        client.setReceiver({ onData: () => undefined, onError: resolve }),
      );
      await client.send(bytes('x'));
      expect((await told).errno).toBe('ECONNREFUSED');
      client.setReceiver(undefined);
      const server = await udp();
      await server.bind('127.0.0.1', port);
      const sending = async (): Promise<void> => client.send(bytes('now')).catch(sending);
      await sending();
      expect(text(await server.receive())).toBe('now');
    });

    it('rejects datagrams that the kernel or UDP refuse with EMSGSIZE', async () => {
      const server = await bound();
      const client = await udp();
      await client.connect('127.0.0.1', server.localPort);
      expect((await failure(client.send(new Uint8Array(65_508)))).errno).toBe('EMSGSIZE');
      await client.send(new Uint8Array(65_507));
      expect(await server.receive()).toHaveLength(65_507);
      await client.send(new Uint8Array(0));
      expect(await server.receive()).toHaveLength(0);
    });

    it('sends no more than the inner MTU, forced or not, connected or bound', async () => {
      const server = await bound();
      const forced = await udp({ forcedMtu: 1_000 });
      await forced.connect('127.0.0.1', server.localPort);
      expect((await failure(forced.send(new Uint8Array(973)))).message).toBe(
        'EMSGSIZE: 973 bytes are more than the inner MTU (972)',
      );
      await forced.send(new Uint8Array(972));
      expect(await server.receive()).toHaveLength(972);
      const all = await bound('0.0.0.0');
      const sending = all.sendTo(new Uint8Array(1_473), '127.0.0.1', server.localPort);
      expect((await failure(sending)).errno).toBe('EMSGSIZE');
      await all.sendTo(new Uint8Array(1_472), '127.0.0.1', server.localPort);
      expect(await server.receive()).toHaveLength(1_472);
      expect(all.getOption('bytesSent')).toBe(1_472);
    });

    it('maps errors of binding', async () => {
      const taken = await bound();
      const socket = await udp();
      expect((await failure(socket.bind('127.0.0.1', taken.localPort))).errno).toBe('EADDRINUSE');
      expect((await failure(socket.bind('192.0.2.1', 0))).errno).toBe('EADDRNOTAVAIL');
      expect(socket.state).toBe('closed');
      await socket.bind('127.0.0.1', 0);
      expect((await failure(socket.accept())).errno).toBe('ENOTSUP');
    });

    it('lets two sockets share a port when asked to', async () => {
      const one = await udp({ reuseAddress: true });
      const two = await udp({ reuseAddress: true });
      await one.bind('127.0.0.1', 0);
      await two.bind('127.0.0.1', one.localPort);
      expect(two.localPort).toBe(one.localPort);
    });

    it('shares a port with others by reusePort where Node has that, and says so where it has not', async () => {
      if (!hasReusePort(process.versions.node)) {
        const error = await failure(createUdpSocket({ reusePort: true }));
        expect([error.errno, error.message]).toEqual(['ENOTSUP', expect.stringContaining('configuration.reusePort')]);
        return;
      }
      const one = await udp({ reusePort: true });
      const two = await udp({ reusePort: true });
      await one.bind('127.0.0.1', 0);
      await two.bind('127.0.0.1', one.localPort);
      expect(two.localPort).toBe(one.localPort);
    });

    it.each([
      ['20.20.2', false],
      ['22.11.0', false],
      ['22.12.0', true],
      ['23.0.0', false],
      ['23.1.0', true],
      ['24.0.0', true],
      ['26.1.0', true],
    ])('knows that Node %s has reusePort: %s', (version, has) => {
      expect(hasReusePort(version)).toBe(has);
    });

    it('refuses at creation what Node cannot set, naming the field', async () => {
      for (const configuration of [{ dscp: 46 }, { priority: 1 }, { transparent: true }, { interfaceName: 'lo' }]) {
        const error = await failure(createUdpSocket(configuration));
        expect(error.message).toContain(`ENOTSUP: configuration.${Object.keys(configuration)[0]}`);
      }
      expect((await failure(createUdpSocket({ dscp: 64 }))).errno).toBe('EINVAL');
      expect((await failure(createUdpSocket({ forcedMtu: 0 }))).errno).toBe('EINVAL');
      expect((await udp({ transparent: false })).state).toBe('closed');
    });

    it('tells the MTU of loopback, or the forced one', async () => {
      const server = await bound();
      expect([server.getOption('mtu'), server.getOption('innerMtu')]).toEqual([65_536, 65_507]);
      const client = await udp({ forcedMtu: 1_000 });
      await client.connect('127.0.0.1', server.localPort);
      expect([client.getOption('mtu'), client.getOption('innerMtu')]).toEqual([1_000, 972]);
      const all = await bound('0.0.0.0');
      expect([all.getOption('mtu'), all.getOption('innerMtu')]).toEqual([1_500, 1_472]);
      expect(() => all.interfaceName).toThrow('EBADF');
      expect(server.interfaceName).toMatch(/^lo/);
    });

    it('times out by its clock and can be aborted', async () => {
      const clock = new VirtualClock();
      const socket = await udp({ clock });
      await socket.bind('127.0.0.1', 0);
      expect((await failure(clock.runUntil(socket.receive()))).errno).toBe('ETIMEDOUT');
      expect(clock.now()).toBe(30_000);
      const controller = new AbortController();
      const waiting = failure(socket.receive({ signal: controller.signal }));
      controller.abort(new Error('enough'));
      expect((await waiting).message).toBe('enough');
      const reason = new Error('not even started');
      const other = await udp();
      await expect(other.connect('localhost', 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });

    it('ends a resolution that is under way when it is closed, or aborted', async () => {
      const socket = await udp();
      const connecting = failure(socket.connect('localhost', 9));
      await socket.close();
      expect((await connecting).errno).toBe('ENOTCONN');
      const controller = new AbortController();
      const aborted = failure(socket.connect('localhost', 9, { signal: controller.signal }));
      controller.abort(new Error('enough'));
      expect((await aborted).message).toBe('enough');
      expect(socket.state).toBe('closed');
    });

    it('rejects who waits when it is closed or cleaned up, and can be bound again after a close', async () => {
      const socket = await bound();
      const closed = failure(socket.receive());
      await socket.close();
      expect((await closed).errno).toBe('ENOTCONN');
      expect(socket.system).toBeUndefined();
      await socket.bind('127.0.0.1', 0);
      const cleaned = failure(socket.receive());
      await socket.cleanup();
      expect((await cleaned).errno).toBe('EBADF');
      expect((await failure(socket.bind('127.0.0.1', 0))).errno).toBe('EBADF');
    });

    it('leaves no listener on the system socket when a connect fails at once', async () => {
      const socket = await bound();
      const system = socket.system as ReturnType<typeof createSocket>;
      const before = system.listenerCount('error');
      system.close();
      expect((await failure(socket.connect('127.0.0.1', 9))).name).toBe('AvsError');
      expect(system.listenerCount('error')).toBe(before);
    });

    it('says that it was shut down, by its own side, to who receives afterwards', async () => {
      const server = await bound();
      const socket = await udp();
      await socket.connect('127.0.0.1', server.localPort);
      const waiting = failure(socket.receive());
      await socket.shutdown();
      expect((await waiting).message).toBe('ENOTCONN: the socket was shut down');
      expect((await failure(socket.receive())).message).toBe('ENOTCONN: the socket was shut down');
    });

    it('survives that someone closes the system socket under it', async () => {
      const socket = await bound();
      const waiting = failure(socket.receive());
      (socket.system as ReturnType<typeof createSocket>).close();
      expect((await waiting).errno).toBe('EBADF');
      expect((await failure(socket.sendTo(bytes('x'), '127.0.0.1', 9))).errno).toBe('EBADF');
      await socket.close();
      await socket.bind('127.0.0.1', 0);
      expect(socket.state).toBe('bound');
    });
  });
}
