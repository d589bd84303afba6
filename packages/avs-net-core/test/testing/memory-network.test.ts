import { describe, expect, it } from 'vitest';
import { type AvsError, isErrno, type Socket } from '../../src/index.js';
import {
  MemoryNetwork,
  type MemoryNetworkOptions,
  type ObservedDatagram,
  VirtualClock,
} from '../../src/testing/index.js';

const text = (data: Uint8Array): string => new TextDecoder().decode(data);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

async function pair(options: MemoryNetworkOptions = {}): Promise<{
  clock: VirtualClock;
  network: MemoryNetwork;
  server: Socket;
  client: Socket;
}> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ seed: 5, clock, ...options });
  const server = network.createUdpSocket(undefined, { address: '10.0.0.1' });
  const client = network.createUdpSocket(undefined, { address: '10.0.0.2' });
  await server.bind('10.0.0.1', 5684);
  await client.connect('10.0.0.1', 5684);
  return { clock, network, server, client };
}

async function failure(promise: Promise<unknown>): Promise<AvsError> {
  return promise.then(
    () => expect.unreachable('should have rejected'),
    (error) => error,
  );
}

async function drain(socket: Socket, clock: VirtualClock): Promise<Uint8Array[]> {
  await clock.advance(10_000);
  const all: Uint8Array[] = [];
  for (let next = socket.tryReceive(); next !== undefined; next = socket.tryReceive()) all.push(next.data);
  return all;
}

