import { describe, expect, it } from 'vitest';
import { alertError, type Receiver } from '../src/index.js';
import { overhead, worstOverhead } from './fake-engine.js';
import { bytes, ShellWorld, text } from './shell-world.js';

const errno = (name: string) => expect.objectContaining({ name: 'AvsError', errno: name });
const ignore = (): undefined => undefined;

describe('connecting a secure socket', () => {
  it('resolves when data can flow both ways', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    expect(client.socket.state).toBe('closed');
    await world.connect(client);
    expect(client.socket.state).toBe('connected');
    await client.socket.send(bytes('ping'));
    const accepted = await world.run(server.listener.accept());
    expect(accepted.state).toBe('accepted');
    expect(text(await world.run(accepted.receive()))).toBe('ping');
    await accepted.send(bytes('pong'));
    expect(await world.run(client.socket.receiveFrom())).toEqual({
      data: bytes('pong'),
      host: world.host,
      port: world.port,
    });
  });

  it('tells the peer by address and by the name that connect was given', async () => {
    const world = new ShellWorld();
    world.network.setName('lwm2m.example', world.host);
    await world.boundServer();
    const { socket } = await world.client();
    await world.run(socket.connect('lwm2m.example', world.port));
    expect(socket.remoteHostname).toBe('lwm2m.example');
    expect(socket.remoteHost).toBe(world.host);
    expect(socket.remotePort).toBe(world.port);
    expect(socket.info?.serverName).toBe('lwm2m.example');
  });

  it('sends no server name for an address, and the configured one instead of the host', async () => {
    const world = new ShellWorld();
    world.network.setName('a.example.', world.host);
    await world.boundServer();
    const plain = await world.client();
    await world.connect(plain);
    expect(plain.socket.info?.serverName).toBeUndefined();
    const named = await world.client({ configuration: { serverNameIndication: 'b.example' } });
    await world.connect(named);
    expect(named.socket.info?.serverName).toBe('b.example');
    const dotted = await world.client();
    await world.run(dotted.socket.connect('a.example.', world.port));
    expect(dotted.socket.info?.serverName).toBe('a.example');
  });

  it('repeats lost flights, and keeps one timer at most', async () => {
    const world = new ShellWorld();
    await world.boundServer();
    const client = await world.client();
    let lost = 0;
    world.network.intercept(({ to }) => (to.port === world.port && lost++ < 3 ? false : undefined));
    const connected = client.socket.connect(world.host, world.port);
    await world.clock.advance(500);
    expect(world.clock.pendingTimers).toBe(1);
    await world.run(connected);
    expect(world.clock.now()).toBe(1_000 + 2_000 + 4_000);
    expect(world.clock.pendingTimers).toBe(1); // The listener's handshake limit; the client has none left.
  });

  it('rejects ETIMEDOUT when the timers have run out, and can connect again', async () => {
    const world = new ShellWorld();
    const client = await world.client({ configuration: { handshakeTimeouts: { min: 100, max: 400 } } });
    await expect(world.connect(client)).rejects.toEqual(errno('ETIMEDOUT'));
    expect(world.clock.now()).toBe(100 + 200 + 400);
    expect(client.socket.state).toBe('closed');
    expect(world.clock.pendingTimers).toBe(0);
    await world.boundServer();
    await world.connect(client);
    expect(client.socket.state).toBe('connected');
  });

  it('rejects ECONNREFUSED at once when nobody listens, and can connect again', async () => {
    const world = new ShellWorld({ refuse: true });
    const client = await world.client();
    await expect(world.connect(client)).rejects.toEqual(errno('ECONNREFUSED'));
    expect(world.clock.now()).toBe(0);
    expect(client.socket.state).toBe('closed');
    await world.boundServer();
    await world.connect(client);
    expect(client.engines.engines.map(({ destroyed }) => destroyed)).toEqual([true, false]);
  });

  it('rejects EADDRNOTAVAIL for a name that does not resolve', async () => {
    const world = new ShellWorld();
    const { socket, engines } = await world.client();
    await expect(world.run(socket.connect('nowhere.example', 5684))).rejects.toEqual(errno('EADDRNOTAVAIL'));
    expect(engines.engines).toHaveLength(0);
    expect(socket.state).toBe('closed');
  });

  it('rejects with the alert of a peer that refuses, and tells it afterwards', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer({ behaviour: { refuseWith: 40 } });
    const client = await world.client();
    await expect(world.connect(client)).rejects.toMatchObject({
      category: 8572,
      code: (2 << 8) | 40,
      level: 2,
      description: 40,
      direction: 'received',
    });
    expect(client.socket.lastAlert).toEqual({ direction: 'received', level: 2, description: 40 });
    expect(client.socket.state).toBe('closed');
    expect(server.listener.stats).toMatchObject({ failed: 1, halfOpen: 0, associations: 0 });
  });

  it('rejects with the reason of a signal, sends nothing more, and can connect again', async () => {
    const world = new ShellWorld();
    const client = await world.client();
    const controller = new AbortController();
    const connecting = client.socket.connect(world.host, world.port, { signal: controller.signal });
    await world.clock.advance(1_500);
    let sent = 0;
    world.network.observe(() => {
      sent += 1;
    });
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(connecting).rejects.toBe(reason);
    await world.clock.advance(100_000);
    expect(sent).toBe(0);
    expect(client.engines.engines[0]?.destroyed).toBe(true);
    await world.boundServer();
    await world.connect(client);
    expect(client.socket.state).toBe('connected');
  });

  it('does nothing at all with a signal that is aborted already', async () => {
    const world = new ShellWorld();
    const client = await world.client();
    await expect(world.connect(client, { signal: AbortSignal.abort('no') })).rejects.toBe('no');
    expect(client.udp?.state).toBe('closed');
  });

  it('rejects when the socket is closed meanwhile, and can connect again', async () => {
    const world = new ShellWorld();
    const client = await world.client();
    const connecting = client.socket.connect(world.host, world.port).catch((error: unknown) => error);
    await world.clock.advance(10);
    await world.run(client.socket.close());
    expect(await connecting).toEqual(errno('ENOTCONN'));
    expect(client.socket.state).toBe('closed');
    await world.boundServer();
    await world.connect(client);
    expect(client.socket.state).toBe('connected');
  });

  it('rejects EBADF when the socket is cleaned up meanwhile', async () => {
    const world = new ShellWorld();
    const client = await world.client();
    const connecting = client.socket.connect(world.host, world.port).catch((error: unknown) => error);
    await world.clock.advance(10);
    await world.run(client.socket.cleanup());
    expect(await connecting).toEqual(errno('EBADF'));
    expect(client.engines.destroyed).toBe(1);
  });

  it('rejects EBADF while another connect is under way and when connected', async () => {
    const world = new ShellWorld();
    await world.boundServer();
    const client = await world.client();
    const first = client.socket.connect(world.host, world.port);
    await expect(client.socket.connect(world.host, world.port)).rejects.toEqual(errno('EBADF'));
    await expect(client.socket.bind('0.0.0.0', 0)).rejects.toEqual(errno('EBADF'));
    await world.run(first);
    await expect(client.socket.connect(world.host, world.port)).rejects.toEqual(errno('EBADF'));
  });

  it('keeps the local port that it was bound to', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client({ address: '10.0.0.9' });
    await client.socket.bind('10.0.0.9', 40_000);
    expect(client.socket.state).toBe('bound');
    expect(client.socket.localPort).toBe(40_000);
    const accepted = await world.pair(server, client);
    expect(accepted.remotePort).toBe(40_000);
    expect(client.socket.localPort).toBe(40_000);
    await expect(client.socket.bind('10.0.0.9', 40_001)).rejects.toEqual(errno('EBADF'));
  });

  it('names the argument that is wrong', async () => {
    const world = new ShellWorld();
    const { socket } = await world.client();
    await expect(socket.connect('', 1)).rejects.toThrow(/EINVAL: host/);
    await expect(socket.connect('a\0b', 1)).rejects.toThrow(/EINVAL: host/);
    await expect(socket.connect('a', 0)).rejects.toThrow(/EINVAL: port/);
    await expect(socket.connect('a', 65_536)).rejects.toThrow(/EINVAL: port/);
    await expect(socket.connect('a', '1' as never)).rejects.toThrow(TypeError);
    await expect(socket.connect(7 as never, 1)).rejects.toThrow(TypeError);
    await expect(socket.connect('a', 1, { signal: {} as never })).rejects.toThrow(TypeError);
  });

  it('waits for work that a server has to do first, without holding anything up', async () => {
    const world = new ShellWorld();
    let resolve: () => void = ignore;
    const gate = new Promise<void>((done) => {
      resolve = done;
    });
    await world.boundServer({ behaviour: { resolve: () => gate } });
    const client = await world.client();
    const connecting = client.socket.connect(world.host, world.port);
    await world.clock.advance(300);
    expect(client.socket.state).toBe('closed');
    resolve();
    await world.run(connecting);
    expect(world.clock.now()).toBe(300);
  });
});

