import { CiphersuiteNumber } from '@avs-net/core';
import type { BackendPair } from './backend-pair.js';

/** What the suite knows about a ciphersuite without asking a backend. */
export interface KnownCiphersuite {
  readonly keyExchange: 'PSK' | 'ECDHE_PSK';
  readonly kind: 'aead' | 'cbc';
  /**
   * AEAD only: bytes that a DTLS 1.2 record adds to its plaintext: the header of 13 (RFC 6347 §4.1), an explicit nonce of 8
   * except with ChaCha20 (RFC 5288 §3, RFC 6655 §3, RFC 7905 §2), and the tag.
   */
  readonly overhead?: number;
}

const known = new Map<number, KnownCiphersuite>([
  [0xd001, { keyExchange: 'ECDHE_PSK', kind: 'aead', overhead: 37 }],
  [0xd002, { keyExchange: 'ECDHE_PSK', kind: 'aead', overhead: 37 }],
  [0xd003, { keyExchange: 'ECDHE_PSK', kind: 'aead', overhead: 29 }],
  [0xd005, { keyExchange: 'ECDHE_PSK', kind: 'aead', overhead: 37 }],
  [0xccac, { keyExchange: 'ECDHE_PSK', kind: 'aead', overhead: 29 }],
  [0xc037, { keyExchange: 'ECDHE_PSK', kind: 'cbc' }],
  [0xc038, { keyExchange: 'ECDHE_PSK', kind: 'cbc' }],
  [0x00a8, { keyExchange: 'PSK', kind: 'aead', overhead: 37 }],
  [0x00a9, { keyExchange: 'PSK', kind: 'aead', overhead: 37 }],
  [0xc0a4, { keyExchange: 'PSK', kind: 'aead', overhead: 37 }],
  [0xc0a5, { keyExchange: 'PSK', kind: 'aead', overhead: 37 }],
  [0xc0a8, { keyExchange: 'PSK', kind: 'aead', overhead: 29 }],
  [0xc0a9, { keyExchange: 'PSK', kind: 'aead', overhead: 29 }],
  [0xccab, { keyExchange: 'PSK', kind: 'aead', overhead: 29 }],
  [0x00ae, { keyExchange: 'PSK', kind: 'cbc' }],
  [0x00af, { keyExchange: 'PSK', kind: 'cbc' }],
]);

/** A number that no ciphersuite has: the range is for private use. RFC 8447 §8. */
export const unassignedCiphersuite = 0xfffe;

/** Never fits the mode `psk`. */
export const certificateCiphersuite = CiphersuiteNumber.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;

/** What is known about a suite, or undefined. */
export function knownCiphersuite(id: number): KnownCiphersuite | undefined {
  return known.get(id);
}

/** The suites for pre-shared keys that both backends have, in the client's order. */
export function commonCiphersuites({ client, server }: BackendPair): readonly number[] {
  return client.capabilities.ciphersuites.filter(
    (id) => server.capabilities.ciphersuites.includes(id) && known.has(id),
  );
}

/** A common suite without a key agreement, so that hundreds of handshakes take no time: the one of LwM2M where both have it. */
export function lightCiphersuite(backends: BackendPair): number {
  const common = commonCiphersuites(backends);
  const light = common.includes(0xc0a8) ? 0xc0a8 : common.find((id) => known.get(id)?.keyExchange === 'PSK');
  const chosen = light ?? common[0];
  if (chosen === undefined) throw new Error('the two backends have no ciphersuite for pre-shared keys in common');
  return chosen;
}
