import { createServer, type Server, type Socket as StreamSocket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { AvsError, Socket, SocketConfiguration } from '../../src/index.js';
import { createTcpSocket } from '../../src/node/index.js';
import { VirtualClock } from '../../src/testing/index.js';

const opened: Socket[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((socket) => socket.cleanup()));
});

async function tcp(configuration?: SocketConfiguration): Promise<Socket> {
  const socket = await createTcpSocket(configuration);
  opened.push(socket);
  return socket;
}

async function pair(): Promise<{ server: Socket; client: Socket; peer: Socket }> {
  const server = await tcp();
  await server.bind('127.0.0.1', 0);
  const client = await tcp();
  await client.connect('127.0.0.1', server.localPort);
  const peer = await server.accept();
  opened.push(peer);
  return { server, client, peer };
}

async function failure(promise: Promise<unknown>): Promise<AvsError> {
  return promise.then(
    () => expect.unreachable('should have rejected'),
    (error) => error,
  );
}

async function readAll(socket: Socket): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

describe('a TCP socket on Node', () => {
  it('connects, accepts, and carries bytes both ways', async () => {
    const { server, client, peer } = await pair();
    expect([server.state, client.state, peer.state]).toEqual(['bound', 'connected', 'accepted']);
    expect([peer.remoteHost, peer.remotePort]).toEqual(['127.0.0.1', client.localPort]);
    const data = bytes('hello');
    const sent = client.send(data);
    data.fill(0);
    await sent;
    expect(text(await peer.receive({ maxLength: 2 }))).toBe('he');
    expect(text(await peer.receive())).toBe('llo');
    await peer.send(bytes('back'));
    expect(text(await client.receive())).toBe('back');
    expect([client.getOption('bytesSent'), client.getOption('bytesReceived')]).toEqual([5, 4]);
    expect(client.getOption('mtu')).toBe(65_536);
    expect(() => client.getOption('innerMtu')).toThrow('ENOTSUP');
    expect((await failure(client.sendTo(data, '127.0.0.1', 1))).errno).toBe('ENOTSUP');
  });

  it('half-closes: after shutdown the peer reads the end, and can still send', async () => {
    const { client, peer } = await pair();
    await client.send(bytes('last words'));
    await client.shutdown();
    expect(client.state).toBe('shutdown');
    expect(text(await readAll(peer))).toBe('last words');
    expect(await peer.receive()).toHaveLength(0);
    await peer.send(bytes('answer'));
    expect(text(await client.receive())).toBe('answer');
    expect((await failure(client.send(bytes('x')))).errno).toBe('ENOTCONN');
  });

  it('holds the sender up instead of dropping or hoarding when nobody reads', async () => {
    const { client, peer } = await pair();
    const size = 20_000_000;
    const sending = client.send(new Uint8Array(size).fill(7)).then(() => client.shutdown());
    let total = 0;
    for await (const chunk of peer) {
      total += chunk.length;
      expect(chunk.every((byte) => byte === 7)).toBe(true);
    }
    await sending;
    expect(total).toBe(size);
    expect(peer.getOption('bytesReceived')).toBe(size);
  });

  it('accepts in the order of connecting, also when accept waits already', async () => {
    const server = await tcp();
    await server.bind('127.0.0.1', 0);
    const first = server.accept();
    const [one, two] = [await tcp(), await tcp()];
    await one.connect('127.0.0.1', server.localPort);
    expect((await first).remotePort).toBe(one.localPort);
    await two.connect('127.0.0.1', server.localPort);
    const second = await server.accept();
    expect(second.remotePort).toBe(two.localPort);
    opened.push(await first, second);
  });

  it('ends a waiting accept by timeout, abort and close', async () => {
    const clock = new VirtualClock();
    const server = await tcp({ clock });
    expect((await failure(server.accept())).errno).toBe('EBADF');
    await server.bind('127.0.0.1', 0);
    expect((await failure(clock.runUntil(server.accept()))).errno).toBe('ETIMEDOUT');
    expect(clock.now()).toBe(30_000);
    const controller = new AbortController();
    const aborted = failure(server.accept({ signal: controller.signal }));
    controller.abort(new Error('enough'));
    expect((await aborted).message).toBe('enough');
    const closed = failure(server.accept());
    await server.close();
    expect((await closed).errno).toBe('ENOTCONN');
    await server.bind('127.0.0.1', 0);
    const cleaned = failure(server.accept());
    await server.cleanup();
    expect((await cleaned).errno).toBe('EBADF');
  });

  it('keeps accepted connections when the listener closes, and turns away the others', async () => {
    const { server, client, peer } = await pair();
    const waiting = await tcp();
    await waiting.connect('127.0.0.1', server.localPort);
    await server.close();
    await client.send(bytes('still here'));
    expect(text(await peer.receive())).toBe('still here');
    const end = await waiting.receive().then(
      (data) => data.length,
      (error: AvsError) => error.errno,
    );
    expect([0, 'ECONNRESET']).toContain(end);
  });

  it('rejects ECONNREFUSED where nobody listens, and can connect again', async () => {
    const server = await tcp();
    await server.bind('127.0.0.1', 0);
    const { localPort } = server;
    await server.close();
    const client = await tcp();
    const error = await failure(client.connect('127.0.0.1', localPort));
    expect([error.errno, client.state]).toEqual(['ECONNREFUSED', 'closed']);
    expect(error.message).toContain(`127.0.0.1:${localPort}`);
    await server.bind('127.0.0.1', localPort);
    await client.connect('127.0.0.1', localPort);
    expect(client.state).toBe('connected');
  });

  it('uses its bound address when it connects', async () => {
    const server = await tcp();
    await server.bind('127.0.0.1', 0);
    const client = await tcp();
    await client.bind('127.0.0.1', 0);
    const { localPort } = client;
    await client.connect('127.0.0.1', server.localPort);
    expect(client.localPort).toBe(localPort);
    expect((await failure(client.accept())).errno).toBe('EBADF');
  });

  it('can be aborted while it resolves or connects', async () => {
    const client = await tcp();
    const controller = new AbortController();
    const connecting = failure(client.connect('localhost', 9, { signal: controller.signal }));
    controller.abort(new Error('enough'));
    expect((await connecting).message).toBe('enough');
    const closing = failure(client.connect('127.0.0.1', 9));
    await client.close();
    expect((await closing).errno).toBe('ENOTCONN');
    expect(client.state).toBe('closed');
  });

  it('reports a reset, after what came before it', async () => {
    const connections: StreamSocket[] = [];
    const server: Server = createServer((socket) => connections.push(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const client = await tcp();
    await client.connect('127.0.0.1', typeof address === 'object' ? (address?.port ?? 0) : 0);
    while (connections.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const waiting = failure(client.receive());
    connections[0]?.resetAndDestroy();
    expect((await waiting).errno).toBe('ECONNRESET');
    expect(client.state).toBe('shutdown');
    expect((await failure(client.send(bytes('x')))).errno).toBe('ENOTCONN');
    await new Promise((resolve) => server.close(resolve));
  });

  it('rejects a send that is under way when the socket is closed', async () => {
    const { client } = await pair();
    const sending = failure(client.send(new Uint8Array(50_000_000)));
    await client.close();
    expect((await sending).name).toBe('AvsError');
  });

  it('refuses at creation what Node cannot set', async () => {
    expect((await failure(createTcpSocket({ dscp: 46 }))).message).toContain('ENOTSUP: configuration.dscp');
    expect((await failure((await tcp()).connect('no-such-host.invalid', 1))).errno).toBe('EADDRNOTAVAIL');
  });
});
