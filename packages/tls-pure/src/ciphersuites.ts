import { type CiphersuiteName, CiphersuiteNumber } from '@avs-net/core';
import type { AeadName, HashName } from './crypto/provider.js';

/**
 * How much may be done with one key, in records whatever their size. RFC 9325 §4.4.
 *
 * A sender ends the association at the first limit, a receiver at the second: renegotiation, which could change keys, is refused.
 */
export interface UsageLimits {
  /** Records that are protected: beyond it an observer might learn something of the plaintext. */
  readonly records: number;
  /** Records that fail authentication: beyond it one of them might pass. Some 2^23 datagrams from a forger at least. */
  readonly forgeries: number;
}

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
  readonly limits: UsageLimits;
}

/** How a suite protects records with AES-128-CBC and HMAC-SHA-256. RFC 5246 §6.2.3.2, RFC 7366. */
export interface CbcProtectionParameters {
  readonly kind: 'cbc';
  readonly keyLength: number;
  readonly macKeyLength: number;
  readonly limits: UsageLimits;
}

/** A ciphersuite: what a handshake with it does and how its records look. */
export interface Ciphersuite {
  /** As on the wire. */
  readonly id: number;
  /** As in the IANA registry "TLS Cipher Suites". */
  readonly name: CiphersuiteName;
  readonly keyExchange: 'PSK' | 'ECDHE_PSK';
  /** Of the PRF and the handshake's transcript. */
  readonly hash: HashName;
  readonly protection: AeadProtectionParameters | CbcProtectionParameters;
}

/** RFC 9325 §4.4. */
const gcmLimits: UsageLimits = { records: Math.floor(2 ** 24.5), forgeries: 2 ** 28 };

/**
 * RFC 9147 §4.5.3. With tags of 8 bytes no limit both keeps forgery as unlikely and lets nobody end associations cheaply: 2^7 forgeries
 * would be too many by the same measure. Those suites take this limit as well. To end an association costs as much as with full tags
 * then, and a forgery passes in one association of 2^40 that somebody attacks to the limit.
 */
const ccmLimits: UsageLimits = { records: 2 ** 23, forgeries: Math.floor(2 ** 23.5) };

/** RFC 8446 §5.5: sequence numbers end before the key is worn. RFC 9147 §4.5.3. */
const chachaLimits: UsageLimits = { records: 2 ** 48, forgeries: 2 ** 36 };

/** No RFC limits CBC. The block is that of GCM, and the bound of its birthdays; and whoever measures padding needs many tries. */
const cbcLimits = gcmLimits;

const aead = (
  algorithm: AeadName,
  keyLength: number,
  tagLength: number,
  limits: UsageLimits,
  explicitNonceLength = 8,
): AeadProtectionParameters => ({
  kind: 'aead',
  algorithm,
  keyLength,
  fixedIvLength: 12 - explicitNonceLength,
  explicitNonceLength,
  tagLength,
  limits,
});

const ccm8 = aead('AES_128_CCM_8', 16, 8, ccmLimits);
const ccm = aead('AES_128_CCM', 16, 16, ccmLimits);
const ccm256 = aead('AES_256_CCM', 32, 16, ccmLimits);
const ccm256_8 = aead('AES_256_CCM_8', 32, 8, ccmLimits);
const gcm = aead('AES_128_GCM', 16, 16, gcmLimits);
const gcm256 = aead('AES_256_GCM', 32, 16, gcmLimits);
const chacha = aead('CHACHA20_POLY1305', 32, 16, chachaLimits, 0);
const cbc: CbcProtectionParameters = { kind: 'cbc', keyLength: 16, macKeyLength: 32, limits: cbcLimits };

const suite = (
  name: CiphersuiteName,
  keyExchange: Ciphersuite['keyExchange'],
  protection: Ciphersuite['protection'],
  hash: HashName = 'sha256',
): Ciphersuite => ({ id: CiphersuiteNumber[name], name, keyExchange, hash, protection });

/**
 * Every suite, in the default order of preference: forward secrecy first, then AEADs with full tags, then the short tags that
 * constrained devices use, and CBC last. RFC 5487, RFC 5489, RFC 6655, RFC 7905, RFC 8442.
 */
export const ciphersuites: readonly Ciphersuite[] = [
  suite('TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256', 'ECDHE_PSK', gcm),
  suite('TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE_PSK', chacha),
  suite('TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256', 'ECDHE_PSK', ccm8),
  suite('TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256', 'ECDHE_PSK', cbc),
  suite('TLS_PSK_WITH_AES_128_GCM_SHA256', 'PSK', gcm),
  suite('TLS_PSK_WITH_AES_256_GCM_SHA384', 'PSK', gcm256, 'sha384'),
  suite('TLS_PSK_WITH_AES_128_CCM', 'PSK', ccm),
  suite('TLS_PSK_WITH_AES_256_CCM', 'PSK', ccm256),
  suite('TLS_PSK_WITH_CHACHA20_POLY1305_SHA256', 'PSK', chacha),
  suite('TLS_PSK_WITH_AES_128_CCM_8', 'PSK', ccm8),
  suite('TLS_PSK_WITH_AES_256_CCM_8', 'PSK', ccm256_8),
  suite('TLS_PSK_WITH_AES_128_CBC_SHA256', 'PSK', cbc),
];

const byId = new Map(ciphersuites.map((each) => [each.id, each]));

/** The suite with this number, or undefined. */
export function ciphersuite(id: number): Ciphersuite | undefined {
  return byId.get(id);
}
