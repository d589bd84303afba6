import type { SessionCache, TicketKeySource } from './configuration.js';
import { constantTimeEqual } from './constant-time.js';
import { MemorySessionCache } from './session-cache.js';
import { lengthPrefixed, lengthPrefixedParts, type SessionCrypto } from './session-crypto.js';
import { ticketKeyLength } from './ticket-keys.js';
import type { ResumptionSettings } from './tls-settings.js';

/** Whom a server's session belongs to, whatever else the backend keeps of it. */
export interface SessionOwner {
  /** The PSK identity. */
  readonly identity: Uint8Array;
  /** Tells whether the identity still has the key that it had: {@link ServerSessions.keyCheck} of that. */
  readonly keyCheck: Uint8Array;
  readonly serverName: string | undefined;
  /** When the full handshake was: milliseconds since 1970. */
  readonly created: number;
}

/** Bytes of the name in front of a ticket key, and of every ticket. RFC 5077 §4. */
export const ticketKeyNameLength = 16;

const keyCheckLabel = /* @__PURE__ */ (() => new TextEncoder().encode('avs-net session key check'))();
const keyCheckLength = 16;

/**
 * For backends: the sessions of a listener, by ID in a cache, and the keys of its tickets (RFC 5077). What either gives back is hostile until it
 * has been checked; no failure of theirs is more than a full handshake.
 */
export class ServerSessions {
  readonly #cache: SessionCache | undefined;
  readonly #ownCache: MemorySessionCache | undefined;
  readonly #keys: TicketKeySource | undefined;
  readonly #ownKeys: RotatingTicketKeys | undefined;
  /** ms. */
  readonly lifetime: number;

  constructor(
    private readonly crypto: SessionCrypto,
    /** Milliseconds since 1970. */
    private readonly date: () => number,
    { cache, tickets, lifetime }: ResumptionSettings,
  ) {
    this.lifetime = lifetime;
    this.#ownCache =
      cache === undefined ? new MemorySessionCache(1_000, { now: date, setTimeout, clearTimeout }) : undefined;
    this.#cache = cache === false ? undefined : (cache ?? this.#ownCache);
    this.#ownKeys = tickets === undefined ? new RotatingTicketKeys(crypto, date, lifetime) : undefined;
    this.#keys = tickets === false ? undefined : (tickets ?? this.#ownKeys);
  }

  get hasCache(): boolean {
    return this.#cache !== undefined;
  }

  /** The key for new tickets, a view; undefined when none are to be made, or the source has no key of 48 bytes. */
  get ticketKey(): Uint8Array | undefined {
    return this.#ticketKeys()[0];
  }

  /** The keys that may open a ticket, by the name in front of it; views. */
  ticketKeysFor(ticket: Uint8Array): readonly Uint8Array[] {
    const name = ticket.subarray(0, ticketKeyNameLength);
    return this.#ticketKeys().filter((key) => constantTimeEqual(key.subarray(0, ticketKeyNameLength), name));
  }

  /** Keeps a session under an ID. A cache that fails costs a full handshake later, not this one. */
  keep(id: Uint8Array, state: Uint8Array): void {
    this.#tell((cache) => cache.set(Uint8Array.from(id), Uint8Array.from(state), this.lifetime));
  }

  /** What is kept under an ID, a copy; undefined when there is nothing. */
  async find(id: Uint8Array): Promise<Uint8Array | undefined> {
    const state = await this.#cache?.get(Uint8Array.from(id));
    return state instanceof Uint8Array ? Uint8Array.from(state) : undefined;
  }

  /** RFC 5246 §7.2.2: a session whose connection has ended with a fatal alert must not be resumed. */
  forget(id: Uint8Array): void {
    this.#tell((cache) => cache.delete(Uint8Array.from(id)));
  }

  /** What tells later whether an identity still has this key: 16 bytes. */
  keyCheck(key: Uint8Array): Uint8Array {
    return this.crypto.hmac(key, keyCheckLabel).slice(0, keyCheckLength);
  }

  /** The owner of a session that is made now, in bytes. */
  ownerOf(identity: Uint8Array, keyCheck: Uint8Array, serverName: string | undefined): Uint8Array {
    const created = new Uint8Array(8);
    new DataView(created.buffer).setFloat64(0, this.date());
    return lengthPrefixed([identity, keyCheck, new TextEncoder().encode(serverName ?? ''), created]);
  }

  /**
   * Whether a client that asks for `serverName` may resume a session of this owner: not after its lifetime, nor under another name
   * (RFC 6066 §3), nor when the identity has lost its key or been given another one.
   */
  async admits(
    owner: SessionOwner,
    serverName: string | undefined,
    resolve: (identity: Uint8Array) => Promise<Uint8Array | undefined>,
  ): Promise<boolean> {
    const age = this.date() - owner.created;
    if (!(age >= 0 && age < this.lifetime) || owner.serverName !== serverName) return false;
    const key = await resolve(owner.identity.slice()).catch(() => undefined);
    if (key === undefined) return false;
    const isCurrent = constantTimeEqual(this.keyCheck(key), owner.keyCheck);
    key.fill(0);
    return isCurrent;
  }

  /** Wipes what is this listener's own. */
  destroy(): void {
    this.#ownCache?.clear();
    this.#ownKeys?.destroy();
  }

  #ticketKeys(): readonly Uint8Array[] {
    try {
      return (this.#keys?.keys() ?? []).filter((key) => key.length === ticketKeyLength);
    } catch {
      return [];
    }
  }

  #tell(tell: (cache: SessionCache) => void | Promise<void>): void {
    const cache = this.#cache;
    const told = async (): Promise<void> => cache && tell(cache);
    told().catch(() => undefined);
  }
}

/** What {@link ServerSessions.ownerOf} has made of an owner, in bytes of its own; undefined when `bytes` are nothing of the kind. */
export function decodeSessionOwner(bytes: Uint8Array): SessionOwner | undefined {
  const [identity, keyCheck, name, created] = lengthPrefixedParts(bytes, 4) ?? [];
  if (!identity || keyCheck?.length !== keyCheckLength || !name || created?.length !== 8) return undefined;
  return {
    identity: identity.slice(),
    keyCheck: keyCheck.slice(),
    serverName: name.length === 0 ? undefined : new TextDecoder().decode(name),
    created: new DataView(created.buffer, created.byteOffset).getFloat64(0),
  };
}

/** Keys of a listener's own: a new one when the last has served for a lifetime, and the one before opens what it has sealed. */
class RotatingTicketKeys implements TicketKeySource {
  #keys: Uint8Array[] = [];
  #born = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly crypto: SessionCrypto,
    private readonly date: () => number,
    private readonly lifetime: number,
  ) {}

  keys(): readonly Uint8Array[] {
    const now = this.date();
    if (now - this.#born >= this.lifetime) {
      const key = new Uint8Array(ticketKeyLength);
      this.crypto.random(key);
      const [last, ...older] = this.#keys;
      for (const each of older) each.fill(0);
      this.#keys = last ? [key, last] : [key];
      this.#born = now;
    }
    return this.#keys;
  }

  destroy(): void {
    for (const key of this.#keys) key.fill(0);
    this.#keys = [];
    this.#born = Number.NEGATIVE_INFINITY;
  }
}
