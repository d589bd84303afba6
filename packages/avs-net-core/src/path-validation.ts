import type { Endpoint } from './configuration.js';
import { RoutabilityCheckType, type RoutabilityCheckTypeCode, routabilityCookieLength } from './engine.js';
import { errnoError } from './errors.js';

/** How much may be sent to an address that has not been validated, for each byte that came from there. RFC 9853 §2. */
const amplification = 3;

/** Challenges that an address gets before it counts as one that does not answer. The wait after each is twice the one before. */
const maxChallenges = 3;

/** Datagrams, and their bytes, that wait for the end of a validation at most. */
const maxHeld = 64;
const maxHeldBytes = 65_536;

/** What a validation needs of whoever talks to the peer. */
export interface Challenger {
  /** Sends a path_challenge; undefined: to where the peer is known to be. */
  challenge(cookie: Uint8Array, to: Endpoint | undefined): void;
}

/** How addresses are validated. */
export interface PathValidationOptions {
  readonly mode: 'basic' | 'enhanced';
  /** The first wait for an answer, ms. RFC 9853 §5.5. */
  readonly timeout: number;
  readonly random: (bytes: Uint8Array) => void;
}

/** How a validation has ended: the peer is at the new address, or it is not known to be. Undefined: it goes on. */
export type PathVerdict = 'valid' | 'invalid' | undefined;

interface Held {
  readonly data: Uint8Array;
  resolve(sent: Promise<void>): void;
}

/**
 * A peer's records have come from an address where it was not before: whether it can be reached there. RFC 9853 §5. What is sent in
 * the meantime waits, so that none of it goes astray.
 */
export class PathValidation {
  /** When `expired` is to be called, ms of the clock. */
  deadline = Infinity;
  /** What may still be sent to the candidate, bytes. */
  #credit = 0;
  #asksOld: boolean;
  #cookies: Uint8Array[] = [];
  #wait: number;
  #held: Held[] = [];
  #heldBytes = 0;

  constructor(
    readonly candidate: Endpoint,
    private readonly options: PathValidationOptions,
    private readonly challenger: Challenger,
  ) {
    this.#asksOld = options.mode === 'enhanced';
    this.#wait = options.timeout;
  }

  /** An authentic datagram has come from the candidate. */
  heard(bytes: number): void {
    this.#credit += amplification * bytes;
  }

  /** Whether so many bytes may be sent to the candidate; if so, they are. */
  spend(bytes: number): boolean {
    if (bytes > this.#credit) return false;
    this.#credit -= bytes;
    return true;
  }

  /** Sends a path_challenge, the first one or one more. Each has a cookie of its own, and any of them counts. */
  challenge(now: number): void {
    const cookie = new Uint8Array(routabilityCookieLength);
    this.options.random(cookie);
    this.#cookies.push(cookie);
    this.deadline = now + this.#wait;
    this.#wait *= 2;
    this.challenger.challenge(cookie, this.#asksOld ? undefined : this.candidate);
  }

  /** A path_response or path_drop has come; `from` is undefined where it came from the old address. */
  answered(type: RoutabilityCheckTypeCode, cookie: Uint8Array, from: Endpoint | undefined, now: number): PathVerdict {
    const isHere = this.#asksOld ? from === undefined : from !== undefined && isSame(from, this.candidate);
    if (!isHere || !this.#cookies.some((sent) => sent.every((byte, i) => byte === cookie[i]))) return undefined;
    const isUp = type === RoutabilityCheckType.path_response;
    if (!this.#asksOld) return isUp ? 'valid' : 'invalid';
    // RFC 9853 §5.2: a peer that is still at the old address has not moved.
    if (isUp) return 'invalid';
    this.#askNew(now);
    return undefined;
  }

  /** The deadline has passed. */
  expired(now: number): PathVerdict {
    // RFC 9853 §5.2: an old path that is silent is dead, and the new one is asked.
    if (this.#asksOld) this.#askNew(now);
    else if (this.#cookies.length >= maxChallenges) return 'invalid';
    else this.challenge(now);
    return undefined;
  }

  /** Keeps a datagram until it is known where to. @throws EAGAIN too many wait. */
  hold(data: Uint8Array): Promise<void> {
    if (this.#held.length >= maxHeld || this.#heldBytes + data.length > maxHeldBytes) {
      return Promise.reject(errnoError('EAGAIN', "too much waits until the peer's new address is validated"));
    }
    this.#heldBytes += data.length;
    return new Promise((resolve) => {
      this.#held.push({ data, resolve });
    });
  }

  /** Sends what has waited. */
  release(send: (data: Uint8Array) => Promise<void>): void {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const { data, resolve } of held) resolve(send(data));
  }

  #askNew(now: number): void {
    this.#asksOld = false;
    this.#cookies = [];
    this.#wait = this.options.timeout;
    this.challenge(now);
  }
}

/**
 * A peer that cannot be asked (RFC 9853 was not negotiated) is at a new address. It gets three times as much there as has come from there,
 * until it is heard again after something was sent to it. RFC 9146 §6 asks for a strategy, and leaves which.
 */
export class UnprovenPath {
  readonly deadline = Infinity;
  #credit = 0;
  #hasSent = false;

  /** @param previous Where the peer was last proven to be. */
  constructor(readonly previous: Endpoint) {}

  /** An authentic datagram, newer than all before, has come from the address. True: it is proven. */
  heard(bytes: number): boolean {
    this.#credit += amplification * bytes;
    return this.#hasSent;
  }

  /** Whether so many bytes may be sent; if so, they are. */
  spend(bytes: number): boolean {
    if (bytes > this.#credit) return false;
    this.#credit -= bytes;
    this.#hasSent = true;
    return true;
  }
}

/** Whether two addresses are one. */
export function isSame(a: Endpoint, b: Endpoint): boolean {
  return a.host === b.host && a.port === b.port;
}
