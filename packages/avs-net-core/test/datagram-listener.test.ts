import type { Socket as DatagramSocket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { copyListenerConfiguration, createDatagramListener, type Socket } from '../src/index.js';
import { createUdpSocket } from '../src/node/index.js';
import { clientHello, FakeServerFactory, handshakeRecord } from './fake-engine.js';
import { bytes, listenerConfiguration, ShellWorld, text } from './shell-world.js';

const errno = (name: string) => expect.objectContaining({ name: 'AvsError', errno: name });

/** Performs the fake handshake by hand up to and with the ClientHello that has a cookie. Returns that. */
async function hello(world: ShellWorld, stranger: Socket, id: number): Promise<Uint8Array> {
  await stranger.send(clientHello(id));
  const verify = await world.run(stranger.receive());
  const second = clientHello(id, verify[17]);
  await stranger.send(second);
  return second;
}

describe('a listener', () => {
  it('hands out sockets whose handshake is complete, in the order in which they completed', async () => {
    const world = new ShellWorld();
    const { listener } = await world.boundServer();
    const clients = [await world.client(), await world.client(), await world.client()];
    for (const client of clients) await world.connect(client);
    expect(listener.getOption('hasBufferedData')).toBe(true);
    for (const client of clients) {
      const accepted = await listener.accept();
      expect(accepted.state).toBe('accepted');
      expect(accepted.type).toBe('dtls');
      expect(accepted.remotePort).toBe(client.socket.localPort);
      expect(accepted.localPort).toBe(world.port);
    }
    expect(listener.getOption('hasBufferedData')).toBe(false);
    expect(listener.stats).toMatchObject({ associations: 3, halfOpen: 0, accepted: 3, cookiesSent: 3, failed: 0 });
  });

  it('serves many clients side by side, each hearing its own', async () => {
    const world = new ShellWorld({ faults: { delay: { min: 1, max: 20 } } });
    const { listener } = await world.boundServer();
    const serving = (async () => {
      for await (const accepted of listener) {
        accepted.setReceiver({
          onData: (data) => {
            accepted.send(bytes(`echo ${text(data)}`)).catch(() => undefined);
          },
        });
      }
    })();
    const names = Array.from({ length: 20 }, (_, index) => `client ${index}`);
    const answers = names.map(async (name) => {
      const { socket } = await world.client();
      await socket.connect(world.host, world.port);
      await socket.send(bytes(name));
      return text(await socket.receive());
    });
    expect(await world.run(Promise.all(answers))).toEqual(names.map((name) => `echo ${name}`));
    await world.run(listener.close());
    await serving;
  });

  it('answers strangers without keeping anything, and never with more than they sent', async () => {
    const world = new ShellWorld();
    const { listener, engines } = await world.boundServer();
    const sizes = { sent: 0, answered: 0 };
    world.network.observe(({ data, to }) => {
      if (to.port === world.port) sizes.sent += data.length;
      else sizes.answered += data.length;
    });
    for (let index = 0; index < 100; index += 1) await (await world.stranger()).send(clientHello(index + 1));
    await world.clock.advance(1);
    expect(listener.stats).toMatchObject({ cookiesSent: 100, halfOpen: 0, associations: 0 });
    expect(engines.engines).toHaveLength(0);
    expect(sizes.answered).toBeGreaterThan(0);
    expect(sizes.answered).toBeLessThanOrEqual(sizes.sent);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('drops an answer that would be longer than the question', async () => {
    const world = new ShellWorld();
    const { listener, engines } = await world.boundServer();
    engines.admit = () => ({ action: 'reply', datagram: new Uint8Array(22) });
    await (await world.stranger()).send(clientHello(1));
    await world.clock.advance(1);
    expect(listener.stats).toMatchObject({ cookiesSent: 0, dropped: { unexpected: 1 } });
  });

  it('drops and counts what strangers send otherwise, and what makes a backend stumble', async () => {
    const world = new ShellWorld();
    const { listener, engines } = await world.boundServer();
    const stranger = await world.stranger();
    await stranger.send(bytes('hello?'));
    await stranger.send(new Uint8Array(0));
    await world.clock.advance(1);
    expect(listener.stats.dropped).toMatchObject({ unexpected: 2, malformed: 0 });
    engines.admit = () => {
      throw new Error('a bug');
    };
    await stranger.send(clientHello(1));
    await world.clock.advance(1);
    expect(listener.stats.dropped).toMatchObject({ unexpected: 2, malformed: 1 });
  });

  it('counts what its associations drop', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    await client.udp?.send(bytes('garbage'));
    await world.clock.advance(1);
    expect(server.listener.stats.dropped.malformed).toBe(1);
    expect(accepted.dropped.malformed).toBe(1);
  });

  it('keeps what comes before accept', async () => {
    const world = new ShellWorld();
    const { listener } = await world.boundServer();
    const client = await world.client();
    await world.connect(client);
    await client.socket.send(bytes('early'));
    await client.socket.send(bytes('birds'));
    await world.clock.advance(1);
    const accepted = await listener.accept();
    expect(text(await accepted.receive())).toBe('early');
    expect(text(await accepted.receive())).toBe('birds');
  });

  it('still hands out a peer that has sent and closed before accept, and forgets one that has sent nothing', async () => {
    const world = new ShellWorld();
    const { listener } = await world.boundServer();
    const silent = await world.client();
    await world.connect(silent);
    const hasty = await world.client();
    await world.connect(hasty);
    await hasty.socket.send(bytes('bye'));
    await world.run(silent.socket.cleanup());
    await world.run(hasty.socket.cleanup());
    await world.clock.advance(1);
    expect(listener.stats.associations).toBe(0);
    const accepted = await listener.accept();
    expect(accepted.state).toBe('shutdown');
    expect(text(await accepted.receive())).toBe('bye');
    await expect(accepted.receive()).rejects.toEqual(errno('ENOTCONN'));
    listener.setOption('recvTimeout', 10);
    await expect(world.run(listener.accept())).rejects.toEqual(errno('ETIMEDOUT'));
  });

  it('frees the place of a peer that closes, and the socket can be read to its end', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    await client.socket.send(bytes('last words'));
    await world.run(client.socket.close());
    await world.clock.advance(1);
    expect(server.listener.stats.associations).toBe(0);
    expect(server.engines.engines[0]?.destroyed).toBe(true);
    expect(text(await accepted.receive())).toBe('last words');
    await expect(accepted.receive()).rejects.toEqual(errno('ENOTCONN'));
    expect(accepted.remoteHost).toBe('10.255.0.1');
    await accepted.cleanup();
  });

  it('tells the peer when the user cleans up an accepted socket, and frees its place', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    await world.run(accepted.cleanup());
    expect(server.listener.stats.associations).toBe(0);
    await expect(world.run(client.socket.receive())).rejects.toEqual(errno('ENOTCONN'));
    await expect(accepted.send(bytes('x'))).rejects.toEqual(errno('EBADF'));
    expect(server.engines.destroyed).toBe(0);
  });

  it('lets accepted sockets do what sockets do, but not connect, bind, decorate or accept', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    await expect(accepted.connect('a', 1)).rejects.toEqual(errno('ENOTSUP'));
    await expect(accepted.bind('a', 1)).rejects.toEqual(errno('ENOTSUP'));
    await expect(accepted.decorate(client.socket)).rejects.toEqual(errno('ENOTSUP'));
    await expect(accepted.accept()).rejects.toEqual(errno('ENOTSUP'));
    await expect(accepted.send(new Uint8Array(2_000))).rejects.toEqual(errno('EMSGSIZE'));
    expect(accepted.getOption('innerMtu')).toBe(1_472 - 15);
    expect(accepted.remoteHostname).toBe(accepted.remoteHost);
    await world.run(accepted.close());
    expect(accepted.state).toBe('closed');
    await expect(accepted.receive()).rejects.toEqual(errno('ENOTCONN'));
    await expect(accepted.connect('a', 1)).rejects.toEqual(errno('ENOTSUP'));
    for (const name of ['remoteHost', 'remoteHostname', 'remotePort', 'localHost', 'localPort'] as const) {
      expect(() => accepted[name]).toThrow(/EBADF/);
    }
    expect(accepted.system).toBeUndefined();
    await accepted.cleanup();
    await expect(accepted.connect('a', 1)).rejects.toEqual(errno('EBADF'));
  });
});

