import type { Clock } from './clock.js';
import type { Endpoint } from './configuration.js';
import type { DropReason, RoutabilityCheckTypeCode } from './engine.js';
import type { ListenerCounters } from './listener-counters.js';
import type { HandshakeTimeouts } from './options.js';
import { isSame, PathValidation, type PathVerdict, UnprovenPath } from './path-validation.js';
import type { PeerSocket } from './peer-socket.js';

/** What {@link PeerAddresses} needs of the table of associations. */
export interface AddressHost {
  readonly clock: Clock;
  /** The peer is at another address from now on. */
  move(peer: PeerSocket, to: Endpoint): void;
  reschedule(peer: PeerSocket): void;
  dropped(reason: DropReason): void;
}

/** How a listener follows its peers. */
export interface PeerAddressesOptions {
  readonly mode: 'basic' | 'enhanced';
  readonly random: (bytes: Uint8Array) => void;
  /** The first wait of a validation is that of a handshake: RFC 9853 §5.5 asks for 1 s where nothing is known of the path. */
  readonly context: { readonly handshakeTimeouts: HandshakeTimeouts };
  readonly counters: ListenerCounters['peerAddresses'];
}

/** Where the peers of a listener are, those whose records have a connection ID: RFC 9146 §6, RFC 9853 §5. */
export class PeerAddresses {
  constructor(
    private readonly host: AddressHost,
    private readonly options: PeerAddressesOptions,
  ) {}

  /** See `PeerHost.newest`. */
  newest(peer: PeerSocket, from: Endpoint | undefined, bytes: number): void {
    const { path } = peer;
    if (from === undefined) {
      // RFC 9146 §6: the newest record tells where the peer is.
      if (path instanceof PathValidation) this.#end(peer, 'failed');
      else if (path?.heard(bytes)) this.#end(peer, 'validated');
    } else if (path instanceof PathValidation && isSame(path.candidate, from)) {
      path.heard(bytes);
    } else if (path instanceof UnprovenPath && isSame(path.previous, from)) {
      this.host.move(peer, from);
      this.#end(peer, 'failed');
    } else {
      this.#observe(peer, from, bytes);
    }
  }

  /** See `PeerHost.checkAnswered`. */
  checkAnswered(
    peer: PeerSocket,
    type: RoutabilityCheckTypeCode,
    cookie: Uint8Array,
    from: Endpoint | undefined,
  ): void {
    const { path } = peer;
    // RFC 9853 §5.4: answers that nobody waits for are dropped.
    if (!(path instanceof PathValidation)) this.host.dropped('unexpected');
    else this.#judge(peer, path, path.answered(type, cookie, from, this.host.clock.now()));
  }

  /** The deadline of the peer's path has passed. */
  expired(peer: PeerSocket, now: number): void {
    const { path } = peer;
    if (path instanceof PathValidation) this.#judge(peer, path, path.expired(now));
  }

  /** A peer's newest record has come from an address where it was not before. */
  #observe(peer: PeerSocket, from: Endpoint, bytes: number): void {
    const { mode, random, context, counters } = this.options;
    counters.observed += 1;
    const before = peer.path;
    if (before !== undefined) this.#end(peer, 'failed');
    if (!peer.association.info?.returnRoutabilityCheck) {
      const home = { host: peer.remoteHost, port: peer.remotePort };
      const path = new UnprovenPath(before instanceof UnprovenPath ? before.previous : home);
      path.heard(bytes);
      peer.path = path;
      this.host.move(peer, from);
      return;
    }
    const path = new PathValidation(from, { mode, timeout: context.handshakeTimeouts.min, random }, peer);
    path.heard(bytes);
    peer.path = path;
    path.challenge(this.host.clock.now());
    this.host.reschedule(peer);
  }

  #judge(peer: PeerSocket, path: PathValidation, verdict: PathVerdict): void {
    if (verdict === undefined) {
      this.host.reschedule(peer);
      return;
    }
    if (verdict === 'valid') this.host.move(peer, path.candidate);
    this.#end(peer, verdict === 'valid' ? 'validated' : 'failed');
  }

  #end(peer: PeerSocket, how: 'validated' | 'failed'): void {
    this.options.counters[how] += 1;
    peer.settlePath();
    this.host.reschedule(peer);
  }
}
