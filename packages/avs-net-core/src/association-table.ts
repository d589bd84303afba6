import { AcceptedSocket, type AcceptedSocketContext } from './accepted-socket.js';
import type { AssociationSettings } from './association.js';
import { hasConnectionId, isClientHello, isEpochZero } from './client-hello.js';
import type { Clock } from './clock.js';
import { ClockAlarm } from './clock-alarm.js';
import type { Endpoint } from './configuration.js';
import {
  connectionIdKey,
  connectionIdOffset,
  type ListenerConnectionIdSettings,
  newConnectionId,
} from './connection-ids.js';
import { DeadlineHeap } from './deadline-heap.js';
import { channels, type Drop } from './diagnostics.js';
import type {
  Admission,
  AssociationOptions,
  DropReason,
  EngineInfo,
  RoutabilityCheckTypeCode,
  ServerEngineFactory,
} from './engine.js';
import { type AvsError, errnoError } from './errors.js';
import { asAvsError } from './foreign-error.js';
import { datagramSizeOf } from './inner-mtu.js';
import type { ListenerCounters } from './listener-counters.js';
import type { SavedPeer } from './listener-state.js';
import { type AddressHost, PeerAddresses } from './peer-addresses.js';
import { type PeerHost, PeerSocket } from './peer-socket.js';
import type { Receiver, Socket } from './socket.js';
import type { ListenerSettings } from './tls-settings.js';

/** Sockets whose handshake is complete and that nobody has accepted yet. */
export interface Backlog {
  readonly size: number;
  offer(socket: AcceptedSocket): void;
  withdraw(socket: AcceptedSocket): boolean;
}

/** What an {@link AssociationTable} is made of. */
export interface AssociationTableOptions {
  /** Undefined: none are negotiated. */
  readonly connectionIds: ListenerConnectionIdSettings | undefined;
  readonly random: (bytes: Uint8Array) => void;
  /** Bound. */
  readonly backend: Socket;
  readonly engines: ServerEngineFactory;
  readonly limits: ListenerSettings['limits'];
  readonly context: AcceptedSocketContext;
  readonly backlog: Backlog;
  readonly counters: ListenerCounters;
  /** The bound socket is gone. */
  onLost(error: AvsError): void;
}

const encoder = /* @__PURE__ */ new TextEncoder();

/**
 * All associations of a bound listener: which datagram is whose, who may begin one, who waits for what time. One timer of the
 * clock's serves them all.
 */
export class AssociationTable implements PeerHost, AddressHost, Receiver {
  readonly backend: Socket;
  readonly clock: Clock;
  readonly settings: AssociationSettings;
  readonly #options: AssociationTableOptions;
  /**
   * By address and port. A peer's successor is not in it; one with a connection ID may not be either, where others have or had its address.
   */
  readonly #peers = new Map<string, PeerSocket>();
  /** By the connection ID that their records have, or that they are to be offered. RFC 9146. */
  readonly #cids = new Map<string, PeerSocket>();
  readonly #cidLength: number;
  /** Peers that are nobody's successor. */
  #places = 0;
  /** How many peers of the table each address has; only where that is limited. */
  readonly #sources: Map<string, number> | undefined;
  readonly #heap = new DeadlineHeap<PeerSocket>();
  readonly #alarm: ClockAlarm;
  readonly #addresses: PeerAddresses;
  #shared: AssociationOptions | undefined;
  #halfOpen = 0;
  #established = 0;

  constructor(options: AssociationTableOptions) {
    this.#options = options;
    this.backend = options.backend;
    this.clock = options.context.clock;
    const queueOptions = { kind: 'datagram', clock: this.clock } as const;
    this.settings = { role: 'server', kind: 'datagram', clock: this.clock, queueOptions };
    this.#cidLength = options.connectionIds?.length ?? 0;
    this.#sources = options.limits.perSource < options.limits.total ? new Map() : undefined;
    const { connectionIds, random, context, counters } = options;
    const mode = connectionIds?.pathValidation ?? 'basic';
    this.#addresses = new PeerAddresses(this, { mode, random, context, counters: counters.peerAddresses });
    this.#alarm = new ClockAlarm(this.clock, () => this.#tick(), { holdsProcess: false });
  }