describe('a listener whose system socket is gone', () => {
  async function losing() {
    const configuration = copyListenerConfiguration(listenerConfiguration());
    const engines = new FakeServerFactory();
    const listener = await createDatagramListener({ engines, configuration, createBackend: createUdpSocket });
    await listener.bind('127.0.0.1', 0);
    return { listener, lose: () => (listener.system as DatagramSocket).close() };
  }

  it('tells whoever waits for accept, and can be bound again', async () => {
    const { listener, lose } = await losing();
    const waiting = listener.accept().catch((error: unknown) => error);
    lose();
    expect(await waiting).toEqual(errno('EBADF'));
    await expect(listener.accept()).rejects.toThrow(/system socket/);
    await listener.close();
    expect(listener.state).toBe('closed');
    await listener.bind('127.0.0.1', 0);
    expect(listener.state).toBe('bound');
    await listener.cleanup();
  });

  it('ends an iteration with the error, also one that is busy meanwhile', async () => {
    const { listener, lose } = await losing();
    const busy = listener[Symbol.asyncIterator]();
    const iterating = (async () => {
      for await (const accepted of listener) await accepted.cleanup();
    })().catch((error: unknown) => error);
    lose();
    expect(await iterating).toEqual(errno('EBADF'));
    await expect(busy.next()).rejects.toEqual(errno('EBADF'));
    expect(await busy.next()).toEqual({ done: true, value: undefined });
    await listener.cleanup();
  });
});

