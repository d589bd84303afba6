import {
  MemorySessionCache,
  type ResumptionSettings,
  type SessionCache,
  type TicketKeySource,
  ticketKeyLength,
} from '@avs-net/core';
import { type Ciphersuite, ciphersuite } from '../ciphersuites.js';
import { constantTimeEqual } from '../crypto/constant-time.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { DecodeError, Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';
import { open, seal } from './sealed.js';

/** What a server needs to resume. Only sessions with an extended master secret are kept (RFC 7627 §5.3). */
export interface ServerSession {
  readonly suite: Ciphersuite;
  /** 48 bytes, secret. */
  readonly master: Uint8Array;
  readonly encryptThenMac: boolean;
  readonly identity: Uint8Array;
  /** Tells whether the identity still has the key that it had: 16 bytes of an HMAC under it. */
  readonly keyCheck: Uint8Array;
  readonly serverName: string | undefined;
  /** When it was made: milliseconds since 1970. */
  readonly created: number;
}

const version = 1;
const nameLength = 16;
const keyCheckLabel = new TextEncoder().encode('avs-net session key check');

/** The sessions of a listener: by ID in a cache, and as tickets (RFC 5077). What either gives back is hostile until it has been checked. */
export class ServerSessions {
  readonly #cache: SessionCache | undefined;
  readonly #ownCache: MemorySessionCache | undefined;
  readonly #keys: TicketKeySource | undefined;
  readonly #ownKeys: RotatingTicketKeys | undefined;
  /** ms. */
  readonly lifetime: number;

  constructor(
    private readonly provider: CryptoProvider,
    private readonly random: (bytes: Uint8Array) => void,
    /** Milliseconds since 1970. */
    private readonly date: () => number,
    { cache, tickets, lifetime }: ResumptionSettings,
  ) {
    this.lifetime = lifetime;
    this.#ownCache =
      cache === undefined ? new MemorySessionCache(1_000, { now: date, setTimeout, clearTimeout }) : undefined;
    this.#cache = cache === false ? undefined : (cache ?? this.#ownCache);
    this.#ownKeys = tickets === undefined ? new RotatingTicketKeys(random, date, lifetime) : undefined;
    this.#keys = tickets === false ? undefined : (tickets ?? this.#ownKeys);
  }

  get hasCache(): boolean {
    return this.#cache !== undefined;
  }

  get hasTickets(): boolean {
    return this.#keys !== undefined;
  }

  now(): number {
    return this.date();
  }

  /** A ticket that holds the session. */
  issueTicket(session: ServerSession): Uint8Array {
    const [key] = this.#keys?.keys() ?? [];
    if (key?.length !== ticketKeyLength) throw new Error('there is no ticket key of 48 bytes');
    const name = key.subarray(0, nameLength);
    const plaintext = encode(session);
    const sealed = seal(this.provider, this.random, key.subarray(nameLength), name, plaintext);
    plaintext.fill(0);
    return new Writer(nameLength + sealed.length).bytes(name).bytes(sealed).finish();
  }

  /** The session in a ticket; undefined when it is not one of ours, or too old. */
  openTicket(ticket: Uint8Array): ServerSession | undefined {
    const name = ticket.subarray(0, nameLength);
    for (const key of this.#keys?.keys() ?? []) {
      if (key.length !== ticketKeyLength || !constantTimeEqual(key.subarray(0, nameLength), name)) continue;
      const plaintext = open(this.provider, key.subarray(nameLength), name, ticket.subarray(nameLength));
      if (plaintext) return this.#decode(plaintext);
    }
    return undefined;
  }

  /** Keeps the session under an ID. */
  async keep(id: Uint8Array, session: ServerSession): Promise<void> {
    const state = encode(session);
    await this.#cache?.set(id.slice(), state, this.lifetime);
  }

  /** The session of an ID; undefined when there is none, or it is too old. */
  async find(id: Uint8Array): Promise<ServerSession | undefined> {
    const state = await this.#cache?.get(id.slice());
    return state && this.#decode(state.slice());
  }

  /** What `ServerSession.keyCheck` is for this key. */
  keyCheck(key: Uint8Array): Uint8Array {
    const mac = this.provider.mac('sha256', key);
    const check = mac.compute(keyCheckLabel).slice(0, 16);
    mac.destroy();
    return check;
  }

  /** Wipes what is this listener's own. */
  destroy(): void {
    this.#ownCache?.clear();
    this.#ownKeys?.destroy();
  }

  #decode(state: Uint8Array): ServerSession | undefined {
    try {
      const session = decode(new Reader(state));
      const age = this.date() - (session?.created ?? 0);
      return session && age >= 0 && age < this.lifetime ? session : undefined;
    } catch (error) {
      if (error instanceof DecodeError) return undefined;
      throw error;
    } finally {
      state.fill(0);
    }
  }
}

/** Keys of a listener's own: a new one when the last has served for a lifetime, and the one before opens what it has sealed. */
class RotatingTicketKeys implements TicketKeySource {
  #keys: Uint8Array[] = [];
  #born = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly random: (bytes: Uint8Array) => void,
    private readonly date: () => number,
    private readonly lifetime: number,
  ) {}

  keys(): readonly Uint8Array[] {
    const now = this.date();
    if (now - this.#born >= this.lifetime) {
      const key = new Uint8Array(ticketKeyLength);
      this.random(key);
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

function encode(session: ServerSession): Uint8Array {
  const writer = new Writer(160)
    .u8(version)
    .u16(session.suite.id)
    .u8(session.encryptThenMac ? 1 : 0)
    .vector8(session.master)
    .vector16(session.identity)
    .vector8(session.keyCheck)
    .vector16(new TextEncoder().encode(session.serverName ?? ''))
    .u48(session.created);
  const state = writer.finish();
  writer.wipe();
  return state;
}

function decode(reader: Reader): ServerSession | undefined {
  if (reader.u8() !== version) return undefined;
  const suite = ciphersuite(reader.u16());
  const encryptThenMac = reader.u8() === 1;
  const master = reader.vector8(48, 48).slice();
  const identity = reader.vector16().slice();
  const keyCheck = reader.vector8(16, 16).slice();
  const name = new TextDecoder().decode(reader.vector16());
  const created = reader.u48();
  reader.expectEnd('session');
  const serverName = name === '' ? undefined : name;
  return suite && { suite, encryptThenMac, master, identity, keyCheck, serverName, created };
}
