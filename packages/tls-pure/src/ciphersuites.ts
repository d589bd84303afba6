import type { AeadName, HashName } from './crypto/provider.js';

/** How a suite protects records with an AEAD. RFC 5246 §6.2.3.3. */
export interface AeadProtectionParameters {
  readonly kind: 'aead';
  readonly algorithm: AeadName;
  readonly keyLength: number;
  /** Bytes of the nonce that come from the key block. */
  readonly fixedIvLength: number;
  /** Bytes of the nonce that each record carries; 0 for ChaCha20-Poly1305 (RFC 7905 §2). */
  readonly explicitNonceLength: number;
  readonly tagLength: number;
}

/** How a suite protects records with AES-128-CBC and HMAC-SHA-256. RFC 5246 §6.2.3.2, RFC 7366. */
export interface CbcProtectionParameters {
  readonly kind: 'cbc';
  readonly keyLength: number;
  readonly macKeyLength: number;
}

/** A ciphersuite: what a handshake with it does and how its records look. */
export interface Ciphersuite {
  /** As on the wire. */
  readonly id: number;
  /** As in the IANA registry "TLS Cipher Suites". */
  readonly name: string;
  readonly keyExchange: 'PSK' | 'ECDHE_PSK';
  /** Of the PRF and the handshake's transcript. */
  readonly hash: HashName;
  readonly protection: AeadProtectionParameters | CbcProtectionParameters;
}

const aead = (
  algorithm: AeadName,
  keyLength: number,
  tagLength: number,
  explicitNonceLength = 8,
): AeadProtectionParameters => ({
  kind: 'aead',
  algorithm,
  keyLength,
  fixedIvLength: 12 - explicitNonceLength,
  explicitNonceLength,
  tagLength,
});

const ccm8 = aead('AES_128_CCM_8', 16, 8);
const ccm = aead('AES_128_CCM', 16, 16);
const ccm256 = aead('AES_256_CCM', 32, 16);
const ccm256_8 = aead('AES_256_CCM_8', 32, 8);
const gcm = aead('AES_128_GCM', 16, 16);
const gcm256 = aead('AES_256_GCM', 32, 16);
const chacha = aead('CHACHA20_POLY1305', 32, 16, 0);
const cbc: CbcProtectionParameters = { kind: 'cbc', keyLength: 16, macKeyLength: 32 };

const suite = (
  id: number,
  name: string,
  keyExchange: Ciphersuite['keyExchange'],
  protection: Ciphersuite['protection'],
  hash: HashName = 'sha256',
): Ciphersuite => ({ id, name, keyExchange, hash, protection });

/**
 * Every suite, in the default order of preference: forward secrecy first, then AEADs with full tags, then the short tags that
 * constrained devices use, and CBC last. RFC 5487, RFC 5489, RFC 6655, RFC 7905, RFC 8442.
 */
export const ciphersuites: readonly Ciphersuite[] = [
  suite(0xd001, 'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256', 'ECDHE_PSK', gcm),
  suite(0xccac, 'TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE_PSK', chacha),
  suite(0xd003, 'TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256', 'ECDHE_PSK', ccm8),
  suite(0xc037, 'TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256', 'ECDHE_PSK', cbc),
  suite(0x00a8, 'TLS_PSK_WITH_AES_128_GCM_SHA256', 'PSK', gcm),
  suite(0x00a9, 'TLS_PSK_WITH_AES_256_GCM_SHA384', 'PSK', gcm256, 'sha384'),
  suite(0xc0a4, 'TLS_PSK_WITH_AES_128_CCM', 'PSK', ccm),
  suite(0xc0a5, 'TLS_PSK_WITH_AES_256_CCM', 'PSK', ccm256),
  suite(0xccab, 'TLS_PSK_WITH_CHACHA20_POLY1305_SHA256', 'PSK', chacha),
  suite(0xc0a8, 'TLS_PSK_WITH_AES_128_CCM_8', 'PSK', ccm8),
  suite(0xc0a9, 'TLS_PSK_WITH_AES_256_CCM_8', 'PSK', ccm256_8),
  suite(0x00ae, 'TLS_PSK_WITH_AES_128_CBC_SHA256', 'PSK', cbc),
];

const byId = new Map(ciphersuites.map((each) => [each.id, each]));

/** The suite with this number, or undefined. */
export function ciphersuite(id: number): Ciphersuite | undefined {
  return byId.get(id);
}

/** The IANA name of a suite, or its number as `0xC0FF` when it is not one of ours. */
export function ciphersuiteName(id: number): string {
  return byId.get(id)?.name ?? `0x${id.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** The number of a suite by its IANA name, in any case, or undefined when it is not one of ours. */
export function ciphersuiteByName(name: string): number | undefined {
  const wanted = name.toUpperCase();
  return ciphersuites.find((each) => each.name === wanted)?.id;
}