describe('waiting for accept', () => {
  it('ends after recvTimeout, with a signal, and when the listener is closed', async () => {
    const world = new ShellWorld();
    const { listener } = await world.boundServer();
    listener.setOption('recvTimeout', 70);
    await expect(world.run(listener.accept())).rejects.toEqual(errno('ETIMEDOUT'));
    expect(world.clock.now()).toBe(70);
    const controller = new AbortController();
    const aborted = listener.accept({ signal: controller.signal });
    controller.abort('enough');
    await expect(aborted).rejects.toBe('enough');
    await expect(listener.accept({ signal: AbortSignal.abort('before') })).rejects.toBe('before');
    listener.setOption('recvTimeout', Infinity);
    const waiting = listener.accept();
    const iterating = listener[Symbol.asyncIterator]().next();
    const closing = listener.close();
    await expect(waiting).rejects.toEqual(errno('ECONNABORTED'));
    expect(await iterating).toEqual({ done: true, value: undefined });
    await world.run(closing);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('serves who waits longest first, and skips who gave up', async () => {
    const world = new ShellWorld();
    const { listener } = await world.boundServer();
    const controller = new AbortController();
    const gone = listener.accept({ signal: controller.signal }).catch((reason: unknown) => reason);
    const order: string[] = [];
    const first = listener.accept().then((socket) => order.push(`first ${socket.remoteHost}`));
    const second = listener.accept().then((socket) => order.push(`second ${socket.remoteHost}`));
    controller.abort('gone');
    await world.connect(await world.client({ address: '10.1.0.1' }));
    await world.connect(await world.client({ address: '10.1.0.2' }));
    await world.run(Promise.all([first, second]));
    expect(await gone).toBe('gone');
    expect(order).toEqual(['first 10.1.0.1', 'second 10.1.0.2']);
  });

  it('is EBADF when not bound', async () => {
    const { listener } = await new ShellWorld().server();
    await expect(listener.accept()).rejects.toEqual(errno('EBADF'));
    await expect(listener[Symbol.asyncIterator]().next()).rejects.toEqual(errno('EBADF'));
  });

  it('stops iterating when the loop is left, and loses no one', async () => {
    const world = new ShellWorld();
    const { listener } = await world.boundServer();
    await world.connect(await world.client());
    await world.connect(await world.client());
    let seen = 0;
    for await (const accepted of listener) {
      expect(accepted.state).toBe('accepted');
      seen += 1;
      break;
    }
    await listener.accept();
    expect(seen).toBe(1);
  });
});

describe('binding and closing a listener', () => {
  it('tells the port that was picked', async () => {
    const world = new ShellWorld();
    const { listener } = await world.server();
    expect(listener.state).toBe('closed');
    expect(() => listener.localPort).toThrow(/EBADF/);
    await listener.bind(world.host, 0);
    expect(listener.state).toBe('bound');
    expect(listener.localPort).toBeGreaterThan(0);
    expect(listener.localHost).toBe(world.host);
    await expect(listener.bind(world.host, 0)).rejects.toEqual(errno('EBADF'));
  });

  it('rejects EADDRINUSE and can bind elsewhere', async () => {
    const world = new ShellWorld();
    await world.boundServer();
    const { listener } = await world.server();
    await expect(listener.bind(world.host, world.port)).rejects.toEqual(errno('EADDRINUSE'));
    expect(listener.state).toBe('closed');
    await listener.bind(world.host, world.port + 1);
    await expect(listener.bind('', 1)).rejects.toThrow(/EINVAL: address/);
    await expect(listener.bind(world.host, -1)).rejects.toThrow(/EINVAL: port/);
  });

  it('closes every association with a close_notify, and can be bound again', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const [one, two] = [await world.client(), await world.client()];
    const accepted = await world.pair(server, one);
    await world.connect(two);
    await one.socket.send(bytes('unread'));
    await world.clock.advance(1);
    await world.run(server.listener.close());
    expect(server.listener.state).toBe('closed');
    expect(server.listener.stats).toMatchObject({ associations: 0, halfOpen: 0, accepted: 2 });
    for (const { socket } of [one, two]) {
      await expect(world.run(socket.receive())).rejects.toEqual(errno('ENOTCONN'));
      await world.run(socket.close());
    }
    expect(text(await accepted.receive())).toBe('unread');
    await expect(accepted.receive()).rejects.toEqual(errno('ECONNABORTED'));
    await expect(accepted.send(bytes('x'))).rejects.toEqual(errno('ENOTCONN'));
    expect(server.engines.engines.every(({ destroyed }) => destroyed)).toBe(true);
    await server.listener.bind(world.host, world.port);
    await world.pair(server, one);
    expect(server.listener.stats).toMatchObject({ associations: 1, accepted: 3 });
  });

  it('cleanup wipes the engines, can be called again, and everything rejects EBADF afterwards', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    await world.pair(server, await world.client());
    const { listener } = server;
    await world.run(Promise.all([listener.cleanup(), listener.cleanup()]));
    await listener[Symbol.asyncDispose]();
    expect(server.engines.destroyed).toBe(1);
    await expect(server.udp?.bind('0.0.0.0', 0)).rejects.toEqual(errno('EBADF'));
    const bad = errno('EBADF');
    await expect(listener.bind(world.host, 0)).rejects.toEqual(bad);
    await expect(listener.accept()).rejects.toEqual(bad);
    await expect(listener.close()).rejects.toEqual(bad);
    await expect(listener.send(bytes('x'))).rejects.toEqual(bad);
    expect(() => listener.getOption('state')).toThrow(/EBADF/);
    expect(() => listener.setOption('recvTimeout', 1)).toThrow(/EBADF/);
    expect(() => listener.localPort).toThrow(/EBADF/);
    expect(() => listener.remoteHost).toThrow(/EBADF/);
    expect(listener.system).toBeUndefined();
    expect(listener.stats.associations).toBe(0);
  });

  it('says what to use instead of what a listener cannot do', async () => {
    const { listener } = await new ShellWorld().boundServer();
    await expect(listener.connect('a', 1)).rejects.toThrow(/ENOTSUP.*client/);
    await expect(listener.send(bytes('x'))).rejects.toThrow(/ENOTSUP.*accept/);
    await expect(listener.sendTo(bytes('x'), 'a', 1)).rejects.toThrow(/ENOTSUP.*accept/);
    await expect(listener.receive()).rejects.toThrow(/ENOTSUP.*accept/);
    await expect(listener.receiveFrom()).rejects.toThrow(/ENOTSUP.*accept/);
    await expect(listener.shutdown()).rejects.toThrow(/ENOTSUP.*close/);
    expect(() => listener.tryReceive()).toThrow(/ENOTSUP.*accept/);
    expect(() => listener.setReceiver(undefined)).toThrow(/ENOTSUP.*accept/);
    expect(() => listener.remotePort).toThrow(/EBADF/);
  });

  it('has the options that make sense for it', async () => {
    const world = new ShellWorld();
    const { listener } = await world.boundServer();
    expect(listener.getOption('state')).toBe('bound');
    expect(listener.getOption('recvTimeout')).toBe(30_000);
    expect(listener.getOption('mtu')).toBe(1_500);
    expect(listener.getOption('innerMtu')).toBe(1_472 - 20);
    expect(listener.getOption('addressFamily')).toBe(4);
    expect(() => listener.getOption('sessionResumed')).toThrow(/ENOTSUP/);
    expect(() => listener.setOption('daneTlsaRecords', [])).toThrow(/ENOTSUP/);
    expect(() => listener.setOption('recvTimeout', -1)).toThrow(/EINVAL/);
    listener.setOption('handshakeTimeouts', { min: 10, max: 20 });
    const server = await hello(world, await world.stranger(), 1);
    expect(server).toHaveLength(21);
    let repeated = 0;
    world.network.observe(({ from }) => {
      if (from.port === world.port) repeated += 1;
    });
    await world.clock.advance(40);
    expect(listener.getOption('handshakeTimeouts')).toEqual({ min: 10, max: 20 });
    expect(repeated).toBe(2);
  });
});