describe('sending', () => {
  it('takes as much as the inner MTU says and not a byte more', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    const innerMtu = client.socket.getOption('innerMtu');
    expect(innerMtu).toBe(1_500 - 28 - overhead);
    await client.socket.send(new Uint8Array(innerMtu));
    expect(await world.run(accepted.receive())).toHaveLength(innerMtu);
    await expect(client.socket.send(new Uint8Array(innerMtu + 1))).rejects.toEqual(errno('EMSGSIZE'));
    await client.socket.send(bytes('still here'));
    expect(text(await world.run(accepted.receive()))).toBe('still here');
  });

  it('carries an empty datagram', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    await client.socket.send(new Uint8Array(0));
    expect(await world.run(accepted.receive())).toEqual(new Uint8Array(0));
  });

  it('is ENOTCONN before connect and after shutdown, and a TypeError without bytes', async () => {
    const world = new ShellWorld();
    await world.boundServer();
    const client = await world.client();
    await expect(client.socket.send(bytes('x'))).rejects.toEqual(errno('ENOTCONN'));
    await world.connect(client);
    await expect(client.socket.send('x' as never)).rejects.toThrow(TypeError);
    await client.socket.shutdown();
    await expect(client.socket.send(bytes('x'))).rejects.toEqual(errno('ENOTCONN'));
  });

  it('counts what went, and not what could not', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    await client.socket.send(bytes('12345'));
    await client.socket.send(new Uint8Array(2_000)).catch(ignore);
    await world.run(accepted.receive());
    expect(client.socket.getOption('bytesSent')).toBe(5);
    expect(accepted.getOption('bytesReceived')).toBe(5);
  });

  it('rejects with what the socket below says, and stays usable', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    world.network.setFaults({ mtu: 100 });
    await expect(client.socket.send(new Uint8Array(500))).rejects.toEqual(errno('EMSGSIZE'));
    world.network.setFaults({});
    await client.socket.send(bytes('ok'));
    expect(text(await world.run(accepted.receive()))).toBe('ok');
  });

  it('sends to the peer by sendTo, and refuses others', async () => {
    const world = new ShellWorld();
    world.network.setName('peer.example', world.host);
    const server = await world.boundServer();
    const client = await world.client();
    await expect(client.socket.sendTo(bytes('x'), world.host, world.port)).rejects.toEqual(errno('ENOTCONN'));
    await world.run(client.socket.connect('peer.example', world.port));
    const accepted = await world.run(server.listener.accept());
    await client.socket.sendTo(bytes('by address'), world.host, world.port);
    await client.socket.sendTo(bytes('by name'), 'peer.example', world.port);
    expect(text(await world.run(accepted.receive()))).toBe('by address');
    expect(text(await world.run(accepted.receive()))).toBe('by name');
    await expect(client.socket.sendTo(bytes('x'), world.host, 1)).rejects.toEqual(errno('ENOTSUP'));
    await expect(client.socket.sendTo(bytes('x'), '10.9.9.9', world.port)).rejects.toEqual(errno('ENOTSUP'));
  });
});

