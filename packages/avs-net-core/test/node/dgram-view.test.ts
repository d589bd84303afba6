import { Socket as SystemDatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type DtlsListener, errnoError, type SecureSocket, type Socket } from '../../src/index.js';
import { createUdpSocket, type DgramView, dgramView } from '../../src/node/index.js';
import { MemoryNetwork, VirtualClock } from '../../src/testing/index.js';
import { FakeListener } from './fake-listener.js';

const opened: Socket[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((socket) => socket.cleanup()));
});

/** A view of a socket connected to a server's socket, over the in-memory network. */
async function connectedView(): Promise<{ clock: VirtualClock; view: DgramView; server: Socket; socket: Socket }> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, refuse: true });
  const server = network.createUdpSocket(undefined, { address: '10.0.0.1' });
  await server.bind('10.0.0.1', 5684);
  const socket = network.createUdpSocket(undefined, { address: '10.0.0.2' });
  await socket.connect('10.0.0.1', 5684);
  return { clock, view: dgramView(socket), server, socket };
}

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some((one) => one.address === '::1'));
const text = (data: Uint8Array | undefined): string => new TextDecoder().decode(data);
const nextTick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function sent(view: DgramView, ...call: unknown[]): Promise<number> {
  return new Promise((resolve, reject) => {
    view.send(call[0], ...call.slice(1), (error: Error | null, bytes: number) =>
      error ? reject(error) : resolve(bytes),
    );
  });
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable('should have rejected'),
    (error: { code?: unknown }) => error.code,
  );
}

