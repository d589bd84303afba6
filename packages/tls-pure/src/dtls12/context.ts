import { errnoError, type PskClient, type ServerSessions } from '@avs-net/core';
import type { Ciphersuite } from '../ciphersuites.js';
import type { CryptoProvider } from '../crypto/provider.js';

/** What all associations of one socket or listener share. */
export interface Context {
  readonly provider: CryptoProvider;
  readonly random: (bytes: Uint8Array) => void;
  readonly onKeyLog: ((line: string) => void) | undefined;
  /** Milliseconds since 1970. */
  readonly date: () => number;
  /** In order of preference, never empty. */
  readonly suites: readonly Ciphersuite[];
  /** Records with a connection ID are padded to multiples of as many bytes, 1 or more (RFC 9146 §4); undefined: none are negotiated. */
  readonly recordPadding?: number | undefined;
  /** Agree on return routability checks where connection IDs are negotiated. Default true. RFC 9853 §3. */
  readonly returnRoutabilityCheck?: boolean | undefined;
}

/** A client's key and identity. Owns the bytes that it is given. */
export class PskCredentials {
  readonly #key: Uint8Array;
  readonly identity: Uint8Array;
  #wiped = false;

  constructor(key: Uint8Array, identity: Uint8Array) {
    this.#key = key;
    this.identity = identity;
  }

  /** @throws EBADF after `wipe`: nothing must go on with a key of zeros. */
  get key(): Uint8Array {
    if (this.#wiped) throw errnoError('EBADF', 'the credentials were wiped');
    return this.#key;
  }

  wipe(): void {
    this.#wiped = true;
    this.#key.fill(0);
    this.identity.fill(0);
  }
}

/** What a client's associations share. */
export interface ClientContext extends Context {
  readonly psk: PskCredentials;
  /** RFC 6066 §4: what the client asks for, if it does. */
  readonly maxFragmentLength: number | undefined;
  /** Go on with a server that does not know renegotiation_info. RFC 5746 §4.1. */
  readonly legacyServers?: boolean;
}

/** What a server's associations share. */
export interface ServerContext extends Context {
  readonly identityHint: Uint8Array | undefined;
  /** The client's order of suites decides, not that of `suites`. */
  readonly clientOrder?: boolean;
  /** Undefined: every handshake is a full one. */
  readonly sessions?: ServerSessions | undefined;
  /** The key of an identity, a copy that the handshake wipes; undefined when the identity is not known. */
  resolve(identity: Uint8Array, client: PskClient): Promise<Uint8Array | undefined>;
}

/** `length` bytes from the context's source of randomness. */
export function randomBytes(context: Context, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  context.random(bytes);
  return bytes;
}
