import { describe, expect, it } from 'vitest';
import { copyTlsConfiguration, createSecureSocket, type Receiver, type Socket } from '../src/index.js';
import { FakeClientFactory } from './fake-engine.js';
import { bytes, clientConfiguration, ShellWorld, text } from './shell-world.js';

const errno = (name: string) => expect.objectContaining({ name: 'AvsError', errno: name });

/** The operations of a socket that does none of them. */
const nothing = { connect() {}, send() {}, setReceiver() {}, getOption() {}, close() {}, cleanup() {} };

async function connectedUdp(world: ShellWorld): Promise<Socket> {
  const udp = world.network.createUdpSocket();
  await udp.connect(world.host, world.port);
  return udp;
}

describe('decorating', () => {
  it('performs the handshake at once over a ready socket', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const { socket } = await world.client({ bare: true });
    await world.run(socket.decorate(await connectedUdp(world)));
    expect(socket.state).toBe('connected');
    const accepted = await world.run(server.listener.accept());
    await socket.send(bytes('over it'));
    expect(text(await world.run(accepted.receive()))).toBe('over it');
    expect(socket.remoteHost).toBe(world.host);
    expect(socket.remoteHostname).toBe(world.host);
  });

  it('performs the handshake at connect over a closed socket', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client({ bare: true });
    const udp = world.network.createUdpSocket();
    await client.socket.decorate(udp);
    expect(client.socket.state).toBe('closed');
    expect(client.engines.engines).toHaveLength(0);
    await world.pair(server, client);
    expect(udp.state).toBe('connected');
  });

  it('takes over the binding of a bound socket', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client({ bare: true });
    const udp = world.network.createUdpSocket(undefined, { address: '10.0.0.5' });
    await udp.bind('10.0.0.5', 4_000);
    await client.socket.decorate(udp);
    expect(client.socket.state).toBe('bound');
    expect((await world.pair(server, client)).remotePort).toBe(4_000);
  });

  it('owns the socket below from then on: close closes it, connect uses it again, cleanup cleans it up', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client({ bare: true });
    const udp = await connectedUdp(world);
    await world.run(client.socket.decorate(udp));
    await world.run(client.socket.close());
    expect(udp.state).toBe('closed');
    await world.run(server.listener.accept());
    await world.pair(server, client);
    expect(udp.state).toBe('connected');
    await world.run(client.socket.cleanup());
    await expect(udp.close()).rejects.toEqual(errno('EBADF'));
  });

  it('leaves the socket below to the caller, intact, when the handshake fails', async () => {
    const world = new ShellWorld();
    const peer = world.network.createUdpSocket(undefined, { address: world.host });
    await peer.bind(world.host, world.port);
    const client = await world.client({ bare: true });
    const udp = await connectedUdp(world);
    await expect(world.run(client.socket.decorate(udp))).rejects.toEqual(errno('ETIMEDOUT'));
    expect(client.socket.state).toBe('closed');
    expect(udp.state).toBe('connected');
    await peer.sendTo(bytes('plain'), udp.localHost, udp.localPort);
    expect(text(await world.run(udp.receive()))).toBe('plain');
    await world.run(client.socket.cleanup());
    expect(udp.state).toBe('connected');
    await udp.send(bytes('still'));
  });

  it('leaves it to the caller when it is aborted, and when the decorator is cleaned up meanwhile', async () => {
    const world = new ShellWorld();
    const client = await world.client({ bare: true });
    const udp = await connectedUdp(world);
    const controller = new AbortController();
    const decorating = client.socket.decorate(udp, { signal: controller.signal });
    controller.abort('stop');
    await expect(decorating).rejects.toBe('stop');
    expect(udp.state).toBe('connected');
    const again = client.socket.decorate(udp).catch((error: unknown) => error);
    await world.clock.advance(1);
    await world.run(client.socket.cleanup());
    expect(await again).toEqual(errno('EBADF'));
    expect(udp.state).toBe('connected');
  });

  it('replaces the socket that was below before, which is cleaned up, but only on success', async () => {
    const world = new ShellWorld();
    const client = await world.client();
    const udp = await connectedUdp(world);
    await expect(world.run(client.socket.decorate(udp))).rejects.toEqual(errno('ETIMEDOUT'));
    const server = await world.boundServer();
    await world.pair(server, client);
    await world.run(client.socket.close());
    await world.run(client.socket.decorate(udp));
    await expect(client.udp?.bind('0.0.0.0', 0)).rejects.toEqual(errno('EBADF'));
  });

  it('is EBADF unless closed, and over a socket that is shut down', async () => {
    const world = new ShellWorld();
    await world.boundServer();
    const client = await world.client();
    await world.connect(client);
    const udp = await connectedUdp(world);
    await expect(client.socket.decorate(udp)).rejects.toEqual(errno('EBADF'));
    await world.run(client.socket.close());
    await udp.shutdown();
    await expect(client.socket.decorate(udp)).rejects.toEqual(errno('EBADF'));
  });

  it('refuses itself, a stream, and what is no socket', async () => {
    const { socket } = await new ShellWorld().client({ bare: true });
    await expect(socket.decorate(socket)).rejects.toEqual(errno('EINVAL'));
    await expect(socket.decorate({} as never)).rejects.toThrow(TypeError);
    await expect(socket.decorate(undefined as never)).rejects.toThrow(TypeError);
    const stream = { ...nothing, type: 'tcp', state: 'connected' };
    await expect(socket.decorate(stream as never)).rejects.toThrow(/EINVAL.*stream/);
  });

  it('refuses a socket that is on top of it, at any depth, and both can still be cleaned up', async () => {
    const world = new ShellWorld();
    const [a, b, c] = [
      await world.client({ bare: true }),
      await world.client({ bare: true }),
      await world.client({ bare: true }),
    ];
    await a.socket.decorate(b.socket);
    await b.socket.decorate(c.socket);
    await expect(b.socket.decorate(a.socket)).rejects.toThrow(/EINVAL: backend/);
    await expect(c.socket.decorate(a.socket)).rejects.toThrow(/EINVAL: backend/);
    await expect(a.socket.decorate(a.socket)).rejects.toThrow(/EINVAL: backend/);
    expect(() => a.socket.getOption('mtu')).toThrow(/EBADF/);
    await world.run(a.socket.cleanup());
    await expect(c.socket.close()).rejects.toEqual(errno('EBADF'));
  });

  it('refuses a socket that was cleaned up, and keeps the one that it has', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const gone = world.network.createUdpSocket();
    await gone.cleanup();
    const secure = await world.client();
    await secure.socket.cleanup();
    for (const backend of [gone, secure.socket]) {
      await expect(client.socket.decorate(backend)).rejects.toThrow(/EBADF: backend was cleaned up/);
    }
    await world.pair(server, client);
    const other = await world.server();
    await expect(other.listener.decorate(gone)).rejects.toThrow(/EBADF: backend was cleaned up/);
    await other.listener.bind(world.host, 1);
    expect(other.listener.state).toBe('bound');
  });

  it('leaves a listener as it was when the socket below cannot be served', async () => {
    const world = new ShellWorld();
    const { listener, udp } = await world.server();
    const broken = {
      type: 'udp',
      state: 'bound',
      getOption: () => 'bound',
      setReceiver: () => {
        throw new Error('no');
      },
    };
    await expect(listener.decorate(broken as never)).rejects.toThrow('no');
    expect(listener.state).toBe('closed');
    await listener.bind(world.host, world.port);
    expect(udp?.state).toBe('bound');
  });

  it('says what to do where there is no socket below', async () => {
    const { socket } = await new ShellWorld().client({ bare: true });
    await expect(socket.connect('a', 1)).rejects.toThrow(/ENOTSUP.*decorate/);
    await expect(socket.bind('0.0.0.0', 0)).rejects.toThrow(/ENOTSUP.*decorate/);
    await expect(socket.accept()).rejects.toThrow(/ENOTSUP.*createDtlsListener/);
    expect(() => socket.remoteHost).toThrow(/EBADF/);
  });

  it('nests: a secure socket over a secure socket', async () => {
    const world = new ShellWorld();
    const outer = await world.boundServer();
    const tunnel = await world.client();
    const tunnelEnd = await world.pair(outer, tunnel);
    const inner = relayServer(tunnelEnd);
    const client = await world.client({ bare: true });
    await world.run(client.socket.decorate(tunnel.socket));
    await client.socket.send(bytes('deep'));
    expect(text(await world.run(inner.received))).toBe('deep');
    expect(client.socket.getOption('innerMtu')).toBe(tunnel.socket.getOption('innerMtu') - 15);
    await world.run(client.socket.cleanup());
    expect(tunnel.socket.state).toBe('closed');
  });

  it('works over a transport that answers from within send and knows no options or addresses', async () => {
    const world = new ShellWorld();
    const { socket, engines } = await world.client({ bare: true });
    const transport = new EchoingTransport();
    await world.run(socket.decorate(transport as unknown as Socket));
    await socket.send(bytes('mirror'));
    expect(text(await world.run(socket.receive()))).toBe('mirror');
    expect(socket.getOption('innerMtu')).toBe(1_232 - 15);
    expect(engines.engines[0]?.misuse).toEqual([]);
  });

  it('makes DTLS sockets only where it is asked for them', async () => {
    const engines = new FakeClientFactory();
    const configuration = copyTlsConfiguration(clientConfiguration());
    const socket = await createSecureSocket({ type: 'tls', engines, configuration });
    const udp = { ...nothing, type: 'udp', state: 'connected' };
    await expect(socket.decorate(udp as never)).rejects.toThrow(/EINVAL.*TLS/);
    expect(() => socket.getOption('innerMtu')).toThrow(/ENOTSUP/);
  });
});