  /** Associations whose handshake is complete. */
  get associations(): number {
    return this.#established;
  }

  /** Associations whose handshake is not complete. */
  get halfOpen(): number {
    return this.#halfOpen;
  }

  /** Closes all associations with a close_notify; whoever receives on one is told `error`. Settles with the sending. */
  async close(error: AvsError): Promise<void> {
    const farewells: Promise<void>[] = [];
    for (const peer of this.#all()) {
      if (peer.successor !== undefined) this.#terminate(peer.successor, error);
      if (peer.association.isOpen) farewells.push(peer.association.close());
      this.#terminate(peer, error);
    }
    await Promise.allSettled(farewells);
  }

  /** Takes the associations whose handshake is complete out of the table, without a word to the peers; the others end. */
  suspend(error: AvsError): SavedPeer[] {
    const now = this.clock.now();
    const saved: SavedPeer[] = [];
    for (const peer of this.#all()) {
      const { remoteHost: host, remotePort: port, handshakeId, lastHeard, association } = peer;
      const state = association.save();
      const unread = state === undefined ? [] : association.drain();
      this.#terminate(peer, error);
      if (state !== undefined) saved.push({ host, port, handshakeId, idle: now - lastHeard, state, unread });
    }
    return saved;
  }

  /**
   * Goes on with associations of another table.
   * @returns How many.
   */
  resume(peers: readonly SavedPeer[]): number {
    const before = this.#options.counters.resumed;
    for (const saved of peers) this.#resume(saved);
    return this.#options.counters.resumed - before;
  }

