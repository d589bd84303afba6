import { type CiphersuiteName, CiphersuiteNumber } from '@avs-net/core';

/** How much a suite's records add. */
export type Protection =
  | { readonly kind: 'aead'; readonly explicitNonceLength: number; readonly tagLength: number }
  | { readonly kind: 'cbc'; readonly macLength: number };

/** A suite that this backend knows; whether the OpenSSL at hand has it is another question. */
export interface Ciphersuite {
  /** As on the wire. */
  readonly number: number;
  /** As in the IANA registry "TLS Cipher Suites". */
  readonly name: CiphersuiteName;
  readonly opensslName: string;
  readonly protection: Protection;
}

const aead = (explicitNonceLength: number, tagLength: number): Protection => ({
  kind: 'aead',
  explicitNonceLength,
  tagLength,
});
const full = aead(8, 16);
const short = aead(8, 8);
// RFC 7905 §2: the nonce is not sent.
const chacha = aead(0, 16);
const cbc: Protection = { kind: 'cbc', macLength: 32 };
const cbcWithSha1: Protection = { kind: 'cbc', macLength: 20 };

const suite = (name: CiphersuiteName, opensslName: string, protection: Protection): Ciphersuite => ({
  number: CiphersuiteNumber[name],
  name,
  opensslName,
  protection,
});

/**
 * Every suite, in the default order of preference: forward secrecy first, then AEADs with full tags, then the short tags that
 * constrained devices use, and CBC last. OpenSSL has no ECDHE_PSK with AES-GCM or CCM (RFC 8442).
 */
export const ciphersuites: readonly Ciphersuite[] = [
  suite('TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-PSK-CHACHA20-POLY1305', chacha),
  suite('TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256', 'ECDHE-PSK-AES128-CBC-SHA256', cbc),
  suite('TLS_PSK_WITH_AES_128_GCM_SHA256', 'PSK-AES128-GCM-SHA256', full),
  suite('TLS_PSK_WITH_AES_256_GCM_SHA384', 'PSK-AES256-GCM-SHA384', full),
  suite('TLS_PSK_WITH_AES_128_CCM', 'PSK-AES128-CCM', full),
  suite('TLS_PSK_WITH_AES_256_CCM', 'PSK-AES256-CCM', full),
  suite('TLS_PSK_WITH_CHACHA20_POLY1305_SHA256', 'PSK-CHACHA20-POLY1305', chacha),
  suite('TLS_PSK_WITH_AES_128_CCM_8', 'PSK-AES128-CCM8', short),
  suite('TLS_PSK_WITH_AES_256_CCM_8', 'PSK-AES256-CCM8', short),
  suite('TLS_PSK_WITH_AES_128_CBC_SHA256', 'PSK-AES128-CBC-SHA256', cbc),
];

/** What most peers without DTLS 1.2 have and no other needs: used only where DTLS 1.0 is asked for. */
const dtls10Ciphersuites: readonly Ciphersuite[] = [
  suite('TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA', 'ECDHE-PSK-AES128-CBC-SHA', cbcWithSha1),
  suite('TLS_PSK_WITH_AES_128_CBC_SHA', 'PSK-AES128-CBC-SHA', cbcWithSha1),
];

/** Those of {@link ciphersuites} that are among `available`; with `dtls10` also what is there for DTLS 1.0 only. */
export function availableCiphersuites(
  available: readonly { readonly number: number }[],
  dtls10 = false,
): readonly Ciphersuite[] {
  const numbers = new Set(available.map(({ number }) => number));
  return [...ciphersuites, ...(dtls10 ? dtls10Ciphersuites : [])].filter(({ number }) => numbers.has(number));
}