/** Answers the fake handshake on an accepted socket, and tells the first data. */
function relayServer(carrier: Socket): { received: Promise<Uint8Array> } {
  let tell: (data: Uint8Array) => void = () => undefined;
  const received = new Promise<Uint8Array>((resolve) => {
    tell = resolve;
  });
  carrier.setReceiver({
    onData: (data) => {
      const answer = answerOf(data);
      if (answer === undefined) tell(data.slice(15));
      else carrier.send(answer).catch(() => undefined);
    },
  });
  return { received };
}

/** The server's side of the fake handshake without a cookie; undefined for data. */
function answerOf(datagram: Uint8Array): Uint8Array | undefined {
  if (datagram[0] !== 22) return undefined;
  const answer = datagram.slice(0, 17);
  answer[12] = 4;
  if (datagram[13] === 1) answer[13] = 2;
  return answer;
}

/** A transport of a user's own: the least that a socket must have, with a server inside. */
class EchoingTransport {
  readonly type = 'udp';
  readonly state = 'connected';
  #receiver: Receiver | undefined;
  readonly #waiting: Uint8Array[] = [];

  connect(): Promise<void> {
    return Promise.resolve();
  }

  setReceiver(receiver: Receiver | undefined): void {
    this.#receiver = receiver;
    const waiting = this.#waiting.splice(0);
    for (const data of waiting) receiver?.onData(data, '', 0);
  }

  send(data: Uint8Array): Promise<void> {
    const answer = answerOf(data) ?? data.slice();
    if (this.#receiver === undefined) this.#waiting.push(answer);
    else this.#receiver.onData(answer, '', 0);
    return Promise.resolve();
  }

  getOption(): never {
    throw Object.assign(new Error('no options'), { code: 'ENOTSUP' });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  cleanup(): Promise<void> {
    return Promise.resolve();
  }
}