describe('decorating with a listener', () => {
  it('serves at once on a bound socket, and owns it', async () => {
    const world = new ShellWorld();
    const server = await world.server({ bare: true });
    const udp = world.network.createUdpSocket(undefined, { address: world.host });
    await udp.bind(world.host, world.port);
    await server.listener.decorate(udp);
    expect(server.listener.state).toBe('bound');
    await world.pair(server, await world.client());
    await world.run(server.listener.cleanup());
    await expect(udp.close()).rejects.toEqual(errno('EBADF'));
  });

  it('binds a closed socket at bind, in place of its own', async () => {
    const world = new ShellWorld();
    const server = await world.server();
    const udp = world.network.createUdpSocket(undefined, { address: world.host });
    await server.listener.decorate(udp);
    await server.listener.decorate(udp);
    expect(server.listener.state).toBe('closed');
    await expect(server.udp?.close()).rejects.toEqual(errno('EBADF'));
    await server.listener.bind(world.host, world.port);
    expect(udp.state).toBe('bound');
    await world.pair(server, await world.client());
  });

  it('says what is wrong with what it is given', async () => {
    const world = new ShellWorld();
    const { listener } = await world.server({ bare: true });
    await expect(listener.bind(world.host, world.port)).rejects.toThrow(/EBADF.*decorate/);
    await expect(listener.decorate(undefined as never)).rejects.toThrow(TypeError);
    await expect(listener.decorate((await world.client()).socket)).rejects.toEqual(errno('EINVAL'));
    await expect(listener.decorate(await world.stranger())).rejects.toEqual(errno('EBADF'));
  });
});

