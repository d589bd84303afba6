import type { AcceptedSocket } from './accepted-socket.js';
import { Association, type AssociationOwner, type AssociationSettings, type CarrierSocket } from './association.js';
import type { Endpoint } from './configuration.js';
import type { HeapEntry } from './deadline-heap.js';
import {
  type DropReason,
  type ResumableSession,
  RoutabilityCheckType,
  type RoutabilityCheckTypeCode,
} from './engine.js';
import { type AvsError, errnoError } from './errors.js';
import { ipFamily } from './ip-address.js';
import type { ReadableOption, ReadableOptions } from './options.js';
import { type Challenger, isSame, PathValidation, UnprovenPath } from './path-validation.js';
import type { Socket, SocketState } from './socket.js';

/** What a {@link PeerSocket} needs of the table that it is in. */
export interface PeerHost {
  /** The bound socket that all peers share. */
  readonly backend: Socket;
  /** Of all associations. */
  readonly settings: AssociationSettings;
  established(peer: PeerSocket): void;
  /** The association is over by itself. */
  ended(peer: PeerSocket): void;
  /** The user has closed the accepted socket. */
  closed(peer: PeerSocket): void;
  dropped(reason: DropReason): void;
  /** A datagram with a record that is newer than all before; `from` is undefined where it came from the peer's address. */
  newest(peer: PeerSocket, from: Endpoint | undefined, bytes: number): void;
  /** An answer of a return routability check. */
  checkAnswered(peer: PeerSocket, type: RoutabilityCheckTypeCode, cookie: Uint8Array, from: Endpoint | undefined): void;
  /** Something is not sent, because of where it would go. */
  heldBack(): void;
  /** `engineAt` or the deadline of `path` has changed. */
  reschedule(peer: PeerSocket): void;
}

/** What a {@link PeerSocket} begins with. */
export type PeerOptions = Pick<
  PeerSocket,
  'key' | 'remoteHost' | 'remotePort' | 'handshakeId' | 'lastHeard' | 'limitAt'
>;

/**
 * One peer of a listener: the socket that its association sees below itself, which is a view of the shared one, and the
 * association's owner. It has neither timers nor closures of its own, so that many cost little.
 */
export class PeerSocket implements CarrierSocket, AssociationOwner, HeapEntry, Challenger {
  readonly #host: PeerHost;
  remoteHost: string;
  remotePort: number;
  /** Of its address, in the table. */
  key: string;
  /** Of the connection ID in its records, in the table; undefined: they have none. RFC 9146. */
  cid: string | undefined;
  /** While it is not known whether the peer is where its records come from. */
  path: PathValidation | UnprovenPath | undefined;
  /** Of the ClientHello that created it. */
  readonly handshakeId: number;
  readonly association: Association;
  // Times are whole milliseconds: those and other small integers lie in the object itself, where V8 gives every other number, one that
  // begins as Infinity included, 16 bytes of its own.
  deadline = 0;
  heapIndex = -1;
  /** When the engine wants to be called. */
  engineAt: number | undefined;
  /** When the handshake must be complete; when complete, when to look whether the peer has been idle. */
  limitAt: number;
  /** When the peer was last heard: a datagram of which nothing was dropped. */
  lastHeard: number;
  isEstablished = false;
  /** Another listener has begun the association. */
  isResumed = false;
  isAttached = true;
  /** A handshake of the same address that replaces this association when it completes. RFC 6347 §4.2.8. */
  successor: PeerSocket | undefined;
  /** The association that this one replaces when its handshake completes. */
  incumbent: PeerSocket | undefined;
  /** What is handed out, once the handshake is complete. */
  socket: AcceptedSocket | undefined;
  #isNoise = false;
  /** Where the datagram at hand has come from, if not from the peer's address. */
  #from: Endpoint | undefined;
  /** Of the datagram at hand that nobody has been told of. */
  #bytes = 0;
  /** Where what is sent goes now, if not to the peer's address. */
  #destination: Endpoint | undefined;