describe('a dgram view of a socket', () => {
  it('is a dgram.Socket and says that it listens', async () => {
    const { view } = await connectedView();
    expect(view).toBeInstanceOf(SystemDatagramSocket);
    await once(view, 'listening');
    expect(view.type).toBe('udp4');
    expect(view.address()).toMatchObject({ address: '10.0.0.2', family: 'IPv4' });
    expect(view.remoteAddress()).toEqual({ address: '10.0.0.1', family: 'IPv4', port: 5684 });
  });

  it("emits what is received as 'message' with a Buffer and where it came from", async () => {
    const { view, clock, server } = await connectedView();
    const message = once(view, 'message');
    await server.sendTo(Buffer.from('hello'), view.address().address, view.address().port);
    await clock.advance(0);
    const [data, remote] = await message;
    expect(Buffer.isBuffer(data)).toBe(true);
    expect(text(data)).toBe('hello');
    expect(remote).toEqual({ address: '10.0.0.1', family: 'IPv4', port: 5684, size: 5 });
  });

  it('sends in every form that dgram knows', async () => {
    const { view, clock, server } = await connectedView();
    await once(view, 'listening');
    const data = Buffer.from('0123456789');
    expect(await sent(view, data)).toBe(10);
    expect(await sent(view, data, 2, 3)).toBe(3);
    expect(await sent(view, data, 2, 3, 5684, '10.0.0.1')).toBe(3);
    expect(await sent(view, data, 5684, '10.0.0.1')).toBe(10);
    expect(await sent(view, data, 5684)).toBe(10);
    expect(await sent(view, data, 4, 2, 5684)).toBe(2);
    expect(await sent(view, 'text', 5684, '10.0.0.1')).toBe(4);
    expect(await sent(view, ['a', Buffer.from('b'), Uint8Array.of(0x63)])).toBe(3);
    expect(await sent(view, new DataView(Uint8Array.of(0x7a, 0x79).buffer, 1))).toBe(1);
    view.send(data, 0, 1, 5684, '10.0.0.1', undefined);
    view.send('last');
    await clock.advance(0);
    const got: string[] = [];
    for (let next = server.tryReceive(); next; next = server.tryReceive()) got.push(text(next.data));
    const all = '0123456789';
    expect(got).toEqual([all, '234', '234', all, all, '45', 'text', 'abc', 'y', '0', 'last']);
  });

  it('does not send what its caller writes into the buffer afterwards', async () => {
    const { view, clock, server } = await connectedView();
    await once(view, 'listening');
    const data = Buffer.from('before');
    const sending = sent(view, data);
    data.fill('x');
    await sending;
    expect(text(await clock.runUntil(server.receive()))).toBe('before');
  });

  it('refuses wrong arguments at once, and other addresses than the peer in the callback', async () => {
    const { view } = await connectedView();
    await once(view, 'listening');
    const wrong =
      (...call: unknown[]) =>
      () =>
        view.send(call[0], ...call.slice(1));
    expect(wrong(7)).toThrow(TypeError);
    expect(wrong('abc', 2, 2, 5684)).toThrow('length');
    expect(wrong('abc', 4, 0, 5684)).toThrow('offset');
    expect(wrong('abc', 70_000, '10.0.0.1')).toThrow('port');
    expect(wrong('abc', {}, '10.0.0.1')).toThrow('port');
    expect(await codeOf(sent(view, 'abc', 1, '10.9.9.9'))).toBe('EISCONN');
    const failed = once(view, 'error');
    view.send(Buffer.alloc(70_000));
    expect((await failed)[0]).toMatchObject({ code: 'EMSGSIZE', cause: { name: 'AvsError' } });
  });

  it("emits errors that the socket survives as 'error', with Node's codes", async () => {
    const { view, clock, server } = await connectedView();
    await once(view, 'listening');
    await server.close();
    const failed = once(view, 'error');
    await sent(view, 'x');
    await clock.advance(0);
    expect((await failed)[0]).toMatchObject({ code: 'ECONNREFUSED' });
    expect(await sent(view, 'x')).toBe(1);
  });

  it("closes the socket, emits 'close', and is not running afterwards", async () => {
    const { view, socket } = await connectedView();
    const closed = new Promise<void>((resolve) => view.close(resolve));
    await closed;
    expect(socket.state).toBe('closed');
    expect(() => view.close()).toThrow(expect.objectContaining({ code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' }));
    expect(() => view.send('x')).toThrow(expect.objectContaining({ code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' }));
    expect(() => view.address()).toThrow(expect.objectContaining({ code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' }));
    await socket.connect('10.0.0.1', 5684);
    expect(socket.state).toBe('connected');
  });

  it("emits 'close' when its peer ends, and when the socket was cleaned up under it", async () => {
    const ended = await connectedView();
    await once(ended.view, 'listening');
    const closed = once(ended.view, 'close');
    await ended.socket.shutdown();
    await closed;
    const cleaned = await connectedView();
    await once(cleaned.view, 'listening');
    await cleaned.socket.cleanup();
    await new Promise<void>((resolve) => cleaned.view.close(resolve));
    expect(() => cleaned.view.address()).toThrow();
    const early = await connectedView();
    const gone = once(early.view, 'close');
    await early.socket.cleanup();
    await gone;
  });

  it('binds and connects a socket that is still closed, sending afterwards what was sent before', async () => {
    const server = await createUdpSocket();
    const client = await createUdpSocket();
    opened.push(server, client);
    const serverView = dgramView(server);
    expect(() => serverView.address()).toThrow(expect.objectContaining({ code: 'EBADF' }));
    await new Promise<void>((resolve) => serverView.bind(0, '127.0.0.1', resolve));
    expect(() => serverView.bind(0)).toThrow('bound already');
    const { port } = serverView.address();
    const message = once(serverView, 'message');
    const view = dgramView(client);
    const connected = once(view, 'connect');
    view.connect(port, '127.0.0.1');
    view.send('early');
    await connected;
    const [data, remote] = await message;
    expect(text(data)).toBe('early');
    const answer = once(view, 'message');
    serverView.send('answer', remote.port, remote.address);
    expect(text((await answer)[0])).toBe('answer');
    view.unref().ref();
    expect(view.getRecvBufferSize()).toBeGreaterThan(0);
    serverView.close();
    view.close();
  });

  it('tells a failed bind or connect, in the callback or as an error', async () => {
    const socket = new MemoryNetwork().createUdpSocket(undefined, { address: '10.0.0.1' });
    const view = dgramView(socket);
    const failed = once(view, 'error');
    view.bind(1, '10.0.0.2');
    expect((await failed)[0]).toMatchObject({ code: 'EADDRNOTAVAIL' });
    const error = await new Promise((resolve) => view.connect(1, 'no-such-name', resolve as () => void));
    expect(error).toMatchObject({ code: 'EADDRNOTAVAIL' });
    expect(await codeOf(sent(view, 'x'))).toBe('ENOTCONN');
    view.bind(1, '10.0.0.1');
    await once(view, 'listening');
    expect(view.address().port).toBe(1);
  });

  it('forgets the callback of a bind that failed', async () => {
    const socket = new MemoryNetwork().createUdpSocket(undefined, { address: '10.0.0.1' });
    const view = dgramView(socket);
    const called: string[] = [];
    view.bind(1, '10.0.0.2', () => called.push('the first'));
    await once(view, 'error');
    view.bind(1, '10.0.0.1', () => called.push('the second'));
    await once(view, 'listening');
    expect(called).toEqual(['the second']);
  });

  it('binds by itself when it sends to an address, as dgram does', async () => {
    const [server, client] = [await createUdpSocket(), await createUdpSocket()];
    opened.push(server, client);
    await server.bind('127.0.0.1', 0);
    const view = dgramView(client);
    const listening = once(view, 'listening');
    view.send('one', server.localPort);
    expect(await sent(view, 'two', server.localPort, '127.0.0.1')).toBe(3);
    await listening;
    expect([text(await server.receive()), text(await server.receive())]).toEqual(['one', 'two']);
    expect(view.address()).toMatchObject({ address: '0.0.0.0' });
    view.close();
  });

  it('sends to the loopback address of its family where none is given', async () => {
    for (const host of hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1']) {
      const [server, client] = [await createUdpSocket(), await createUdpSocket()];
      opened.push(server, client);
      await server.bind(host, 0);
      const view = dgramView(client);
      view.bind(0, host);
      await once(view, 'listening');
      await sent(view, 'to loopback', server.localPort);
      expect(text(await server.receive())).toBe('to loopback');
      view.close();
    }
  });

  it('keeps no more than a bounded amount while it is being opened', async () => {
    const server = await createUdpSocket();
    const socket = await createUdpSocket();
    opened.push(server, socket);
    await server.bind('127.0.0.1', 0);
    const view = dgramView(socket);
    const listening = new Promise<void>((resolve) => view.once('listening', resolve));
    view.connect(server.localPort, 'localhost');
    const refused: unknown[] = [];
    view.on('error', (error: { code?: unknown }) => refused.push(error.code));
    for (let index = 0; index < 300; index += 1) view.send(Buffer.alloc(1_000));
    expect(await codeOf(sent(view, Buffer.alloc(1_000)))).toBe('ENOBUFS');
    await listening;
    expect(refused).toEqual(Array.from({ length: 100 }, () => 'ENOBUFS'));
    expect(await sent(view, 'afterwards')).toBe(10);
    view.close();
  });

  it('takes settings that make no difference, and refuses those that cannot work', async () => {
    const { view } = await connectedView();
    expect(view.setTTL(64)).toBe(64);
    expect(view.setMulticastTTL(1)).toBe(1);
    expect(view.setMulticastLoopback(true)).toBe(true);
    view.setBroadcast(false);
    expect(() => view.setBroadcast(true)).toThrow('ENOTSUP');
    expect(() => view.addMembership()).toThrow('ENOTSUP');
    expect(() => view.disconnect()).toThrow('ENOTSUP');
    expect(view.getSendQueueCount()).toBe(0);
    expect(() => dgramView({ type: 'tcp' } as never)).toThrow(TypeError);
  });
});

/** Runs with the exceptions collected that would end the process, because somebody throws them in a microtask. */
async function collectingUncaught(run: () => Promise<void>): Promise<unknown[]> {
  const uncaught: unknown[] = [];
  const original = globalThis.queueMicrotask;
  const spy = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((callback) =>
    original(() => {
      try {
        callback();
      } catch (error) {
        uncaught.push(error);
      }
    }),
  );
  try {
    await run();
  } finally {
    spy.mockRestore();
  }
  return uncaught;
}

/** The state of a view's association, by its address. */
const stateOf = (view: DgramView, address: string): string | undefined =>
  view.association({ address, port: 1000 })?.state;

describe('a dgram view of a listener', () => {
  async function listening(): Promise<{ listener: FakeListener; view: DgramView }> {
    const listener = new FakeListener();
    const view = dgramView(listener as unknown as DtlsListener);
    await new Promise<void>((resolve) => view.bind(5684, '10.0.0.1', resolve));
    return { listener, view };
  }

  it('routes both ways by address and port, and announces each association', async () => {
    const { listener, view } = await listening();
    const announced: SecureSocket[] = [];
    view.on('association', (socket: SecureSocket) => announced.push(socket));
    const messages: string[] = [];
    view.on('message', (data, { address, port }) => messages.push(`${data} from ${address}:${port}`));
    const one = listener.connectFrom('10.0.0.2', 1000);
    const two = listener.connectFrom('10.0.0.3', 1000);
    await nextTick();
    one.fromPeer('first');
    two.fromPeer('second');
    expect(messages).toEqual(['first from 10.0.0.2:1000', 'second from 10.0.0.3:1000']);
    expect(await sent(view, 'to two', 1000, '10.0.0.3')).toBe(6);
    expect([one.sent, two.sent]).toEqual([[], ['to two']]);
    expect(announced).toEqual([one, two]);
    expect(view.association({ address: '10.0.0.2', port: 1000 })).toBe(one);
  });

  it('emits what an association has received before it was accepted', async () => {
    const { listener, view } = await listening();
    const message = once(view, 'message');
    listener.connectFrom('10.0.0.2', 1000, 'early');
    expect(text((await message)[0])).toBe('early');
  });

  it("goes on after an exception of an 'association' or 'associationError' listener, which surfaces as uncaught", async () => {
    const { listener, view } = await listening();
    view.on('association', () => {
      throw new Error('from the listener');
    });
    view.on('associationError', () => {
      throw new Error('from the other');
    });
    const messages: string[] = [];
    view.on('message', (data) => messages.push(text(data)));
    const uncaught = await collectingUncaught(async () => {
      const early = listener.connectFrom('10.0.0.2', 1000, 'early');
      listener.connectFrom('10.0.0.3', 1000);
      await nextTick();
      expect(messages).toEqual(['early']);
      early.fail(errnoError('ECONNRESET', 'test'));
      expect(await sent(view, 'x', 1000, '10.0.0.2')).toBe(1);
      expect(await sent(view, 'x', 1000, '10.0.0.3')).toBe(1);
    });
    const [first, second] = [new Error('from the listener'), new Error('from the other')];
    expect(uncaught).toEqual([first, first, second, second]);
    expect([listener.state, stateOf(view, '10.0.0.2'), stateOf(view, '10.0.0.3')]).toEqual([
      'bound',
      undefined,
      'accepted',
    ]);
  });

  it("forgets an association that its 'association' listener has cleaned up, and takes the next", async () => {
    const { listener, view } = await listening();
    view.once('association', (socket: SecureSocket) => void socket.cleanup());
    const gone = listener.connectFrom('10.0.0.2', 1000);
    listener.connectFrom('10.0.0.3', 1000);
    await nextTick();
    expect(gone.cleanedUp).toBe(true);
    expect([stateOf(view, '10.0.0.2'), stateOf(view, '10.0.0.3')]).toEqual([undefined, 'accepted']);
  });

  it("closes when its listener is lost, also if nobody listens to 'error'", async () => {
    const { listener, view } = await listening();
    const closed = new Promise<void>((resolve) => view.once('close', resolve));
    const others = process.listeners('unhandledRejection');
    for (const other of others) process.off('unhandledRejection', other);
    const unhandled = new Promise((resolve) => process.once('unhandledRejection', resolve));
    try {
      listener.lose(errnoError('EBADF', 'the system socket was closed'));
      await closed;
      expect(await unhandled).toMatchObject({ code: 'EBADF' });
    } finally {
      for (const other of others) process.on('unhandledRejection', other);
    }
    expect(listener.state).toBe('closed');
  });

  it('finds a peer by every way of writing its address, and by its name', async () => {
    const { listener, view } = await listening();
    const six = listener.connectFrom('2001:db8::1', 1000);
    const four = listener.connectFrom('::ffff:10.0.0.2', 1000);
    const zone = listener.connectFrom('fe80::1%eth0', 1000);
    const local = listener.connectFrom('127.0.0.1', 1000);
    await nextTick();
    await sent(view, 'a', 1000, '2001:DB8:0:0::0:1');
    await sent(view, 'b', 1000, '2001:db8::1');
    expect(six.sent).toEqual(['a', 'b']);
    await sent(view, 'c', 1000, '10.0.0.2');
    await sent(view, 'd', 1000, '::FFFF:a00:2');
    expect(four.sent).toEqual(['c', 'd']);
    await sent(view, 'e', 1000, 'fe80:0::1%eth0');
    expect(zone.sent).toEqual(['e']);
    await sent(view, 'f', 1000, 'localhost');
    await sent(view, 'g', 1000);
    expect(local.sent).toEqual(['f', 'g']);
    expect(view.association({ address: '2001:db8:0::1', port: 1000 })).toBe(six);
    expect(await codeOf(sent(view, 'x', 1000, 'no-such-host.invalid'))).toBe('EADDRNOTAVAIL');
    expect(await sent(view, 'x', 1, 'localhost')).toBe(1);
  });

  it('drops an association that ends, and what is sent to it then is lost, as on UDP', async () => {
    const { listener, view } = await listening();
    const lost: unknown[] = [];
    view.on('associationError', (error, remote) => lost.push([error.code, remote.address, remote.port]));
    const one = listener.connectFrom('10.0.0.2', 1000);
    await nextTick();
    one.end();
    expect(view.association({ address: '10.0.0.2', port: 1000 })).toBeUndefined();
    expect(one.cleanedUp).toBe(true);
    expect(await sent(view, 'x', 1000, '10.0.0.2')).toBe(1);
    view.send('x', 1000, '10.0.0.2');
    await nextTick();
    expect(lost).toEqual([
      ['ENOTCONN', '10.0.0.2', 1000],
      ['ENOTCONN', '10.0.0.2', 1000],
    ]);
  });

  it("tells an error of one association as 'associationError', and serves the others on", async () => {
    const { listener, view } = await listening();
    const told: unknown[] = [];
    view.on('error', () => expect.unreachable('not fatal'));
    view.on('associationError', (error, remote) => told.push([error.code, remote.address]));
    const one = listener.connectFrom('10.0.0.2', 1000);
    const two = listener.connectFrom('10.0.0.3', 1000);
    await nextTick();
    one.fail(errnoError('ECONNRESET', 'test'));
    expect(told).toEqual([['ECONNRESET', '10.0.0.2']]);
    expect(view.association({ address: '10.0.0.2', port: 1000 })).toBeUndefined();
    expect(await sent(view, 'x', 1000, '10.0.0.3')).toBe(1);
    two.sendError = errnoError('EMSGSIZE', 'test');
    expect(await codeOf(sent(view, 'x', 1000, '10.0.0.3'))).toBe('EMSGSIZE');
    view.send('x', 1000, '10.0.0.3');
    await nextTick();
    expect(told.at(-1)).toEqual(['EMSGSIZE', '10.0.0.3']);
    expect(await codeOf(sent(view, 'x'))).toBe('EDESTADDRREQ');
  });

  it('replaces an association when its peer begins anew', async () => {
    const { listener, view } = await listening();
    const old = listener.connectFrom('10.0.0.2', 1000);
    await nextTick();
    const fresh = listener.connectFrom('10.0.0.2', 1000);
    await nextTick();
    expect(old.cleanedUp).toBe(true);
    old.end();
    expect(view.association({ address: '10.0.0.2', port: 1000 })).toBe(fresh);
    await sent(view, 'x', 1000, '10.0.0.2');
    expect(fresh.sent).toEqual(['x']);
  });

  it('follows a peer to its new address, and still finds it at the former one until another is there', async () => {
    const { listener, view } = await listening();
    const messages: string[] = [];
    view.on('message', (data, { address, port }) => messages.push(`${data} from ${address}:${port}`));
    const moving = listener.connectFrom('10.0.0.2', 1000);
    await nextTick();
    moving.moveTo('10.0.0.2', 1001);
    moving.fromPeer('moved');
    expect(messages).toEqual(['moved from 10.0.0.2:1001']);
    await sent(view, 'here', 1001, '10.0.0.2');
    await sent(view, 'there', 1000, '10.0.0.2');
    expect(moving.sent).toEqual(['here', 'there']);
    const next = listener.connectFrom('10.0.0.2', 1000);
    await nextTick();
    await sent(view, 'to the next', 1000, '10.0.0.2');
    await sent(view, 'to the first', 1001, '10.0.0.2');
    expect([next.sent, moving.sent.at(-1), moving.cleanedUp]).toEqual([['to the next'], 'to the first', false]);
  });

  it('remembers eight addresses of a peer', async () => {
    const { listener, view } = await listening();
    const moving = listener.connectFrom('10.0.0.2', 1000);
    await nextTick();
    for (let port = 1001; port <= 1010; port++) moving.moveTo('10.0.0.2', port);
    const found = Array.from({ length: 11 }, (_, i) => view.association({ address: '10.0.0.2', port: 1000 + i }));
    expect(found.map((socket) => socket !== undefined)).toEqual([false, false, false, ...Array(8).fill(true)]);
    moving.end();
    await nextTick();
    expect(view.association({ address: '10.0.0.2', port: 1010 })).toBeUndefined();
  });

  it('closes its associations and the listener', async () => {
    const { listener, view } = await listening();
    const one = listener.connectFrom('10.0.0.2', 1000);
    await nextTick();
    await new Promise<void>((resolve) => view.close(resolve));
    expect([one.cleanedUp, listener.state]).toEqual([true, 'closed']);
  });

  it("emits 'close' when the listener is closed under it", async () => {
    const { listener, view } = await listening();
    const closed = once(view, 'close');
    await listener.close();
    await closed;
    expect(() => view.remoteAddress()).toThrow();
  });

  it('has no peer of its own', async () => {
    const { view } = await listening();
    expect(() => view.remoteAddress()).toThrow(expect.objectContaining({ code: 'ENOTCONN' }));
    expect(() => view.connect(1)).toThrow(expect.objectContaining({ code: 'ENOTSUP' }));
  });
});
