import type { DtlsListener, DtlsListenerConfiguration, SecureSocket, Socket, TlsConfiguration } from '@avs-net/core';
import { MemoryNetwork, type MemoryNetworkOptions, type ObservedDatagram, VirtualClock } from '@avs-net/core/testing';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import type { BackendPair } from './backend-pair.js';
import { counting, utf8 } from './bytes.js';
import { lightCiphersuite } from './ciphersuites.js';

/** Where listeners are bound unless a test says otherwise. */
export const serverAddress = '10.0.0.1';

/** The port of CoAP over DTLS. RFC 7252 §12.7. */
export const serverPort = 5684;

/** The identity that clients have unless a test says otherwise. */
export const testIdentity = utf8('device-1');

/** The key of {@link testIdentity}. */
export const testKey = counting(16, 0xa0);

/** The client's `security` for an identity and a key. */
export function pskClient(identity = testIdentity, key = testKey): TlsConfiguration['security'] {
  return { mode: 'psk', identity: pskIdentityInfoFromBuffer(identity), key: pskKeyInfoFromBuffer(key) };
}

/** A listener's `security` that has the same key for every identity. */
export function pskServer(key = testKey): DtlsListenerConfiguration['security'] {
  return { mode: 'psk', resolve: () => pskKeyInfoFromBuffer(key) };
}

/** What tests change of a client's configuration, and of the socket below. */
export interface ClientSetup extends Partial<TlsConfiguration> {
  /** The socket below. Default: a UDP socket on a host of its own. */
  readonly below?: Socket;
}

/** What tests change of a listener's configuration, and of where it is bound. */
export interface ListenerSetup extends Partial<DtlsListenerConfiguration> {
  readonly below?: Socket;
  readonly address?: string;
  readonly port?: number;
}

/** Both ends of an association. */
export interface ConnectedPair {
  readonly client: SecureSocket;
  readonly server: SecureSocket;
  readonly listener: DtlsListener;
}

/**
 * A network in memory with a clock of its own, and the two backends on it. Sockets that it makes are cleaned up with it. Waiting
 * goes through {@link run}, which lets virtual time pass.
 */
export class Testbed implements AsyncDisposable {
  readonly backends: BackendPair;
  readonly clock = new VirtualClock();
  readonly network: MemoryNetwork;
  /** Every datagram, as it was sent. */
  readonly wire: ObservedDatagram[] = [];
  readonly #owned: { cleanup(): Promise<void> }[] = [];

  constructor(backends: BackendPair, options: Omit<MemoryNetworkOptions, 'clock'> = {}) {
    this.backends = backends;
    this.network = new MemoryNetwork({ ...options, clock: this.clock });
    this.network.observe((datagram) => this.wire.push(datagram));
  }

  /** Lets time pass until a promise settles, and settles as it does. */
  run<T>(promise: Promise<T>): Promise<T> {
    return this.clock.runUntil(promise);
  }

  /** Cleans something up with the testbed. */
  own<T extends { cleanup(): Promise<void> }>(socket: T): T {
    this.#owned.push(socket);
    return socket;
  }

  /** A client socket, closed, on top of a closed UDP socket. */
  async client(setup: ClientSetup = {}): Promise<SecureSocket> {
    const { below = this.network.createUdpSocket(), ...configuration } = setup;
    const socket = await this.bareClient(configuration);
    await this.run(socket.decorate(below));
    return socket;
  }

  /** A client socket, closed, on top of whatever its backend has put it. */
  async bareClient(configuration: Partial<TlsConfiguration> = {}): Promise<SecureSocket> {
    const { backends, clock } = this;
    return this.own(
      await backends.client.createDtlsSocket({
        security: pskClient(),
        ciphersuites: [lightCiphersuite(backends)],
        clock,
        ...configuration,
      }),
    );
  }

  /** A listener, closed, on top of a closed UDP socket. */
  async listener(setup: ListenerSetup = {}): Promise<DtlsListener> {
    const { below, address = serverAddress, port: _port, ...configuration } = setup;
    const listener = this.own(
      await this.backends.server.createDtlsListener({ security: pskServer(), clock: this.clock, ...configuration }),
    );
    await this.run(listener.decorate(below ?? this.network.createUdpSocket(undefined, { address })));
    listener.setOption('recvTimeout', Infinity);
    return listener;
  }

  /** A listener, bound. */
  async listen(setup: ListenerSetup = {}): Promise<DtlsListener> {
    const listener = await this.listener(setup);
    await this.run(listener.bind(setup.address ?? serverAddress, setup.port ?? serverPort));
    return listener;
  }

  /** Connects a client to a listener, and gives both ends. */
  async connect(client: SecureSocket, listener: DtlsListener, host = listener.localHost): Promise<ConnectedPair> {
    const [server] = await this.run(Promise.all([listener.accept(), client.connect(host, listener.localPort)]));
    return { client, server: this.own(server), listener };
  }

  /** A client that is connected to a listener of its own. */
  async pair(setup: { readonly client?: ClientSetup; readonly server?: ListenerSetup } = {}): Promise<ConnectedPair> {
    const listener = await this.listen(setup.server);
    return this.connect(await this.client(setup.client), listener);
  }

  /** The datagrams that a client has sent so far, or a listener has. */
  sentBy(side: 'client' | 'server'): readonly ObservedDatagram[] {
    return this.wire.filter(({ from }) => (from.host === serverAddress) === (side === 'server'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run(Promise.all(this.#owned.map((socket) => socket.cleanup())));
  }
}
