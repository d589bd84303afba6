import { type Ciphersuite, ciphersuite } from '../ciphersuites.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { DecodeError, Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';
import { open, seal } from './sealed.js';

/** What a client needs to resume: RFC 5246 §7.3, RFC 5077 §3.4. Only sessions with an extended master secret are kept (RFC 7627 §5.3). */
export interface ClientSession {
  readonly suite: Ciphersuite;
  /** 48 bytes, secret. */
  readonly master: Uint8Array;
  readonly encryptThenMac: boolean;
  /** Of the server's choosing; empty when there is a ticket. */
  readonly sessionId: Uint8Array;
  /** Empty when there is a session ID. */
  readonly ticket: Uint8Array;
  /** When it must no longer be offered: milliseconds since 1970. */
  readonly expires: number;
}

/** What a stored session belongs to: it is opened for the same only. */
export interface ClientSessionScope {
  readonly provider: CryptoProvider;
  readonly random: (bytes: Uint8Array) => void;
  readonly psk: { readonly key: Uint8Array; readonly identity: Uint8Array };
  /** Host and port as given to `connect`. */
  readonly peer: string;
  readonly serverName: string | undefined;
  readonly suites: readonly Ciphersuite[];
}

/** "AVSP" for this backend, and the version of the form. */
const sessionMagic = Uint8Array.of(0x41, 0x56, 0x53, 0x50, 1);

/** "AVSA": what begins a live association. */
const associationMagic = Uint8Array.of(0x41, 0x56, 0x53, 0x41, 1);

const keyLabel = new TextEncoder().encode('avs-net tls-pure client session');

/**
 * The session for storage, sealed under a key that comes from the pre-shared key: without that it can be neither read nor changed nor
 * made up, and with another one, or for another peer, name, identity or set of suites, it does not open. Someone who can write to the
 * storage can bring back an older session of the same scope; that is as harmless as offering it was.
 */
export function storeSession(session: ClientSession, scope: ClientSessionScope): Uint8Array {
  const writer = new Writer(256)
    .u16(session.suite.id)
    .u8(session.encryptThenMac ? 1 : 0)
    .vector8(session.master)
    .vector8(session.sessionId)
    .vector16(session.ticket)
    .u48(session.expires);
  const plaintext = writer.finish();
  writer.wipe();
  return store(sessionMagic, plaintext, scope);
}

/** The session in `stored`; undefined when it is anything but one of this scope that has not expired. */
export function restoreSession(stored: Uint8Array, scope: ClientSessionScope, date: number): ClientSession | undefined {
  const plaintext = restore(sessionMagic, stored, scope);
  if (!plaintext) return undefined;
  try {
    const session = decode(new Reader(plaintext));
    if (session && session.expires > date && scope.suites.includes(session.suite)) return session;
    session?.master.fill(0);
    return undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  } finally {
    plaintext.fill(0);
  }
}

/** A live association for storage, as a session is. Wipes `state`. */
export function storeAssociation(state: Uint8Array, scope: ClientSessionScope): Uint8Array {
  return store(associationMagic, state, scope);
}

/** What was given to {@link storeAssociation}; undefined when `stored` is anything but one of this scope. The caller wipes it. */
export function restoreAssociation(stored: Uint8Array, scope: ClientSessionScope): Uint8Array | undefined {
  return restore(associationMagic, stored, scope);
}

function store(magic: Uint8Array, plaintext: Uint8Array, scope: ClientSessionScope): Uint8Array {
  const key = storageKey(scope);
  const sealed = seal(scope.provider, scope.random, key, additionalData(magic, scope), plaintext);
  key.fill(0);
  plaintext.fill(0);
  return new Writer(magic.length + sealed.length).bytes(magic).bytes(sealed).finish();
}

function restore(magic: Uint8Array, stored: Uint8Array, scope: ClientSessionScope): Uint8Array | undefined {
  if (stored.length < magic.length || !magic.every((byte, i) => byte === stored[i])) return undefined;
  const key = storageKey(scope);
  const plaintext = open(scope.provider, key, additionalData(magic, scope), stored.subarray(magic.length));
  key.fill(0);
  return plaintext;
}

function decode(reader: Reader): ClientSession | undefined {
  const suite = ciphersuite(reader.u16());
  const encryptThenMac = reader.u8() === 1;
  const master = reader.vector8(48, 48).slice();
  const sessionId = reader.vector8(0, 32).slice();
  const ticket = reader.vector16().slice();
  const expires = reader.u48();
  reader.expectEnd('session');
  return suite && { suite, encryptThenMac, master, sessionId, ticket, expires };
}

function storageKey({ provider, psk }: ClientSessionScope): Uint8Array {
  const mac = provider.mac('sha256', psk.key);
  const key = mac.compute(keyLabel);
  mac.destroy();
  return key;
}

function additionalData(magic: Uint8Array, { psk, peer, serverName, suites }: ClientSessionScope): Uint8Array {
  const encoder = new TextEncoder();
  return new Writer()
    .bytes(magic)
    .vector16(psk.identity)
    .vector16(encoder.encode(peer))
    .vector16(encoder.encode(serverName ?? ''))
    .nested16((list) => {
      for (const { id } of suites) list.u16(id);
    })
    .finish();
}
