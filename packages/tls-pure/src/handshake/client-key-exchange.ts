import type { Ciphersuite } from '../ciphersuites.js';
import { Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';

/** RFC 4279 §2, and RFC 5489 §2 with its ClientECDiffieHellmanPublic. */
export interface ClientKeyExchange {
  readonly identity: Uint8Array;
  /** In ECDHE_PSK suites only. */
  readonly publicKey: Uint8Array | undefined;
}

/** Views, not copies. */
export function decodeClientKeyExchange(body: Uint8Array, keyExchange: Ciphersuite['keyExchange']): ClientKeyExchange {
  const reader = new Reader(body);
  const identity = reader.vector16();
  const publicKey = keyExchange === 'ECDHE_PSK' ? reader.vector8(1) : undefined;
  reader.expectEnd('ClientKeyExchange');
  return { identity, publicKey };
}

export function encodeClientKeyExchange({ identity, publicKey }: ClientKeyExchange): Uint8Array {
  const writer = new Writer().vector16(identity);
  if (publicKey) writer.vector8(publicKey);
  return writer.finish();
}
