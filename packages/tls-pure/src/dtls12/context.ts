import type { Ciphersuite } from '../ciphersuites.js';
import type { CryptoProvider } from '../crypto/provider.js';

/** What all associations of one socket or listener share. */
export interface Context {
  readonly provider: CryptoProvider;
  readonly random: (bytes: Uint8Array) => void;
  readonly onKeyLog: ((line: string) => void) | undefined;
  /** In order of preference, never empty. */
  readonly suites: readonly Ciphersuite[];
}

/** What a client's associations share. */
export interface ClientContext extends Context {
  readonly psk: { readonly key: Uint8Array; readonly identity: Uint8Array };
  /** RFC 6066 §4: what the client asks for, if it does. */
  readonly maxFragmentLength: number | undefined;
}

/** What a server's associations share. */
export interface ServerContext extends Context {
  readonly identityHint: Uint8Array | undefined;
  /** The key of an identity, a copy that the handshake wipes; undefined when the identity is not known. */
  resolve(identity: Uint8Array): Promise<Uint8Array | undefined>;
}

/** `length` bytes from the context's source of randomness. */
export function randomBytes(context: Context, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  context.random(bytes);
  return bytes;
}