describe('receiving', () => {
  it('times out after recvTimeout and stays usable', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    client.socket.setOption('recvTimeout', 50);
    await expect(world.run(client.socket.receive())).rejects.toEqual(errno('ETIMEDOUT'));
    await accepted.send(bytes('late'));
    expect(text(await world.run(client.socket.receive()))).toBe('late');
  });

  it('hands out the beginning of a datagram that is longer than maxLength', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    await accepted.send(bytes('abcdef'));
    const error = await world.run(client.socket.receive({ maxLength: 2 })).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ errno: 'EMSGSIZE', partial: bytes('ab') });
  });

  it('ends with the reason of a signal', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    await world.pair(server, client);
    const controller = new AbortController();
    const receiving = client.socket.receive({ signal: controller.signal });
    controller.abort('bored');
    await expect(receiving).rejects.toBe('bored');
  });

  it('is ENOTCONN before connect', async () => {
    const world = new ShellWorld();
    const { socket } = await world.client();
    await expect(socket.receive()).rejects.toEqual(errno('ENOTCONN'));
    expect(socket.tryReceive()).toBeUndefined();
  });

  it('hands out what came before the peer closed, then rejects ENOTCONN', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    await accepted.send(bytes('one'));
    await accepted.send(bytes('two'));
    await world.run(accepted.cleanup());
    await world.clock.advance(1);
    expect(client.socket.state).toBe('shutdown');
    expect(client.socket.getOption('hasBufferedData')).toBe(true);
    expect(text(client.socket.tryReceive()?.data)).toBe('one');
    expect(text(await client.socket.receive())).toBe('two');
    await expect(client.socket.receive()).rejects.toEqual(errno('ENOTCONN'));
    await expect(client.socket.send(bytes('x'))).rejects.toEqual(errno('ENOTCONN'));
  });

  it('ends an iteration when the peer closes', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    const seen: string[] = [];
    const reading = (async () => {
      for await (const data of client.socket) seen.push(text(data));
    })();
    await accepted.send(bytes('a'));
    await accepted.send(bytes('b'));
    await world.run(accepted.close());
    await world.run(reading);
    expect(seen).toEqual(['a', 'b']);
  });

  it('rejects with the alert after a fatal one', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    await world.pair(server, client);
    const receiving = client.socket.receive();
    const [engine] = client.engines.engines;
    const { sink } = engine as unknown as { sink: import('../src/index.js').EngineSink };
    sink.closed(alertError({ direction: 'received', level: 2, description: 20 }));
    await expect(receiving).rejects.toMatchObject({ category: 8572, description: 20 });
    await expect(client.socket.receive()).rejects.toMatchObject({ description: 20 });
    expect(client.socket.state).toBe('shutdown');
    expect(engine?.destroyed).toBe(true);
  });

  it('surfaces ECONNREFUSED in a pending receive, and goes on when the peer is back', async () => {
    const world = new ShellWorld({ refuse: true });
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    const { localPort, localHost } = client.socket;
    await server.udp?.close();
    const receiving = client.socket.receive();
    await client.socket.send(bytes('anyone?'));
    await expect(world.run(receiving)).rejects.toEqual(errno('ECONNREFUSED'));
    expect(client.socket.state).toBe('connected');
    expect(accepted.remotePort).toBe(localPort);
    expect(client.socket.localHost).toBe(localHost);
  });

  it('calls a receiver that was set before connect, also after a reconnect', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const seen: string[] = [];
    let ends = 0;
    const receiver: Receiver = {
      onData: (data, host, port) => seen.push(`${text(data)} ${host} ${port}`),
      onEnd: () => {
        ends += 1;
      },
    };
    client.socket.setReceiver(receiver);
    for (const round of ['first', 'second']) {
      const accepted = await world.pair(server, client);
      await accepted.send(bytes(round));
      await world.clock.advance(1);
      await world.run(accepted.cleanup());
      await world.clock.advance(1);
      await world.run(client.socket.close());
    }
    expect(seen).toEqual(['first 10.0.0.1 5684', 'second 10.0.0.1 5684']);
    expect(ends).toBe(2);
  });

  it('lets a receiver answer, close or clean up from within', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    let cleaned: Promise<void> | undefined;
    client.socket.setReceiver({
      onData: (data) => {
        client.socket.send(data).catch(ignore);
        cleaned = client.socket.cleanup();
      },
    });
    await accepted.send(bytes('echo'));
    expect(text(await world.run(accepted.receive()))).toBe('echo');
    await world.run(Promise.resolve(cleaned));
    expect(client.engines.engines[0]?.destroyed).toBe(true);
    expect(client.engines.engines[0]?.misuse).toEqual([]);
    await expect(world.run(accepted.receive())).rejects.toEqual(errno('ENOTCONN'));
  });

  it('hands out bytes that nobody overwrites', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    const mine = bytes('mine');
    await accepted.send(mine);
    mine.fill(0);
    await accepted.send(bytes('next'));
    const first = await world.run(client.socket.receive());
    await world.run(client.socket.receive());
    expect(text(first)).toBe('mine');
  });
});

