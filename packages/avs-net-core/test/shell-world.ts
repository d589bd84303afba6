import {
  copyListenerConfiguration,
  copyTlsConfiguration,
  createDatagramListener,
  createSecureSocket,
  type DtlsListener,
  type DtlsListenerConfiguration,
  type ListenerLimits,
  type SecureSocket,
  type Socket,
  type TlsConfiguration,
} from '../src/index.js';
import { MemoryNetwork, type MemoryNetworkOptions, VirtualClock } from '../src/testing/index.js';
import { type FakeBehaviour, FakeClientFactory, FakeServerFactory } from './fake-engine.js';

const psk = (type: 'psk-key' | 'psk-identity', byte: number): never =>
  ({ desc: { type, source: 'buffer', buffer: Uint8Array.of(byte) } }) as never;

/** A complete configuration for the client side. */
export function clientConfiguration(more: Partial<TlsConfiguration> = {}): TlsConfiguration {
  return { security: { mode: 'psk', key: psk('psk-key', 1), identity: psk('psk-identity', 2) }, ...more };
}

/** A complete configuration for a listener. */
export function listenerConfiguration(more: Partial<DtlsListenerConfiguration> = {}): DtlsListenerConfiguration {
  return { security: { mode: 'psk', resolve: () => undefined }, ...more };
}

/** A client with what it is made of. */
export interface Client {
  readonly socket: SecureSocket;
  readonly engines: FakeClientFactory;
  /** The socket below that was made for it. */
  readonly udp: Socket | undefined;
}

/** A listener with what it is made of. */
export interface Server {
  readonly listener: DtlsListener;
  readonly engines: FakeServerFactory;
  readonly udp: Socket | undefined;
}

let nextId = 1;

/** A network with a server address, a clock, and sockets that speak the fake protocol. */
export class ShellWorld {
  readonly clock = new VirtualClock();
  readonly network: MemoryNetwork;
  readonly host = '10.0.0.1';
  readonly port = 5684;

  constructor(options: MemoryNetworkOptions = {}) {
    this.network = new MemoryNetwork({ ...options, clock: this.clock });
  }

  /** A client on a host of its own, or on `address`. */
  async client(
    options: {
      configuration?: Partial<TlsConfiguration>;
      behaviour?: FakeBehaviour;
      address?: string;
      backend?: (udp: Socket) => Socket;
      bare?: boolean;
    } = {},
  ): Promise<Client> {
    const engines = new FakeClientFactory(options.behaviour, nextId);
    nextId += 100;
    let udp: Socket | undefined;
    const socket = await createSecureSocket({
      type: 'dtls',
      engines,
      configuration: copyTlsConfiguration(clientConfiguration({ clock: this.clock, ...options.configuration })),
      createBackend: options.bare
        ? undefined
        : async (configuration) => {
            const made = this.network.createUdpSocket(configuration, { address: options.address });
            udp = options.backend?.(made) ?? made;
            return udp;
          },
    });
    return { socket, engines, udp };
  }

  /** A listener, not bound. */
  async server(options: { limits?: ListenerLimits; behaviour?: FakeBehaviour; bare?: boolean } = {}): Promise<Server> {
    const engines = new FakeServerFactory(options.behaviour);
    let udp: Socket | undefined;
    const listener = await createDatagramListener({
      engines,
      configuration: copyListenerConfiguration(listenerConfiguration({ clock: this.clock, limits: options.limits })),
      createBackend: options.bare
        ? undefined
        : async (configuration) => {
            udp = this.network.createUdpSocket(configuration, { address: this.host });
            return udp;
          },
    });
    return { listener, engines, udp };
  }

  /** A listener, bound to the world's address. */
  async boundServer(options: { limits?: ListenerLimits; behaviour?: FakeBehaviour } = {}): Promise<Server> {
    const server = await this.server(options);
    await server.listener.bind(this.host, this.port);
    return server;
  }

  /** Connects and accepts. */
  async pair(server: Server, client: Client): Promise<SecureSocket> {
    await this.connect(client);
    return this.run(server.listener.accept());
  }

  connect(client: Client, options: { signal?: AbortSignal } = {}): Promise<void> {
    return this.run(client.socket.connect(this.host, this.port, options));
  }

  /** Lets time pass until the promise settles. */
  run<T>(promise: Promise<T>): Promise<T> {
    return this.clock.runUntil(promise);
  }

  /** A plain UDP socket that plays a peer by hand. */
  async stranger(address?: string): Promise<Socket> {
    const socket = this.network.createUdpSocket(undefined, { address });
    await socket.connect(this.host, this.port);
    return socket;
  }
}

/** The bytes of a text. */
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The text of bytes. */
export const text = (data: Uint8Array | undefined): string => new TextDecoder().decode(data);
