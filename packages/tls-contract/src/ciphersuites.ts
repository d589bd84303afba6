import type { BackendPair } from './backend-pair.js';

/** What the suite knows about a ciphersuite without asking a backend. */
export interface KnownCiphersuite {
  readonly name: string;
  readonly keyExchange: 'PSK' | 'ECDHE_PSK';
  readonly kind: 'aead' | 'cbc';
  /**
   * AEAD only: bytes that a DTLS 1.2 record adds to its plaintext: the header of 13 (RFC 6347 §4.1), an explicit nonce of 8
   * except with ChaCha20 (RFC 5288 §3, RFC 6655 §3, RFC 7905 §2), and the tag.
   */
  readonly overhead?: number;
}

const known = new Map<number, KnownCiphersuite>([
  [0xd001, { name: 'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256', keyExchange: 'ECDHE_PSK', kind: 'aead', overhead: 37 }],
  [0xd002, { name: 'TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384', keyExchange: 'ECDHE_PSK', kind: 'aead', overhead: 37 }],
  [0xd003, { name: 'TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256', keyExchange: 'ECDHE_PSK', kind: 'aead', overhead: 29 }],
  [0xd005, { name: 'TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256', keyExchange: 'ECDHE_PSK', kind: 'aead', overhead: 37 }],
  [0xccac, { name: 'TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305', keyExchange: 'ECDHE_PSK', kind: 'aead', overhead: 29 }],
  [0xc037, { name: 'TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256', keyExchange: 'ECDHE_PSK', kind: 'cbc' }],
  [0xc038, { name: 'TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384', keyExchange: 'ECDHE_PSK', kind: 'cbc' }],
  [0x00a8, { name: 'TLS_PSK_WITH_AES_128_GCM_SHA256', keyExchange: 'PSK', kind: 'aead', overhead: 37 }],
  [0x00a9, { name: 'TLS_PSK_WITH_AES_256_GCM_SHA384', keyExchange: 'PSK', kind: 'aead', overhead: 37 }],
  [0xc0a4, { name: 'TLS_PSK_WITH_AES_128_CCM', keyExchange: 'PSK', kind: 'aead', overhead: 37 }],
  [0xc0a5, { name: 'TLS_PSK_WITH_AES_256_CCM', keyExchange: 'PSK', kind: 'aead', overhead: 37 }],
  [0xc0a8, { name: 'TLS_PSK_WITH_AES_128_CCM_8', keyExchange: 'PSK', kind: 'aead', overhead: 29 }],
  [0xc0a9, { name: 'TLS_PSK_WITH_AES_256_CCM_8', keyExchange: 'PSK', kind: 'aead', overhead: 29 }],
  [0xccab, { name: 'TLS_PSK_WITH_CHACHA20_POLY1305', keyExchange: 'PSK', kind: 'aead', overhead: 29 }],
  [0x00ae, { name: 'TLS_PSK_WITH_AES_128_CBC_SHA256', keyExchange: 'PSK', kind: 'cbc' }],
  [0x00af, { name: 'TLS_PSK_WITH_AES_256_CBC_SHA384', keyExchange: 'PSK', kind: 'cbc' }],
]);

/** A number that no ciphersuite has: the range is for private use. RFC 8447 §8. */
export const unassignedCiphersuite = 0xfffe;

/** TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: never fits the mode `psk`. */
export const certificateCiphersuite = 0xc02b;

/** What is known about a suite, or undefined. */
export function knownCiphersuite(id: number): KnownCiphersuite | undefined {
  return known.get(id);
}

/** A suite by its name, or by its number if the name is not known here. */
export function nameOf(id: number): string {
  return known.get(id)?.name ?? `0x${id.toString(16).toUpperCase().padStart(4, '0')}`;
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