describe('a client that begins anew from the same address', () => {
  it('takes the place of its old association once it has proven itself', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const first = await world.client({ address: '10.0.0.20' });
    await first.socket.bind('10.0.0.20', 4_000);
    const old = await world.pair(server, first);
    await first.socket.send(bytes('before the crash'));
    await world.clock.advance(1);
    await first.udp?.close(); // The device loses power: nobody is told.
    const second = await world.client({ address: '10.0.0.20' });
    await second.socket.bind('10.0.0.20', 4_000);
    const fresh = await world.pair(server, second);
    expect(text(await old.receive())).toBe('before the crash');
    await expect(old.receive()).rejects.toEqual(errno('ECONNRESET'));
    await second.socket.send(bytes('after'));
    expect(text(await world.run(fresh.receive()))).toBe('after');
    expect(server.listener.stats).toMatchObject({ associations: 1, halfOpen: 0, accepted: 2 });
    await old.cleanup();
    await second.socket.send(bytes('unharmed'));
    expect(text(await world.run(fresh.receive()))).toBe('unharmed');
  });

  it('leaves the old association alive until then: a stranger with its address cannot end it', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer({ limits: { handshakeTime: 5_000 } });
    const client = await world.client();
    const accepted = await world.pair(server, client);
    const from = { host: client.socket.localHost, port: client.socket.localPort };
    const to = { host: world.host, port: world.port };
    let cookie = 0;
    world.network.intercept(({ data, to: target }) => {
      if (target.port === from.port && data[13] === 3) cookie = data[17] ?? 0;
      return undefined;
    });
    world.network.inject(clientHello(999), from, to);
    await world.clock.advance(1);
    world.network.inject(clientHello(999, cookie), from, to);
    await world.clock.advance(1);
    expect(server.listener.stats).toMatchObject({ associations: 1, halfOpen: 1 });
    await client.socket.send(bytes('mine'));
    expect(text(await world.run(accepted.receive()))).toBe('mine');
    await accepted.send(bytes('yours'));
    expect(text(await world.run(client.socket.receive()))).toBe('yours');
    await world.clock.advance(5_000);
    expect(server.listener.stats).toMatchObject({ associations: 1, halfOpen: 0, failed: 1 });
    await client.socket.send(bytes('still mine'));
    expect(text(await world.run(accepted.receive()))).toBe('still mine');
  });

  it('may not have two handshakes at once: the newer one counts', async () => {
    const world = new ShellWorld();
    const { listener, engines } = await world.boundServer();
    const stranger = await world.stranger();
    await hello(world, stranger, 1);
    await world.run(stranger.receive());
    await hello(world, stranger, 2);
    await world.run(stranger.receive());
    expect(listener.stats).toMatchObject({ halfOpen: 1, failed: 1 });
    expect(engines.engines.map(({ destroyed }) => destroyed)).toEqual([true, false]);
    await stranger.send(handshakeRecord(1, 20, 2));
    await world.run(listener.accept());
  });

  it('is not taken for new because of a late copy of its ClientHello', async () => {
    const world = new ShellWorld();
    const { listener, engines } = await world.boundServer();
    const stranger = await world.stranger();
    const second = await hello(world, stranger, 7);
    await world.run(stranger.receive());
    await stranger.send(handshakeRecord(1, 20, 7));
    const accepted = await world.run(listener.accept());
    await world.run(stranger.receive());
    await stranger.send(second);
    await expect(world.run(stranger.receive({ signal: undefined }))).rejects.toEqual(errno('ETIMEDOUT'));
    expect(engines.engines).toHaveLength(1);
    expect(listener.stats).toMatchObject({ associations: 1, halfOpen: 0, dropped: { unexpected: 1 } });
    expect(accepted.state).toBe('accepted');
  });

  it('gets its flight again for a copy of its ClientHello while the handshake runs', async () => {
    const world = new ShellWorld();
    const { engines } = await world.boundServer();
    const stranger = await world.stranger();
    const second = await hello(world, stranger, 7);
    const flight = await world.run(stranger.receive());
    await stranger.send(second);
    expect(await world.run(stranger.receive())).toEqual(flight);
    expect(engines.engines).toHaveLength(1);
  });

  it('keeps its handshake when the old association ends meanwhile', async () => {
    const world = new ShellWorld();
    const { listener } = await world.boundServer();
    const stranger = await world.stranger();
    await hello(world, stranger, 1);
    await world.run(stranger.receive());
    await stranger.send(handshakeRecord(1, 20, 1));
    const old = await world.run(listener.accept());
    await world.run(stranger.receive());
    await hello(world, stranger, 2);
    await world.run(stranger.receive());
    await world.run(old.cleanup());
    expect(listener.stats).toMatchObject({ associations: 0, halfOpen: 1 });
    await world.run(stranger.receive());
    await stranger.send(handshakeRecord(1, 20, 2));
    const fresh = await world.run(listener.accept());
    expect(fresh.state).toBe('accepted');
    expect(listener.stats).toMatchObject({ associations: 1, halfOpen: 0 });
  });
});