describe('MemoryNetwork', () => {
  it('carries datagrams both ways between a bound and a connected socket', async () => {
    const { clock, server, client } = await pair();
    expect([client.state, server.state]).toEqual(['connected', 'bound']);
    expect([client.remoteHost, client.remotePort]).toEqual(['10.0.0.1', 5684]);
    expect([client.localHost, server.localHost]).toEqual(['10.0.0.2', '10.0.0.1']);
    await client.send(bytes('ping'));
    const got = await clock.runUntil(server.receiveFrom());
    expect([text(got.data), got.host, got.port]).toEqual(['ping', client.localHost, client.localPort]);
    await server.sendTo(bytes('pong'), got.host, got.port);
    expect(text(await clock.runUntil(client.receive()))).toBe('pong');
    expect(client.getOption('bytesSent')).toBe(4);
    expect(client.getOption('bytesReceived')).toBe(4);
  });

  it('never delivers from within send', async () => {
    const { clock, server, client } = await pair();
    let delivered = 0;
    server.setReceiver({ onData: () => (delivered += 1) });
    const sent = client.send(bytes('x'));
    expect(delivered).toBe(0);
    await sent;
    await clock.settle();
    expect(delivered).toBe(0);
    await clock.advance(0);
    expect(delivered).toBe(1);
  });

  it('does not keep the memory of the sender, nor hand the same memory to two receivers', async () => {
    const { clock, server, client } = await pair({ faults: { duplication: 1 } });
    const data = bytes('abc');
    const sent = client.send(data);
    data.fill(0);
    await sent;
    await clock.advance(0);
    const first = await server.receive();
    first.fill(1);
    expect(text(await server.receive())).toBe('abc');
  });

  it("keeps strangers' datagrams from a connected socket", async () => {
    const { clock, network, client } = await pair();
    const to = { host: client.localHost, port: client.localPort };
    network.inject(bytes('stranger'), { host: '10.9.9.9', port: 1 }, to);
    network.inject(bytes('peer'), { host: '10.0.0.1', port: 5684 }, to);
    expect(text(await clock.runUntil(client.receive()))).toBe('peer');
  });

  it('loses about as many datagrams as it is told to, and the same ones for the same seed', async () => {
    const arrived = async (seed: number): Promise<string[]> => {
      const { clock, server, client } = await pair({ seed, faults: { loss: 0.3 } });
      for (let i = 0; i < 200; i += 1) await client.send(bytes(`${i}`));
      return (await drain(server, clock)).map(text);
    };
    const first = await arrived(11);
    expect(await arrived(11)).toEqual(first);
    expect(await arrived(12)).not.toEqual(first);
    expect(first.length).toBeGreaterThan(100);
    expect(first.length).toBeLessThan(180);
  });

  it('reorders and duplicates without inventing or losing anything', async () => {
    const { clock, server, client } = await pair({
      faults: { reordering: 0.5, duplication: 0.5, delay: { min: 1, max: 9 } },
    });
    const sent = Array.from({ length: 100 }, (_, i) => `${i}`);
    for (const datagram of sent) await client.send(bytes(datagram));
    const got = (await drain(server, clock)).map(text);
    expect(new Set(got)).toEqual(new Set(sent));
    expect(got.length).toBeGreaterThan(120);
    expect([...new Set(got)]).not.toEqual(sent);
  });

  it('delays each datagram by what it is told', async () => {
    const { clock, server, client } = await pair({ faults: { delay: 40 } });
    await client.send(bytes('x'));
    await clock.advance(39);
    expect(server.tryReceive()).toBeUndefined();
    await clock.advance(1);
    expect(server.tryReceive()?.port).toBe(client.localPort);
  });

  it('flips bits and cuts ends', async () => {
    const original = new Uint8Array(64).fill(0xaa);
    const flipped = await pair({ faults: { corruption: 1 } });
    await flipped.client.send(original);
    const [corrupt] = await drain(flipped.server, flipped.clock);
    expect(corrupt).toHaveLength(64);
    expect(corrupt).not.toEqual(original);
    const cut = await pair({ faults: { truncation: 1 } });
    await cut.client.send(original);
    const [truncated] = await drain(cut.server, cut.clock);
    expect(truncated?.length).toBeLessThan(64);
    expect(truncated).toEqual(original.slice(0, truncated?.length));
  });

  it('applies faults to one direction only when told so', async () => {
    const { clock, network, server, client } = await pair();
    network.setFaults({ loss: 1 }, { from: { host: '10.0.0.2' } });
    await client.send(bytes('lost'));
    await server.sendTo(bytes('arrives'), client.localHost, client.localPort);
    expect(text(await clock.runUntil(client.receive()))).toBe('arrives');
    expect(await drain(server, clock)).toEqual([]);
    network.setFaults({}, { from: { host: '10.0.0.2' } });
    await client.send(bytes('again'));
    expect((await drain(server, clock)).map(text)).toEqual(['again']);
  });

  it('refuses what exceeds the MTU, or drops it silently', async () => {
    const strict = await pair({ faults: { mtu: 100 } });
    expect([strict.client.getOption('mtu'), strict.client.getOption('innerMtu')]).toEqual([100, 72]);
    await strict.client.send(new Uint8Array(72));
    expect((await failure(strict.client.send(new Uint8Array(73)))).errno).toBe('EMSGSIZE');
    await strict.server.sendTo(new Uint8Array(72), '10.0.0.2', strict.client.localPort);
    const answering = strict.server.sendTo(new Uint8Array(73), '10.0.0.2', strict.client.localPort);
    expect((await failure(answering)).errno).toBe('EMSGSIZE');
    const silent = await pair({ faults: { mtu: 100, oversized: 'drop' } });
    const hopeful = silent.network.createUdpSocket({ forcedMtu: 1_500 });
    await hopeful.connect('10.0.0.1', 5684);
    await hopeful.send(new Uint8Array(73));
    await hopeful.send(new Uint8Array(72));
    expect((await drain(silent.server, silent.clock)).map(({ length }) => length)).toEqual([72]);
    const wrong = strict.network.createUdpSocket({ forcedMtu: 1_500 });
    await wrong.connect('10.0.0.1', 5684);
    expect((await failure(wrong.send(new Uint8Array(73)))).message).toContain('larger than the MTU (100)');
  });

  it('tells a connected sender that nobody listens, when asked to, and the socket stays usable', async () => {
    const { clock, network, server, client } = await pair({ refuse: true });
    await server.close();
    await client.send(bytes('x'));
    expect((await failure(clock.runUntil(client.receive()))).errno).toBe('ECONNREFUSED');
    await client.send(bytes('x'));
    await clock.advance(1);
    expect((await failure(client.send(bytes('x')))).errno).toBe('ECONNREFUSED');
    const errors: (string | undefined)[] = [];
    client.setReceiver({ onData: () => undefined, onError: (error) => errors.push(error.errno) });
    await client.send(bytes('x'));
    await clock.advance(1);
    expect(errors).toEqual(['ECONNREFUSED']);
    client.setReceiver(undefined);
    const again = network.createUdpSocket();
    await again.bind('10.0.0.1', 5684);
    await client.send(bytes('now'));
    expect(text(await clock.runUntil(again.receive()))).toBe('now');
  });

  it('stays silent about it otherwise', async () => {
    const { clock, server, client } = await pair();
    await server.close();
    await client.send(bytes('x'));
    expect((await failure(clock.runUntil(client.receive()))).errno).toBe('ETIMEDOUT');
  });

  it('shows every datagram on the wire, also lost ones', async () => {
    const { clock, network, client } = await pair({ faults: { loss: 1 } });
    const seen: ObservedDatagram[] = [];
    const stop = network.observe((datagram) => seen.push(datagram));
    await clock.advance(7);
    await client.send(bytes('one'));
    stop();
    await client.send(bytes('two'));
    expect(seen.map(({ data, time, copies, to }) => [text(data), time, copies, to.port])).toEqual([
      ['one', 7, 0, 5684],
    ]);
  });

  it('lets a test drop and replace datagrams of its choice', async () => {
    const { clock, network, server, client } = await pair();
    let count = 0;
    network.intercept(({ data }) => {
      count += 1;
      if (count === 1) return false;
      return count === 2 ? bytes('changed') : data.slice();
    });
    for (const datagram of ['a', 'b', 'c']) await client.send(bytes(datagram));
    expect((await drain(server, clock)).map(text)).toEqual(['changed', 'c']);
  });

  it('resolves the names that it was given, with the preferred family and endpoint first', async () => {
    const network = new MemoryNetwork();
    network.setName('Server.test', '10.0.0.1', 'fd00::1', '10.0.0.3');
    const remote = async (configuration: Parameters<MemoryNetwork['createUdpSocket']>[0]): Promise<string> => {
      const socket = network.createUdpSocket(configuration);
      await socket.connect('server.TEST', 5684);
      expect(socket.remoteHostname).toBe('server.TEST');
      return socket.remoteHost;
    };
    expect(await remote({})).toBe('10.0.0.1');
    expect(await remote({ preferredFamily: 6 })).toBe('fd00::1');
    expect(await remote({ addressFamily: 6 })).toBe('fd00::1');
    const preferredEndpoint = { host: '10.0.0.3' };
    expect(await remote({ preferredEndpoint })).toBe('10.0.0.3');
    expect(preferredEndpoint).toEqual({ host: '10.0.0.3', port: 5684 });
    const elsewhere = { host: '10.7.7.7' };
    expect(await remote({ preferredEndpoint: elsewhere })).toBe('10.0.0.1');
    expect(elsewhere.host).toBe('10.0.0.1');
    const socket = network.createUdpSocket();
    expect((await failure(socket.connect('nowhere.test', 1))).errno).toBe('EADDRNOTAVAIL');
    expect(socket.state).toBe('closed');
  });

  it('picks ephemeral ports and refuses taken ones and foreign addresses', async () => {
    const network = new MemoryNetwork();
    const first = network.createUdpSocket(undefined, { address: '10.0.0.1' });
    const second = network.createUdpSocket(undefined, { address: '10.0.0.1' });
    await first.bind('0.0.0.0', 0);
    await second.bind('10.0.0.1', 0);
    expect(first.localPort).not.toBe(second.localPort);
    const third = network.createUdpSocket(undefined, { address: '10.0.0.1' });
    expect((await failure(third.bind('10.0.0.1', first.localPort))).errno).toBe('EADDRINUSE');
    expect((await failure(third.bind('10.0.0.2', 0))).errno).toBe('EADDRNOTAVAIL');
    expect(third.state).toBe('closed');
    const taken = first.localPort;
    await first.cleanup();
    await third.bind('10.0.0.1', taken);
    expect(third.localPort).toBe(taken);
  });

  it('names a wrong argument', () => {
    const network = new MemoryNetwork();
    expect(() => new MemoryNetwork({ faults: { loss: 2 } })).toThrow('faults.loss');
    expect(() => network.setFaults({ delay: { min: 2, max: 1 } })).toThrow('faults.delay.max');
    expect(() => network.createUdpSocket(undefined, { address: 'name' })).toThrow('address');
    expect(() => network.inject(bytes(''), { host: 'a', port: 0 }, { host: 'a', port: 1 })).toThrow('from.port');
    expect(() => network.createUdpSocket({ dscp: 64 })).toThrow('configuration.dscp');
  });
});

