import type { AcceptedSocket } from './accepted-socket.js';
import { Association, type AssociationOwner, type CarrierSocket } from './association.js';
import type { Clock } from './clock.js';
import type { HeapEntry } from './deadline-heap.js';
import type { DropReason } from './engine.js';
import { type AvsError, errnoError } from './errors.js';
import { ipFamily } from './ip-address.js';
import type { ReadableOption, ReadableOptions } from './options.js';
import type { ReceiveQueueOptions } from './receive-queue.js';
import type { Socket, SocketState } from './socket.js';

/** What a {@link PeerSocket} needs of the table that it is in. */
export interface PeerHost {
  /** The bound socket that all peers share. */
  readonly backend: Socket;
  readonly clock: Clock;
  readonly queueOptions: ReceiveQueueOptions;
  established(peer: PeerSocket): void;
  /** The association is over by itself. */
  ended(peer: PeerSocket): void;
  /** The user has closed the accepted socket. */
  closed(peer: PeerSocket): void;
  dropped(reason: DropReason): void;
  /** `engineAt` has changed. */
  reschedule(peer: PeerSocket): void;
}

/**
 * One peer of a listener: the socket that its association sees below itself, which is a view of the shared one, and the
 * association's owner. It has neither timers nor closures of its own, so that many cost little.
 */
export class PeerSocket implements CarrierSocket, AssociationOwner, HeapEntry {
  readonly #host: PeerHost;
  readonly remoteHost: string;
  readonly remotePort: number;
  /** Of its address, in the table. */
  readonly key: string;
  /** Of the ClientHello that created it. */
  readonly handshakeId: number;
  readonly association: Association;
  deadline = Infinity;
  heapIndex = -1;
  /** When the engine wants to be called. */
  engineAt: number | undefined;
  /** When the handshake must be complete; when complete, when to look whether the peer has been idle. */
  limitAt = Infinity;
  /** When the peer was last heard: a datagram of which nothing was dropped. */
  lastHeard: number;
  isEstablished = false;
  isAttached = true;
  /** A handshake of the same address that replaces this association when it completes. RFC 6347 §4.2.8. */
  successor: PeerSocket | undefined;
  /** The association that this one replaces when its handshake completes. */
  incumbent: PeerSocket | undefined;
  /** What is handed out, once the handshake is complete. */
  socket: AcceptedSocket | undefined;
  #isNoise = false;

  constructor(host: PeerHost, key: string, remoteHost: string, remotePort: number, handshakeId: number) {
    this.#host = host;
    this.key = key;
    this.remoteHost = remoteHost;
    this.remotePort = remotePort;
    this.handshakeId = handshakeId;
    this.lastHeard = host.clock.now();
    this.association = new Association({
      owner: this,
      carrier: this,
      kind: 'datagram',
      clock: host.clock,
      host: remoteHost,
      port: remotePort,
      queueOptions: host.queueOptions,
    });
  }

  /** Takes a datagram from the peer's address. */
  take(data: Uint8Array, now: number): void {
    this.#isNoise = false;
    this.association.onData(data);
    if (!this.#isNoise) this.lastHeard = now;
  }

  get state(): SocketState {
    return this.isAttached ? 'connected' : 'closed';
  }

  send(data: Uint8Array): Promise<void> {
    if (!this.isAttached) return Promise.reject(errnoError('ENOTCONN', 'the association is over'));
    return this.#host.backend.sendTo(data, this.remoteHost, this.remotePort);
  }

  /** Does nothing: what comes goes to `take`. */
  setReceiver(): void {}

  async close(): Promise<void> {
    this.#host.closed(this);
  }

  async cleanup(): Promise<void> {
    this.#host.closed(this);
  }

  get system(): object | undefined {
    return this.#host.backend.system;
  }

  get interfaceName(): string {
    return this.#host.backend.interfaceName;
  }

  get remoteHostname(): string {
    return this.remoteHost;
  }

  get localHost(): string {
    return this.#host.backend.localHost;
  }

  get localPort(): number {
    return this.#host.backend.localPort;
  }

  getOption<K extends ReadableOption>(key: K): ReadableOptions[K];
  getOption(key: ReadableOption): unknown {
    switch (key) {
      case 'addressFamily':
        return ipFamily(this.remoteHost) ?? this.#host.backend.getOption(key);
      case 'mtu':
      case 'innerMtu':
        return this.#host.backend.getOption(key);
      default:
        throw errnoError('ENOTSUP', `an accepted socket has no option ${String(key)}`);
    }
  }

  setOption(key: string): void {
    throw errnoError('ENOTSUP', `an accepted socket has no option ${key} that can be set`);
  }

  established(): void {
    this.#host.established(this);
  }

  ended(_error: AvsError | undefined): void {
    this.#host.ended(this);
  }

  session(): void {}

  dropped(reason: DropReason): void {
    this.#isNoise = true;
    this.#host.dropped(reason);
  }

  schedule(at: number | undefined): void {
    this.engineAt = at;
    this.#host.reschedule(this);
  }
}