  constructor(host: PeerHost, { key, remoteHost, remotePort, handshakeId, lastHeard, limitAt }: PeerOptions) {
    this.#host = host;
    this.key = key;
    this.remoteHost = remoteHost;
    this.remotePort = remotePort;
    this.handshakeId = handshakeId;
    this.lastHeard = Math.ceil(lastHeard);
    this.limitAt = Math.ceil(limitAt);
    const peer = { owner: this, carrier: this, host: remoteHost, port: remotePort };
    this.association = new Association(host.settings, peer);
  }

  /** Takes a datagram, from the peer's address unless another is given. */
  take(data: Uint8Array, now: number, from?: Endpoint): void {
    this.#isNoise = false;
    this.#from = from;
    this.#bytes = data.length;
    this.association.onData(data);
    this.#from = undefined;
    if (!this.#isNoise) this.lastHeard = Math.ceil(now);
  }

  /** The peer is at another address from now on. */
  moveTo(host: string, port: number, key: string): void {
    this.remoteHost = host;
    this.remotePort = port;
    this.key = key;
    this.association.movedTo(host, port);
  }

  /** It is known where the peer is: what has waited for that is sent. */
  settlePath(): void {
    const { path } = this;
    this.path = undefined;
    if (path instanceof PathValidation) path.release((data) => this.#sendTo(data, this.remoteHost, this.remotePort));
  }

  challenge(cookie: Uint8Array, to: Endpoint | undefined): void {
    this.#sendCheck(RoutabilityCheckType.path_challenge, cookie, to ?? this.#home);
  }

  get state(): SocketState {
    return this.isAttached ? 'connected' : 'closed';
  }

  send(data: Uint8Array): Promise<void> {
    if (!this.isAttached) return Promise.reject(errnoError('ENOTCONN', 'the association is over'));
    const { path, remoteHost, remotePort } = this;
    const destination = this.#destination;
    if (path === undefined) {
      return this.#sendTo(data, destination?.host ?? remoteHost, destination?.port ?? remotePort);
    }
    if (path instanceof UnprovenPath) return this.#sendUnproven(path, data, destination ?? this.#home);
    if (destination === undefined) return path.hold(data);
    // What would be too much for an address that is not validated is not sent at all: RFC 9853 §5.
    if (!isSame(destination, this.#home) && !path.spend(data.length)) return Promise.resolve();
    return this.#sendTo(data, destination.host, destination.port);
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

  session(session: ResumableSession): void {
    session.destroy();
  }

  dropped(reason: DropReason): void {
    this.#isNoise = true;
    this.#host.dropped(reason);
  }

  newest(): void {
    this.#host.newest(this, this.#from, this.#bytes);
    this.#bytes = 0;
  }

  routabilityCheck(type: RoutabilityCheckTypeCode, cookie: Uint8Array): void {
    if (type !== RoutabilityCheckType.path_challenge) {
      this.#host.checkAnswered(this, type, cookie, this.#from);
      return;
    }
    // RFC 9853 §5.4: answered at once, to where it came from. A server has one path only, and prefers that.
    this.#sendCheck(RoutabilityCheckType.path_response, cookie, this.#from ?? this.#home);
  }

  schedule(at: number | undefined): void {
    this.engineAt = at;
    this.#host.reschedule(this);
  }

  get #home(): Endpoint {
    return { host: this.remoteHost, port: this.remotePort };
  }

  #sendCheck(type: RoutabilityCheckTypeCode, cookie: Uint8Array, to: Endpoint): void {
    this.#destination = to;
    this.association.sendRoutabilityCheck(type, cookie);
    this.#destination = undefined;
  }

  #sendUnproven(path: UnprovenPath, data: Uint8Array, to: Endpoint): Promise<void> {
    if (path.spend(data.length)) return this.#sendTo(data, to.host, to.port);
    this.#host.heldBack();
    return Promise.reject(
      errnoError('EAGAIN', `the peer is new at ${to.host}:${to.port}: not so much before it answers`),
    );
  }

  #sendTo(data: Uint8Array, host: string, port: number): Promise<void> {
    return this.#host.backend.sendTo(data, host, port);
  }
}
