/**
 * Ciphersuites by their names in the IANA registry "TLS Cipher Suites": all that a backend has, and those with pre-shared keys or ECDSA
 * that LwM2M and CoAP name, whoever has them. `ciphersuites` in a configuration takes the numbers. Which of them a backend has is in its
 * `capabilities`.
 */
export const CiphersuiteNumber = {
  // Pre-shared keys alone. RFC 4279, RFC 5487, RFC 6655, RFC 7905
  TLS_PSK_WITH_AES_128_CBC_SHA: 0x008c,
  TLS_PSK_WITH_AES_256_CBC_SHA: 0x008d,
  TLS_PSK_WITH_AES_128_GCM_SHA256: 0x00a8,
  TLS_PSK_WITH_AES_256_GCM_SHA384: 0x00a9,
  TLS_PSK_WITH_AES_128_CBC_SHA256: 0x00ae,
  TLS_PSK_WITH_AES_256_CBC_SHA384: 0x00af,
  TLS_PSK_WITH_AES_128_CCM: 0xc0a4,
  TLS_PSK_WITH_AES_256_CCM: 0xc0a5,
  TLS_PSK_WITH_AES_128_CCM_8: 0xc0a8,
  TLS_PSK_WITH_AES_256_CCM_8: 0xc0a9,
  TLS_PSK_WITH_CHACHA20_POLY1305_SHA256: 0xccab,
  // With a Diffie-Hellman agreement. RFC 5487, RFC 6655, RFC 7905
  TLS_DHE_PSK_WITH_AES_128_GCM_SHA256: 0x00aa,
  TLS_DHE_PSK_WITH_AES_256_GCM_SHA384: 0x00ab,
  TLS_DHE_PSK_WITH_AES_128_CBC_SHA256: 0x00b2,
  TLS_DHE_PSK_WITH_AES_256_CBC_SHA384: 0x00b3,
  TLS_DHE_PSK_WITH_AES_128_CCM: 0xc0a6,
  TLS_DHE_PSK_WITH_AES_256_CCM: 0xc0a7,
  TLS_PSK_DHE_WITH_AES_128_CCM_8: 0xc0aa,
  TLS_PSK_DHE_WITH_AES_256_CCM_8: 0xc0ab,
  TLS_DHE_PSK_WITH_CHACHA20_POLY1305_SHA256: 0xccad,
  // The same on elliptic curves. RFC 5489, RFC 7905, RFC 8442
  TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA: 0xc035,
  TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA: 0xc036,
  TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256: 0xc037,
  TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384: 0xc038,
  TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256: 0xccac,
  TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256: 0xd001,
  TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384: 0xd002,
  TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256: 0xd003,
  TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256: 0xd005,
  // ECDSA certificates and raw public keys. RFC 8422, RFC 5289, RFC 7251, RFC 7905
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 0xc009,
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 0xc00a,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 0xc023,
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384: 0xc024,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 0xc02b,
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 0xc02c,
  TLS_ECDHE_ECDSA_WITH_AES_128_CCM: 0xc0ac,
  TLS_ECDHE_ECDSA_WITH_AES_256_CCM: 0xc0ad,
  TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8: 0xc0ae,
  TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8: 0xc0af,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 0xcca9,
  // TLS 1.3, whatever the keys. RFC 8446 §B.4
  TLS_AES_128_GCM_SHA256: 0x1301,
  TLS_AES_256_GCM_SHA384: 0x1302,
  TLS_CHACHA20_POLY1305_SHA256: 0x1303,
  TLS_AES_128_CCM_SHA256: 0x1304,
  TLS_AES_128_CCM_8_SHA256: 0x1305,
} as const;

/** The name of a ciphersuite in {@link CiphersuiteNumber}, such as `'TLS_PSK_WITH_AES_128_CCM_8'`. */
export type CiphersuiteName = keyof typeof CiphersuiteNumber;

const names = new Map<number, string>(Object.entries(CiphersuiteNumber).map(([name, number]) => [number, name]));
const numbers = new Map<string, number>(Object.entries(CiphersuiteNumber));

/** The registered name of a ciphersuite by its number on the wire, or `0xC0FF` for one that is not in {@link CiphersuiteNumber}. */
export function ciphersuiteName(number: number): string {
  return names.get(number) ?? `0x${number.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** The number of a ciphersuite by its registered name, in any case, or undefined when it is not in {@link CiphersuiteNumber}. */
export function ciphersuiteByName(name: string): number | undefined {
  return numbers.get(name.toUpperCase());
}