describe('shutting down, closing and cleaning up', () => {
  it('shutdown ends the peer, and what had come can still be read', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    await accepted.send(bytes('before'));
    await world.clock.advance(1);
    await client.socket.shutdown();
    await client.socket.shutdown();
    expect(client.socket.state).toBe('shutdown');
    await expect(world.run(accepted.receive())).rejects.toEqual(errno('ENOTCONN'));
    expect(text(await client.socket.receive())).toBe('before');
    await expect(world.run(client.socket.receive())).rejects.toEqual(errno('ENOTCONN'));
  });

  it('shutdown is ENOTCONN when not connected', async () => {
    const { socket } = await new ShellWorld().client();
    await expect(socket.shutdown()).rejects.toEqual(errno('ENOTCONN'));
  });

  it('close discards what is unread, ends whoever waits, and lets connect again', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    await accepted.send(bytes('unread'));
    await world.clock.advance(1);
    await world.run(client.socket.close());
    expect(client.socket.state).toBe('closed');
    expect(client.udp?.state).toBe('closed');
    await expect(client.socket.receive()).rejects.toEqual(errno('ENOTCONN'));
    expect(() => client.socket.remoteHost).toThrow(/EBADF/);
    const again = await world.pair(server, client);
    const receiving = client.socket.receive();
    const closing = client.socket.close();
    await expect(receiving).rejects.toEqual(errno('ENOTCONN'));
    await world.run(closing);
    await expect(world.run(again.receive())).rejects.toEqual(errno('ENOTCONN'));
    expect(client.socket.info?.version).toBe('1.2');
  });

  it('close is harmless when closed already, and twice at once', async () => {
    const world = new ShellWorld();
    await world.boundServer();
    const client = await world.client();
    await client.socket.close();
    await world.connect(client);
    await world.run(Promise.all([client.socket.close(), client.socket.close()]));
    expect(client.socket.state).toBe('closed');
  });

  it('cleanup wipes, cleans up the socket below, and can be called again', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    const receiving = client.socket.receive();
    const cleaning = client.socket.cleanup();
    await expect(receiving).rejects.toEqual(errno('EBADF'));
    await world.run(cleaning);
    await client.socket.cleanup();
    await client.socket[Symbol.asyncDispose]();
    expect(client.engines.destroyed).toBe(1);
    expect(client.engines.engines[0]?.destroyed).toBe(true);
    await expect(client.udp?.send(bytes('x'))).rejects.toEqual(errno('EBADF'));
    await expect(world.run(accepted.receive())).rejects.toEqual(errno('ENOTCONN'));
    expect(world.clock.pendingTimers).toBe(1);
  });

  it('rejects everything with EBADF after cleanup', async () => {
    const world = new ShellWorld();
    const { socket } = await world.client();
    const other = (await world.client()).socket;
    await socket.cleanup();
    const bad = errno('EBADF');
    await expect(socket.connect('a', 1)).rejects.toEqual(bad);
    await expect(socket.decorate(other)).rejects.toEqual(bad);
    await expect(socket.bind('0.0.0.0', 0)).rejects.toEqual(bad);
    await expect(socket.accept()).rejects.toEqual(bad);
    await expect(socket.send(bytes('x'))).rejects.toEqual(bad);
    await expect(socket.sendTo(bytes('x'), 'a', 1)).rejects.toEqual(bad);
    await expect(socket.receive()).rejects.toEqual(bad);
    await expect(socket.receiveFrom()).rejects.toEqual(bad);
    await expect(socket.shutdown()).rejects.toEqual(bad);
    await expect(socket.close()).rejects.toEqual(bad);
    expect(() => socket.tryReceive()).toThrow(/EBADF/);
    expect(() => socket.setReceiver(undefined)).toThrow(/EBADF/);
    expect(() => socket.getOption('state')).toThrow(/EBADF/);
    expect(() => socket.setOption('recvTimeout', 1)).toThrow(/EBADF/);
    expect(() => socket.remoteHost).toThrow(/EBADF/);
    expect(() => socket.localPort).toThrow(/EBADF/);
    expect(socket.state).toBe('closed');
    expect(socket.system).toBeUndefined();
    await expect(socket[Symbol.asyncIterator]().next()).rejects.toEqual(bad);
  });

  it('ends without a crash when an engine breaks', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const behaviour: { breakWith?: Error } = {};
    const client = await world.client({ behaviour });
    const accepted = await world.pair(server, client);
    behaviour.breakWith = new Error('a bug');
    await accepted.send(bytes('boom'));
    await expect(world.run(client.socket.receive())).rejects.toMatchObject({
      name: 'AvsError',
      cause: behaviour.breakWith,
    });
    expect(client.engines.engines[0]?.destroyed).toBe(true);
    await world.run(client.socket.close());
    expect(client.socket.state).toBe('closed');
  });

  it('counts what was dropped over all associations', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    for (let round = 1; round <= 2; round += 1) {
      await world.pair(server, client);
      const to = { host: client.socket.localHost, port: client.socket.localPort };
      world.network.inject(bytes('nonsense'), { host: world.host, port: world.port }, to);
      await world.clock.advance(1);
      expect(client.socket.dropped.malformed).toBe(round);
      await world.run(client.socket.close());
    }
    expect(client.socket.dropped.malformed).toBe(2);
  });

  it('reports the worst-case inner MTU before the handshake', async () => {
    const world = new ShellWorld();
    const { socket } = await world.client({ address: '10.0.0.7' });
    expect(() => socket.getOption('innerMtu')).toThrow(/EBADF/);
    await socket.bind('10.0.0.7', 0);
    expect(socket.getOption('innerMtu')).toBe(1_472 - worstOverhead);
  });
});