describe('every plain socket', () => {
  it('follows the states of the contract', async () => {
    const { clock, network, client, server } = await pair();
    expect((await failure(client.connect('10.0.0.1', 1))).errno).toBe('EBADF');
    expect((await failure(client.bind('10.0.0.2', 1))).errno).toBe('EBADF');
    expect((await failure(server.send(bytes('x')))).errno).toBe('ENOTCONN');
    expect((await failure(server.accept())).errno).toBe('ENOTSUP');
    expect((await failure(server.decorate(client))).errno).toBe('ENOTSUP');
    expect((await failure(client.sendTo(bytes('x'), '10.0.0.9', 1))).errno).toBe('EISCONN');
    await client.sendTo(bytes('x'), '10.0.0.1', 5684);
    const fresh = network.createUdpSocket();
    expect(() => fresh.localPort).toThrow('EBADF');
    expect((await failure(fresh.receive())).errno).toBe('ENOTCONN');
    expect((await failure(fresh.sendTo(bytes('x'), '10.0.0.1', 1))).errno).toBe('ENOTCONN');
    await fresh.bind('10.0.0.4', 700);
    expect(() => fresh.remoteHost).toThrow('EBADF');
    await fresh.connect('10.0.0.1', 5684);
    expect(fresh.localPort).toBe(700);
    await clock.advance(0);
  });

  it('shutdown stops sending, hands out what was received, then receive rejects and iteration ends', async () => {
    const { clock, server, client } = await pair();
    await server.sendTo(bytes('last'), client.localHost, client.localPort);
    await clock.advance(0);
    await client.shutdown();
    await client.shutdown();
    expect(client.state).toBe('shutdown');
    expect((await failure(client.send(bytes('x')))).errno).toBe('ENOTCONN');
    const all: string[] = [];
    for await (const data of client) all.push(text(data));
    expect(all).toEqual(['last']);
    expect((await failure(client.receive())).errno).toBe('ENOTCONN');
  });

  it('close discards what is unread, rejects who waits, and lets the socket connect again', async () => {
    const { clock, server, client } = await pair();
    await server.sendTo(bytes('unread'), client.localHost, client.localPort);
    await clock.advance(0);
    expect(client.getOption('hasBufferedData')).toBe(true);
    const waiting = failure(server.accept().catch(() => server.receive()));
    await server.close();
    expect((await waiting).errno).toBe('ENOTCONN');
    await client.close();
    expect(client.getOption('hasBufferedData')).toBe(false);
    await server.bind('10.0.0.1', 5684);
    await client.connect('10.0.0.1', 5684);
    await client.send(bytes('again'));
    expect(text(await clock.runUntil(server.receive()))).toBe('again');
  });

  it('after cleanup everything rejects EBADF, and cleanup again does nothing', async () => {
    const { client } = await pair();
    const waiting = failure(client.receive());
    await client.cleanup();
    await client.cleanup();
    expect((await waiting).errno).toBe('EBADF');
    const data = bytes('x');
    for (const operation of [
      client.connect('10.0.0.1', 1),
      client.bind('10.0.0.1', 1),
      client.send(data),
      client.sendTo(data, '10.0.0.1', 1),
      client.receive(),
      client.receiveFrom(),
      client.accept(),
      client.shutdown(),
      client.close(),
    ]) {
      expect(isErrno(await failure(operation), 'EBADF')).toBe(true);
    }
    expect(() => client.tryReceive()).toThrow('EBADF');
    expect(() => client.localHost).toThrow('EBADF');
    expect(() => client.getOption('state')).toThrow('EBADF');
    expect(client.state).toBe('closed');
  });

  it('a failed or aborted connect leaves the socket closed and usable', async () => {
    const { network } = await pair();
    const socket = network.createUdpSocket();
    const reason = new Error('enough');
    await expect(socket.connect('10.0.0.1', 5684, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(socket.state).toBe('closed');
    const connecting = failure(socket.connect('10.0.0.1', 5684));
    const second = failure(socket.connect('10.0.0.1', 5684));
    await socket.close();
    expect((await connecting).errno).toBe('ENOTCONN');
    expect((await second).errno).toBe('EBADF');
    await socket.connect('10.0.0.1', 5684);
    expect(socket.state).toBe('connected');
  });

  it('has the options of a plain socket and refuses others and wrong values', async () => {
    const { client } = await pair();
    expect(client.getOption('recvTimeout')).toBe(30_000);
    client.setOption('recvTimeout', Infinity);
    expect(client.getOption('recvTimeout')).toBe(Infinity);
    expect(client.getOption('addressFamily')).toBe(4);
    expect(client.getOption('mtu')).toBe(1500);
    expect(client.getOption('innerMtu')).toBe(1472);
    expect(() => client.setOption('recvTimeout', Number.NaN)).toThrow('EINVAL');
    expect(() => client.setOption('recvTimeout', -1)).toThrow('EINVAL');
    expect(() => client.setOption('recvTimeout', 'soon' as unknown as number)).toThrow(TypeError);
    expect(() => client.setOption('preferredAddressFamily', 5 as unknown as 4)).toThrow('EINVAL');
    expect(() => client.getOption('sessionResumed')).toThrow('ENOTSUP');
    expect(() => client.setOption('handshakeTimeouts', { min: 1, max: 2 })).toThrow('ENOTSUP');
    client.setOption('forcedAddressFamily', 6);
    client.setOption('preferredAddressFamily', 4);
    expect([client.getOption('forcedAddressFamily'), client.getOption('preferredAddressFamily')]).toEqual([6, 4]);
    await client.close();
    expect(() => client.getOption('mtu')).toThrow('EBADF');
    expect((await failure(client.connect('10.0.0.1', 5684))).errno).toBe('EADDRNOTAVAIL');
  });

  it('reports a forced MTU and never an inner MTU below 0', async () => {
    const network = new MemoryNetwork();
    const socket = network.createUdpSocket({ forcedMtu: 20 });
    await socket.connect('fd00::1', 5684);
    expect([socket.getOption('mtu'), socket.getOption('innerMtu')]).toEqual([20, 0]);
  });

  it('refuses wrong arguments with an error that names them', async () => {
    const { client, network } = await pair();
    const closed = network.createUdpSocket();
    await expect(client.send('text' as unknown as Uint8Array)).rejects.toThrow(TypeError);
    expect((await failure(client.send(new Uint8Array(65_508)))).errno).toBe('EMSGSIZE');
    await expect(closed.connect('10.0.0.1', 0)).rejects.toThrow('port');
    await expect(closed.connect('', 1)).rejects.toThrow('host');
    await expect(closed.bind('10.0.0.1', 65_536)).rejects.toThrow('port');
    await expect(closed.connect('10.0.0.1', 1, { signal: {} as AbortSignal })).rejects.toThrow('signal');
  });
});
