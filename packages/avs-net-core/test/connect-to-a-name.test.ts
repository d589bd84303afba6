import { describe, expect, it } from 'vitest';
import {
  copyListenerConfiguration,
  copyTlsConfiguration,
  createDatagramListener,
  createSecureSocket,
  type Socket,
  type WaitOptions,
} from '../src/index.js';
import { createUdpSocket } from '../src/node/index.js';
import { clientHello, FakeClientFactory, FakeServerFactory } from './fake-engine.js';
import { clientConfiguration, listenerConfiguration, ShellWorld } from './shell-world.js';

const serverHost = new ShellWorld().host;
const dead = ['10.0.0.7', '10.0.0.8'] as const;

/** A world where a name has addresses at which nobody listens, and then the server's. */
function worldWithName(...addresses: string[]): ShellWorld {
  const world = new ShellWorld({ refuse: true });
  world.network.setName('server.test', ...(addresses.length > 0 ? addresses : [...dead, world.host]));
  return world;
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable('should have rejected'),
    (error: unknown) => error,
  );
}

const refused = (text: RegExp) =>
  expect.objectContaining({ name: 'AvsError', errno: 'ECONNREFUSED', message: expect.stringMatching(text) });

describe('connecting to a name with several addresses', () => {
  it('goes on to the next one while nobody is there', async () => {
    const world = worldWithName();
    const { listener } = await world.boundServer();
    const { socket } = await world.client();
    await world.run(socket.connect('server.test', world.port));
    expect([socket.remoteHost, socket.remoteHostname]).toEqual([world.host, 'server.test']);
    const accepted = await world.run(listener.accept());
    await socket.send(Uint8Array.of(7));
    expect(await world.run(accepted.receive())).toEqual(Uint8Array.of(7));
  });

  it('rejects when there is none left, naming what it was to connect to, and can connect again', async () => {
    const world = worldWithName(...dead);
    const { socket, udp } = await world.client();
    const sent: string[] = [];
    world.network.observe(({ to }) => sent.push(to.host));
    const error = await failure(world.run(socket.connect('server.test', world.port)));
    expect(error).toEqual(refused(/connect server\.test:5684/));
    expect(error).toMatchObject({ cause: { errno: 'ECONNREFUSED' } });
    expect(sent).toEqual([...dead]);
    expect([socket.state, udp?.state]).toEqual(['closed', 'closed']);
    world.network.setName('server.test', world.host);
    await world.boundServer();
    await world.run(socket.connect('server.test', world.port));
    expect(socket.state).toBe('connected');
  });

  it('prefers an address only once it has answered', async () => {
    const world = worldWithName();
    await world.boundServer();
    const preferredEndpoint = { host: '', port: 0 };
    const { socket } = await world.client({ configuration: { socket: { preferredEndpoint } } });
    const connecting = world.run(socket.connect('server.test', world.port));
    expect(preferredEndpoint).toEqual({ host: '', port: 0 });
    await connecting;
    expect(preferredEndpoint).toEqual({ host: world.host, port: world.port });
  });

  it('leaves the preferred address alone when it fails, and gets past one that is dead', async () => {
    const world = worldWithName();
    const preferredEndpoint = { host: dead[1], port: 5684 };
    const { socket } = await world.client({ configuration: { socket: { preferredEndpoint } } });
    const sent: string[] = [];
    world.network.observe(({ to }) => sent.push(to.host));
    await expect(world.run(socket.connect('server.test', world.port))).rejects.toEqual(refused(/connect/));
    expect(sent).toEqual([dead[1], dead[0], world.host]);
    expect(preferredEndpoint).toEqual({ host: dead[1], port: 5684 });
    await world.boundServer();
    await world.run(socket.connect('server.test', world.port));
    expect(preferredEndpoint).toEqual({ host: world.host, port: world.port });
  });

  it('does not go on where somebody has answered', async () => {
    const world = worldWithName();
    const { listener } = await world.boundServer();
    const fickle = world.network.createUdpSocket(undefined, { address: dead[0] });
    await fickle.bind(dead[0], world.port);
    fickle.setReceiver({
      onData: async (_data, host, port) => {
        const verify = clientHello(0);
        verify[13] = 3;
        await fickle.sendTo(verify, host, port);
        await fickle.close();
      },
    });
    const { socket } = await world.client();
    await expect(world.run(socket.connect('server.test', world.port))).rejects.toEqual(refused(/connect/));
    expect(listener.stats.cookiesSent).toBe(0);
  });

  it('goes on from an address that is silent after three waits, 7 seconds with the default timers', async () => {
    for (const [handshakeTimeouts, silence] of [
      [undefined, 7_000],
      [{ min: 200, max: 60_000 }, 1_400],
      [{ min: 1_000, max: 1_000 }, 1_000],
    ] as const) {
      const world = new ShellWorld();
      world.network.setName('server.test', ...dead, world.host);
      await world.boundServer();
      const { socket } = await world.client({ configuration: { handshakeTimeouts } });
      await world.run(socket.connect('server.test', world.port));
      expect(socket.remoteHost).toBe(world.host);
      expect(world.clock.now()).toBe(2 * silence);
    }
  });

  it('gives the last address the whole time of the timers, and says in the end that nobody has answered', async () => {
    const world = new ShellWorld();
    world.network.setName('server.test', ...dead);
    const { socket } = await world.client();
    const error = await failure(world.run(socket.connect('server.test', world.port)));
    expect(error).toMatchObject({ errno: 'ETIMEDOUT', message: expect.stringContaining('server.test:5684') });
    expect(world.clock.now()).toBe(7_000 + 123_000);
    const before = world.clock.now();
    await failure(world.run(socket.connect(dead[0], world.port)));
    expect(world.clock.now() - before, 'as the only one').toBe(123_000);
  });

  it('stays where somebody has answered, however long the rest takes', async () => {
    const world = new ShellWorld();
    world.network.setName('server.test', world.host, dead[0]);
    const resolve = () => new Promise<void>((done) => world.clock.setTimeout(done, 50_000));
    const { listener } = await world.boundServer({ behaviour: { resolve } });
    const { socket } = await world.client();
    await world.run(socket.connect('server.test', world.port));
    expect([socket.remoteHost, listener.stats.accepted]).toEqual([world.host, 1]);
    expect(world.clock.now()).toBeGreaterThanOrEqual(50_000);
  });

  it('leaves no timer of its own behind', async () => {
    const world = worldWithName(serverHost, dead[0]);
    const { listener } = await world.boundServer();
    const { socket } = await world.client();
    await world.run(socket.connect('server.test', world.port));
    await world.run(Promise.all([socket.cleanup(), listener.cleanup()]));
    await world.clock.advance(1);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('keeps the port that it is bound to', async () => {
    const world = worldWithName();
    const { listener } = await world.boundServer();
    const { socket } = await world.client({ address: '10.0.0.9' });
    await socket.bind('10.0.0.9', 4_000);
    await world.run(socket.connect('server.test', world.port));
    expect((await world.run(listener.accept())).remotePort).toBe(4_000);
  });

  it('offers its session at every address', async () => {
    const world = worldWithName();
    await world.boundServer();
    const sessionResumptionBuffer = new Uint8Array(16);
    sessionResumptionBuffer.set([0, 0, 0, 2, 0xaa, 0xbb]);
    const { socket, engines } = await world.client({ configuration: { sessionResumptionBuffer } });
    await world.run(socket.connect('server.test', world.port));
    const session = Uint8Array.of(0xaa, 0xbb);
    expect(engines.engines.map(({ client }) => client.session)).toEqual([session, session, session]);
  });

  it('ends at once when it is aborted or closed between two addresses', async () => {
    for (const end of ['abort', 'close'] as const) {
      const world = worldWithName();
      const { listener } = await world.boundServer();
      const { socket, udp } = await world.client();
      const controller = new AbortController();
      let count = 0;
      world.network.observe(() => {
        count += 1;
        if (count !== 2) return;
        if (end === 'abort') controller.abort('enough');
        else socket.close().catch(() => undefined);
      });
      const { signal } = controller;
      const error = await failure(world.run(socket.connect('server.test', world.port, { signal })));
      expect(error).toEqual(end === 'abort' ? 'enough' : expect.objectContaining({ errno: 'ENOTCONN' }));
      await world.clock.advance(1_000);
      expect([socket.state, udp?.state, listener.stats.cookiesSent]).toEqual(['closed', 'closed', 0]);
    }
  });

  it('works the same over a socket that was put below it', async () => {
    const world = worldWithName();
    await world.boundServer();
    const preferredEndpoint = { host: dead[0] };
    const { socket } = await world.client({ bare: true });
    await socket.decorate(world.network.createUdpSocket({ preferredEndpoint }));
    await world.run(socket.connect('server.test', world.port));
    expect(preferredEndpoint).toEqual({ host: world.host, port: world.port });
  });

  it('tries one address over a socket that knows nothing of this', async () => {
    const world = worldWithName();
    await world.boundServer();
    const { socket } = await world.client({ backend: plainly });
    await expect(world.run(socket.connect('server.test', world.port))).rejects.toEqual(refused(/connect/));
    world.network.setName('server.test', world.host);
    await world.run(socket.connect('server.test', world.port));
    expect(socket.state).toBe('connected');
  });

  it('finds a server that has only one of the addresses of localhost', async () => {
    const settings = copyListenerConfiguration(listenerConfiguration());
    const listener = await createDatagramListener({
      engines: new FakeServerFactory(),
      configuration: settings,
      createBackend: createUdpSocket,
    });
    await listener.bind('127.0.0.1', 0);
    const configuration = copyTlsConfiguration(clientConfiguration({ socket: { preferredFamily: 6 } }));
    const socket = await createSecureSocket({
      type: 'dtls',
      engines: new FakeClientFactory(),
      configuration,
      createBackend: createUdpSocket,
    });
    await socket.connect('localhost', listener.localPort);
    expect(socket.remoteHost).toBe('127.0.0.1');
    await socket.cleanup();
    await listener.cleanup();
  });
});

/** A socket that passes on of the options of `connect` only what the contract names, as a user's own would. */
function plainly(udp: Socket): Socket {
  return new Proxy(udp, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property, target);
      if (property === 'connect') {
        return (host: string, port: number, options?: WaitOptions) =>
          target.connect(host, port, { signal: options?.signal });
      }
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
