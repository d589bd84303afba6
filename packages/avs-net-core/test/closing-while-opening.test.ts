import { describe, expect, it } from 'vitest';
import {
  copyListenerConfiguration,
  copyTlsConfiguration,
  createDatagramListener,
  createSecureSocket,
  type DtlsListener,
  errnoError,
  type SecureSocket,
  type Socket,
} from '../src/index.js';
import { createUdpSocket } from '../src/node/index.js';
import { MemoryNetwork } from '../src/testing/index.js';
import { FakeClientFactory, FakeServerFactory } from './fake-engine.js';
import { clientConfiguration, listenerConfiguration, ShellWorld } from './shell-world.js';

const errno = (name: string) => expect.objectContaining({ name: 'AvsError', errno: name });
const nothing = (): void => undefined;

/** Lets promises go on by so many steps. */
async function microtasks(count: number): Promise<void> {
  for (let step = 0; step < count; step += 1) await undefined;
}

async function clientOnLoopback(): Promise<SecureSocket> {
  const configuration = copyTlsConfiguration(clientConfiguration());
  return createSecureSocket({
    type: 'dtls',
    engines: new FakeClientFactory(),
    configuration,
    createBackend: createUdpSocket,
  });
}

async function listenerOnLoopback(): Promise<DtlsListener> {
  const configuration = copyListenerConfiguration(listenerConfiguration());
  return createDatagramListener({ engines: new FakeServerFactory(), configuration, createBackend: createUdpSocket });
}

const makers = { 'a client socket': clientOnLoopback, 'a listener': listenerOnLoopback };

/** More than there are between a bind on loopback and its end. */
const mostSteps = 40;

describe.each(Object.entries(makers))('%s that is closed while it binds', (_name, make) => {
  it.each(['127.0.0.1', 'localhost'])('lets go of the port and can bind again (%s)', async (host) => {
    const socket = await make();
    const binding = socket.bind(host, 0).catch((error: unknown) => error);
    await socket.close();
    expect(await binding).toEqual(errno(socket.type === 'dtls' && 'stats' in socket ? 'ECONNABORTED' : 'ENOTCONN'));
    expect([socket.state, socket.system]).toEqual(['closed', undefined]);
    await socket.bind('127.0.0.1', 0);
    expect(socket.state).toBe('bound');
    await socket.cleanup();
  });

  it.each(['close', 'cleanup'] as const)('%s leaves nothing bound, at whatever moment it comes', async (end) => {
    const network = new MemoryNetwork();
    for (let steps = 0; steps <= mostSteps; steps += 1) {
      const below = network.createUdpSocket(undefined, { address: '10.0.0.1' });
      const socket = await bare(make);
      await socket.decorate(below);
      const binding = socket.bind('10.0.0.1', 5684).catch(nothing);
      await microtasks(steps);
      await socket[end]();
      await binding;
      expect([steps, socket.state, below.state]).toEqual([steps, 'closed', 'closed']);
      const next = network.createUdpSocket(undefined, { address: '10.0.0.1' });
      await next.bind('10.0.0.1', 5684);
      await next.cleanup();
    }
  });
});

/** The same without a socket below. */
async function bare(make: () => Promise<SecureSocket | DtlsListener>): Promise<SecureSocket | DtlsListener> {
  if (make === clientOnLoopback) {
    const configuration = copyTlsConfiguration(clientConfiguration());
    return createSecureSocket({ type: 'dtls', engines: new FakeClientFactory(), configuration });
  }
  const configuration = copyListenerConfiguration(listenerConfiguration());
  return createDatagramListener({ engines: new FakeServerFactory(), configuration });
}

describe('a client socket that is closed while it connects', () => {
  it.each(['close', 'cleanup'] as const)('%s leaves it closed, at whatever moment it comes', async (end) => {
    for (let steps = 0; steps <= mostSteps; steps += 1) {
      const world = new ShellWorld();
      await world.boundServer();
      const { socket, udp } = await world.client();
      const connecting = socket.connect(world.host, world.port).catch(nothing);
      await microtasks(steps);
      await world.run(socket[end]());
      await connecting;
      expect([steps, socket.state, udp?.state]).toEqual([steps, 'closed', 'closed']);
    }
  });

  it('closes the socket below also when that does not listen to signals', async () => {
    const { socket } = await new ShellWorld().client({ bare: true });
    const deaf = new DeafSocket();
    await socket.decorate(deaf as unknown as Socket);
    const connecting = socket.connect('10.0.0.1', 5684).catch((error: unknown) => error);
    await socket.close();
    expect(await connecting).toEqual(errno('ENOTCONN'));
    expect([deaf.isOpening, deaf.state]).toEqual([false, 'closed']);
  });
});

/** A transport that connects until it is closed. */
class DeafSocket {
  readonly type = 'udp';
  readonly state = 'closed';
  isOpening = false;
  #fail: (reason: unknown) => void = nothing;

  connect(): Promise<void> {
    this.isOpening = true;
    return new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
  }

  async close(): Promise<void> {
    this.isOpening = false;
    this.#fail(errnoError('ENOTCONN', 'closed'));
  }

  async cleanup(): Promise<void> {}

  async send(): Promise<void> {}

  setReceiver(): void {}

  getOption(): never {
    throw errnoError('ENOTSUP', 'no options');
  }
}

describe('a plain socket that is cleaned up twice', () => {
  it('has let go of everything when either of the two is done', async () => {
    const socket = await createUdpSocket();
    let isOpening = true;
    const binding = socket.bind('localhost', 0).catch(() => {
      isOpening = false;
    });
    const first = socket.cleanup();
    await socket.cleanup();
    expect(isOpening).toBe(false);
    await Promise.all([first, binding]);
  });
});
