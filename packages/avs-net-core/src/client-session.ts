import type { TlsVersion } from './configuration.js';
import { lengthPrefixed, type SessionCrypto } from './session-crypto.js';

/** What a client's stored state belongs to: it is opened for the same only. */
export interface SessionScope {
  /** Whose form the state has: a backend's name, and its library's version where that has a say in the form. */
  readonly backend: string;
  readonly psk: { readonly key: Uint8Array; readonly identity: Uint8Array };
  /** Host and port as given to `connect`. */
  readonly peer: string;
  readonly serverName: string | undefined;
  /** The lowest that is allowed. */
  readonly version: TlsVersion;
  /** Those that are offered, as on the wire. */
  readonly ciphersuites: readonly number[];
  /** What is asked for, bytes. RFC 6066 §4: it holds for resumed sessions as well. */
  readonly maxFragmentLength: number | undefined;
}

/** A session for storage. */
export interface StorableSession {
  /** The backend's own form, secret. */
  readonly state: Uint8Array;
  /** When it must no longer be offered: milliseconds since 1970. */
  readonly expires: number;
}

/** What can be stored: a session that may shorten a later handshake, or an association that goes on without one. */
export type StoredKind = 'session' | 'association';

/** "AVS", what it is, and the version of the form. */
const magics: Readonly<Record<StoredKind, Uint8Array>> = {
  session: Uint8Array.of(0x41, 0x56, 0x53, 0x53, 2),
  association: Uint8Array.of(0x41, 0x56, 0x53, 0x41, 2),
};

const encoder = new TextEncoder();

const keyLabel = encoder.encode('avs-net client session');

/** RFC 5246 §F.1.4: no session should be older, ms. */
const longestLifetime = 86_400_000;

/** When a session made now expires, given the server's lifetime hint in seconds: 0 says nothing. RFC 5077 §3.3. */
export function sessionExpiry(date: number, lifetimeHint: number): number {
  return date + Math.min(lifetimeHint > 0 ? lifetimeHint * 1_000 : longestLifetime, longestLifetime);
}

/**
 * For backends: a client's state for storage, sealed under a key that comes from the pre-shared key. Without that it can be neither read nor
 * changed nor made up, and in another scope it does not open. Someone who can write to the storage can bring back an older state of the
 * same scope.
 */
export function sealState(crypto: SessionCrypto, kind: StoredKind, scope: SessionScope, state: Uint8Array): Uint8Array {
  const magic = magics[kind];
  const key = crypto.hmac(scope.psk.key, keyLabel);
  const sealed = crypto.seal(key, additionalData(magic, scope), state);
  key.fill(0);
  const stored = new Uint8Array(magic.length + sealed.length);
  stored.set(magic);
  stored.set(sealed, magic.length);
  return stored;
}

/** For backends: the state in `stored`, in bytes of its own; undefined when that is anything but one of this kind and scope. */
export function openState(
  crypto: SessionCrypto,
  kind: StoredKind,
  scope: SessionScope,
  stored: Uint8Array,
): Uint8Array | undefined {
  const magic = magics[kind];
  if (stored.length < magic.length || !magic.every((byte, i) => byte === stored[i])) return undefined;
  const key = crypto.hmac(scope.psk.key, keyLabel);
  const state = crypto.open(key, additionalData(magic, scope), stored.subarray(magic.length));
  key.fill(0);
  return state;
}

/** As {@link sealState}, with the date when it expires. That an older session can be brought back is as harmless as offering it was. */
export function sealSession(crypto: SessionCrypto, scope: SessionScope, session: StorableSession): Uint8Array {
  const plaintext = new Uint8Array(8 + session.state.length);
  new DataView(plaintext.buffer).setFloat64(0, session.expires);
  plaintext.set(session.state, 8);
  const stored = sealState(crypto, 'session', scope, plaintext);
  plaintext.fill(0);
  return stored;
}

/** As {@link openState}; undefined also when it has expired. */
export function openSession(
  crypto: SessionCrypto,
  scope: SessionScope,
  stored: Uint8Array,
  date: number,
): StorableSession | undefined {
  const plaintext = openState(crypto, 'session', scope, stored);
  if (!plaintext || plaintext.length < 8) return undefined;
  const expires = new DataView(plaintext.buffer, plaintext.byteOffset).getFloat64(0);
  const state = expires > date ? plaintext.slice(8) : undefined;
  plaintext.fill(0);
  return state && { state, expires };
}

function additionalData(magic: Uint8Array, scope: SessionScope): Uint8Array {
  const text = (part: string): Uint8Array => encoder.encode(part);
  return lengthPrefixed([
    magic,
    text(scope.backend),
    scope.psk.identity,
    text(scope.peer),
    text(scope.serverName ?? ''),
    text(scope.version),
    Uint8Array.from(scope.ciphersuites.flatMap((suite) => [suite >>> 8, suite])),
    text(String(scope.maxFragmentLength ?? '')),
  ]);
}