  #resume({ host, port, handshakeId, idle, state, unread }: SavedPeer): void {
    const { engines, limits, counters } = this.#options;
    if (idle > limits.idleTime) return;
    if (this.#places >= limits.total) {
      counters.refused.total += 1;
      return;
    }
    const lastHeard = this.clock.now() - idle;
    const peer = new PeerSocket(this, {
      key: keyOf(host, port),
      remoteHost: host,
      remotePort: port,
      handshakeId,
      lastHeard,
      limitAt: lastHeard + limits.idleTime,
    });
    const options = this.#engineOptions(undefined);
    try {
      peer.association.start((sink) => {
        const engine = engines.restoreServer?.(sink, options, state);
        if (engine?.info === undefined || !this.#placeResumed(peer, engine.info)) {
          engine?.destroy();
          throw errnoError('EADDRINUSE', 'the place of the association is taken, or it is none');
        }
        return engine;
      });
    } catch {
      return;
    }
    peer.association.refill(unread);
  }

  /** Finds a place for an association that is resumed. False: it is another's. */
  #placeResumed(peer: PeerSocket, { connectionId }: EngineInfo): boolean {
    const cid = connectionId?.length ? connectionIdKey(connectionId, 0, connectionId.length) : undefined;
    const isTaken = this.#peers.has(peer.key);
    if (cid === undefined ? isTaken : this.#cids.has(cid)) return false;
    if (cid !== undefined) this.#cids.set(cid, peer);
    if (!isTaken) this.#peers.set(peer.key, peer);
    peer.cid = cid;
    this.#occupy(peer.remoteHost);
    this.#halfOpen += 1;
    peer.isResumed = true;
    return true;
  }

  #all(): Set<PeerSocket> {
    return new Set([...this.#peers.values(), ...this.#cids.values()]);
  }

  // Receiver: what the bound socket has to tell.

  onData(data: Uint8Array, host: string, port: number): void {
    this.#take(data, host, port, this.#options.connectionIds?.forward);
  }

  /** As `onData`, for what another process has received and forwarded. It is not forwarded again. */
  onForwarded(data: Uint8Array, host: string, port: number): void {
    this.#take(data, host, port, undefined);
  }

  #take(data: Uint8Array, host: string, port: number, forward: Forward | undefined): void {
    const now = this.clock.now();
    if (this.#cidLength > 0 && hasConnectionId(data, this.#cidLength)) {
      this.#takeByCid(data, host, port, now, forward);
      return;
    }
    const key = keyOf(host, port);
    const peer = this.#peers.get(key);
    if (peer === undefined || isClientHello(data)) {
      this.#greet(data, { host, port, key }, peer, now);
      return;
    }
    const { successor } = peer;
    if (successor === undefined) {
      peer.take(data, now);
      return;
    }
    // RFC 6347 §4.2.8: until the new handshake is complete the old association stays, and each drops what it cannot authenticate.
    if (isEpochZero(data)) {
      successor.take(data, now);
      return;
    }
    const copy = Uint8Array.from(data);
    successor.take(data, now);
    peer.take(copy, now);
  }

  /** RFC 9146 §3: the connection ID finds the association, wherever the datagram comes from. */
  #takeByCid(data: Uint8Array, host: string, port: number, now: number, forward: Forward | undefined): void {
    const peer = this.#cids.get(connectionIdKey(data, connectionIdOffset, this.#cidLength));
    if (peer === undefined) {
      if (forward === undefined) this.#drop('connectionId', { host, port });
      else this.#forward(forward, data, host, port);
    } else if (peer.remotePort === port && peer.remoteHost === host) {
      peer.take(data, now);
    } else if (peer.isEstablished) {
      peer.take(data, now, { host, port });
    } else {
      // Until the handshake is complete there is only the address that the cookie has proven.
      this.#drop('unexpected', { host, port });
    }
  }

  #forward(forward: Forward, data: Uint8Array, host: string, port: number): void {
    this.#options.counters.forwarded += 1;
    try {
      forward(data, host, port);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  onError(error: AvsError): void {
    if (this.backend.state !== 'bound') this.#options.onLost(asAvsError(error));
  }

  onEnd(): void {
    this.#options.onLost(errnoError('ENOTCONN', 'the socket below has ended'));
  }

  // PeerHost: what the associations have to tell.

  established(peer: PeerSocket): void {
    const { limits, context, backlog, counters } = this.#options;
    this.#halfOpen -= 1;
    this.#established += 1;
    counters[peer.isResumed ? 'resumed' : 'accepted'] += 1;
    peer.isEstablished = true;
    peer.limitAt = Math.ceil(peer.isResumed ? peer.lastHeard : this.clock.now()) + limits.idleTime;
    this.reschedule(peer);
    if ((peer.association.info?.connectionId?.length ?? 0) === 0) this.#releaseCid(peer);
    this.#takePlace(peer);
    if (backlog.size >= limits.backlog && !peer.isResumed) {
      counters.refused.backlog += 1;
      publishDrop('backlog', { host: peer.remoteHost, port: peer.remotePort });
      queueMicrotask(() => this.#dismiss(peer, errnoError('ECONNABORTED', 'too many wait for accept')));
      return;
    }
    peer.socket = new AcceptedSocket(peer.association, peer, context);
    backlog.offer(peer.socket);
  }

  /** A peer whose handshake is complete takes the place of the association that its address had before. RFC 6347 §4.2.8. */
  #takePlace(peer: PeerSocket): void {
    const { incumbent } = peer;
    if (incumbent === undefined) return;
    incumbent.successor = undefined;
    peer.incumbent = undefined;
    this.#peers.set(peer.key, peer);
    this.#occupy(peer.remoteHost);
    // With a connection ID the address says nothing: if it is somebody else's now, its last owner may be anywhere.
    if (incumbent.cid !== undefined && !isSameIdentity(incumbent, peer)) return;
    this.#terminate(incumbent, errnoError('ECONNRESET', 'the peer has begun a new association'));
  }

  newest(peer: PeerSocket, from: Endpoint | undefined, bytes: number): void {
    this.#addresses.newest(peer, from, bytes);
  }

  checkAnswered(
    peer: PeerSocket,
    type: RoutabilityCheckTypeCode,
    cookie: Uint8Array,
    from: Endpoint | undefined,
  ): void {
    this.#addresses.checkAnswered(peer, type, cookie, from);
  }

  heldBack(): void {
    this.#options.counters.peerAddresses.heldBack += 1;
  }

  /** The peer is at another address. */
  move(peer: PeerSocket, { host, port }: Endpoint): void {
    if (this.#peers.get(peer.key) === peer) this.#leavePlace(peer);
    this.#vacate(peer.remoteHost);
    this.#occupy(host);
    const key = keyOf(host, port);
    peer.moveTo(host, port, key);
    const there = this.#peers.get(key);
    // Who has no connection ID is found by the address alone, and must not lose it to whoever claims to be there.
    const gives = there?.cid !== undefined && there.isEstablished && there.successor === undefined;
    if (there === undefined || gives) this.#peers.set(key, peer);
  }

  /** Takes a peer out of the map of addresses. Its successor stays in its place, and counts from now on. */
  #leavePlace(peer: PeerSocket): void {
    const { successor } = peer;
    if (successor === undefined) {
      this.#peers.delete(peer.key);
      return;
    }
    this.#peers.set(peer.key, successor);
    this.#occupy(successor.remoteHost);
    successor.incumbent = undefined;
    peer.successor = undefined;
  }

  #releaseCid(peer: PeerSocket): void {
    if (peer.cid !== undefined) this.#cids.delete(peer.cid);
    peer.cid = undefined;
  }

  ended(peer: PeerSocket): void {
    if (!peer.isEstablished) this.#options.counters.failed += 1;
    this.#remove(peer);
  }

  closed(peer: PeerSocket): void {
    this.#remove(peer);
  }

  dropped(reason: DropReason): void {
    this.#options.counters.dropped[reason] += 1;
  }

  /** Drops a datagram that belongs to no association. */
  #drop(reason: DropReason, from: Endpoint): void {
    this.dropped(reason);
    publishDrop(reason, from);
  }

  reschedule(peer: PeerSocket): void {
    if (!peer.isAttached) return;
    this.#heap.set(peer, Math.ceil(Math.min(peer.engineAt ?? Infinity, peer.limitAt, peer.path?.deadline ?? Infinity)));
    const next = this.#heap.peek();
    if (next !== undefined) this.#alarm.setNoLater(next.deadline);
  }

  /** Answers a datagram that may begin an association. */
  #greet(data: Uint8Array, from: Source, peer: PeerSocket | undefined, now: number): void {
    const { counters } = this.#options;
    const admission = this.#ask(data, from, now);
    if (admission.action === 'drop') {
      // The rest of a ClientHello that came in pieces belongs to the association that its first piece has begun.
      const pending = peer?.isEstablished ? peer.successor : peer;
      if (pending === undefined) this.#drop(admission.reason, from);
      else pending.take(data, now);
    } else if (admission.action === 'accept') {
      this.#admit(admission, data, from, peer, now);
    } else if (admission.datagram.length > data.length) {
      // An answer to an unproven address that is longer than the question would make us an amplifier.
      this.#drop('unexpected', from);
    } else {
      counters.cookiesSent += 1;
      this.backend.sendTo(admission.datagram, from.host, from.port).catch(() => undefined);
    }
  }

  #ask(data: Uint8Array, from: Source, now: number): Admission {
    try {
      return this.#options.engines.admit(data, encoder.encode(from.key), now);
    } catch {
      return { action: 'drop', reason: 'malformed' };
    }
  }

  #admit(admission: Acceptance, data: Uint8Array, from: Source, peer: PeerSocket | undefined, now: number): void {
    const handshakeId = admission.handshakeId | 0;
    if (peer?.isEstablished && peer.handshakeId === handshakeId) {
      this.#drop('unexpected', from);
      return;
    }
    const pending = peer?.isEstablished ? peer.successor : peer;
    if (pending?.handshakeId === handshakeId) {
      pending.take(data, now);
      return;
    }
    const refusal = this.#refusal(from.host, peer, pending);
    if (refusal !== undefined) {
      this.#options.counters.refused[refusal] += 1;
      publishDrop(refusal, from);
      return;
    }
    if (pending !== undefined) {
      this.#options.counters.failed += 1;
      this.#terminate(pending, errnoError('ECONNRESET', 'the peer has begun anew'));
    }
    const fresh = this.#add(from, handshakeId, peer?.isEstablished ? peer : undefined, now);
    try {
      const options = this.#engineOptions(this.#giveCid(fresh));
      fresh.association.start((sink) => admission.create(sink, options));
    } catch {
      this.#options.counters.failed += 1;
      this.#remove(fresh);
      return;
    }
    fresh.take(data, now);
  }

  /** Those without a connection ID share theirs, as long as the datagrams of the bound socket have one size. */
  #engineOptions(connectionId: Uint8Array | undefined): AssociationOptions {
    const { handshakeTimeouts } = this.#options.context;
    const maxDatagramSize = datagramSizeOf(this.backend);
    if (connectionId !== undefined) return { maxDatagramSize, handshakeTimeouts, connectionId };
    if (this.#shared?.maxDatagramSize !== maxDatagramSize) this.#shared = { maxDatagramSize, handshakeTimeouts };
    return this.#shared;
  }

  /** The connection ID that a peer is to be offered; undefined: none. */
  #giveCid(peer: PeerSocket): Uint8Array | undefined {
    const { connectionIds, random } = this.#options;
    if (connectionIds === undefined) return undefined;
    const connectionId = newConnectionId(connectionIds, random, (key) => this.#cids.has(key));
    if (connectionId === undefined || connectionId.length === 0) return connectionId;
    peer.cid = connectionIdKey(connectionId, 0, connectionId.length);
    this.#cids.set(peer.cid, peer);
    return connectionId;
  }

  /** Why a new association may not begin, if so. One that takes another's place needs no room of its own. */
  #refusal(host: string, peer: PeerSocket | undefined, pending: PeerSocket | undefined): Refusal | undefined {
    const { limits, backlog } = this.#options;
    if (backlog.size >= limits.backlog) return 'backlog';
    if (pending === undefined && this.#halfOpen >= limits.halfOpen) return 'halfOpen';
    if (peer !== undefined && peer.cid === undefined) return undefined;
    if (this.#places >= limits.total) return 'total';
    return (this.#sources?.get(host) ?? 0) >= limits.perSource ? 'perSource' : undefined;
  }

  #add({ key, host, port }: Source, handshakeId: number, incumbent: PeerSocket | undefined, now: number): PeerSocket {
    const limitAt = now + this.#options.limits.handshakeTime;
    const place = { key, remoteHost: host, remotePort: port };
    const peer = new PeerSocket(this, { ...place, handshakeId, lastHeard: now, limitAt });
    this.#halfOpen += 1;
    if (incumbent !== undefined) {
      incumbent.successor = peer;
      peer.incumbent = incumbent;
    } else {
      this.#peers.set(key, peer);
      this.#occupy(host);
    }
    this.reschedule(peer);
    return peer;
  }

  /** Ends an association that is not of use any more, with a close_notify. */
  #dismiss(peer: PeerSocket, error: AvsError): void {
    if (!peer.isAttached) return;
    if (peer.association.isOpen) peer.association.close().catch(() => undefined);
    this.#terminate(peer, error);
  }

  #terminate(peer: PeerSocket, error: AvsError): void {
    peer.association.terminate(error);
    this.#remove(peer);
  }

  /** Frees the peer's place. What it has received and nobody has accepted yet is still handed out. */
  #remove(peer: PeerSocket): void {
    if (!peer.isAttached) return;
    peer.isAttached = false;
    this.#heap.set(peer, undefined);
    if (this.#heap.size === 0) this.#alarm.set(undefined);
    if (peer.isEstablished) this.#established -= 1;
    else this.#halfOpen -= 1;
    const { socket, incumbent } = peer;
    peer.socket = undefined;
    peer.settlePath();
    this.#releaseCid(peer);
    if (socket !== undefined && !peer.association.hasBufferedData) this.#options.backlog.withdraw(socket);
    if (incumbent !== undefined) {
      incumbent.successor = undefined;
      peer.incumbent = undefined;
    } else {
      if (this.#peers.get(peer.key) === peer) this.#leavePlace(peer);
      this.#vacate(peer.remoteHost);
    }
  }

  #occupy(host: string): void {
    this.#places += 1;
    this.#sources?.set(host, (this.#sources.get(host) ?? 0) + 1);
  }

  #vacate(host: string): void {
    this.#places -= 1;
    const left = (this.#sources?.get(host) ?? 0) - 1;
    if (left > 0) this.#sources?.set(host, left);
    else this.#sources?.delete(host);
  }

  #tick(): void {
    const now = this.clock.now();
    const due: PeerSocket[] = [];
    for (let peer = this.#heap.peek(); peer !== undefined && peer.deadline <= now; peer = this.#heap.peek()) {
      this.#heap.set(peer, undefined);
      due.push(peer);
    }
    for (const peer of due) this.#serve(peer, now);
    const next = this.#heap.peek();
    if (next !== undefined) this.#alarm.setNoLater(next.deadline);
  }

  #serve(peer: PeerSocket, now: number): void {
    if (peer.isAttached && peer.limitAt <= now) this.#checkLimit(peer, now);
    if (!peer.isAttached) return;
    if (peer.path !== undefined && peer.path.deadline <= now) this.#addresses.expired(peer, now);
    if (peer.engineAt !== undefined && peer.engineAt <= now) {
      peer.engineAt = undefined;
      peer.association.timerFired();
    }
    this.reschedule(peer);
  }

  #checkLimit(peer: PeerSocket, now: number): void {
    const { limits, counters } = this.#options;
    if (!peer.isEstablished) {
      counters.failed += 1;
      this.#terminate(peer, errnoError('ETIMEDOUT', `the handshake took longer than ${limits.handshakeTime} ms`));
      return;
    }
    peer.limitAt = peer.lastHeard + limits.idleTime;
    if (peer.limitAt > now) return;
    counters.idled += 1;
    this.#dismiss(peer, errnoError('ECONNABORTED', `nothing was heard from the peer for ${limits.idleTime} ms`));
  }
}

type Forward = NonNullable<ListenerConnectionIdSettings['forward']>;
/** Tells who observes of a datagram that belongs to no association. */
function publishDrop(reason: Drop['reason'], { host, port }: Endpoint): void {
  if (channels.drop.hasSubscribers)
    channels.drop.publish({ association: undefined, role: 'server', host, port, reason });
}

type Acceptance = Extract<Admission, { action: 'accept' }>;
type Refusal = keyof ListenerCounters['refused'];

interface Source extends Endpoint {
  readonly key: string;
}

const keyOf = (host: string, port: number): string => `${host} ${port}`;

/** Whether two peers have proven the same identity. */
function isSameIdentity(a: PeerSocket, b: PeerSocket): boolean {
  const [one, other] = [a, b].map(({ association }) => association.info?.pskIdentity);
  if (one === undefined || other === undefined) return one === other;
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}
