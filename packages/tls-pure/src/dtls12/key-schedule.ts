import type { Ciphersuite } from '../ciphersuites.js';
import { prf } from '../crypto/prf.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { AeadProtection } from '../record/aead-protection.js';
import { CbcProtection } from '../record/cbc-protection.js';
import type { RecordProtection } from '../record/protection.js';
import { Writer } from '../wire/writer.js';

/** The randoms of both hellos, 32 bytes each. */
export interface Randoms {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

/** Protection for each direction, by who writes with it. */
export interface TrafficProtection {
  readonly client: RecordProtection;
  readonly server: RecordProtection;
}

/**
 * RFC 4279 §2: other_secret and the key, each with its length. In plain PSK suites other_secret is as many zeros as the key has
 * bytes; in ECDHE_PSK suites it is the shared secret (RFC 5489 §2). The caller wipes the result.
 */
export function premasterSecret(psk: Uint8Array, sharedSecret: Uint8Array | undefined): Uint8Array {
  const writer = new Writer(1024).vector16(sharedSecret ?? new Uint8Array(psk.length)).vector16(psk);
  const premaster = writer.finish();
  writer.wipe();
  return premaster;
}

/** RFC 7627 §4 when both sides want it (`sessionHash`), else RFC 5246 §8.1. The caller wipes the result. */
export function masterSecret(
  provider: CryptoProvider,
  suite: Ciphersuite,
  premaster: Uint8Array,
  randoms: Randoms,
  sessionHash: Uint8Array | undefined,
): Uint8Array {
  return sessionHash
    ? prf(provider, suite.hash, premaster, 'extended master secret', sessionHash, 48)
    : prf(provider, suite.hash, premaster, 'master secret', concat(randoms.client, randoms.server), 48);
}

/** How records are protected, beyond suite and keys. */
export interface ProtectionOptions {
  /** RFC 7366; for CBC suites. */
  readonly encryptThenMac: boolean;
  /** For the IVs of CBC suites. */
  readonly random: (bytes: Uint8Array) => void;
  /** In the records that each side sends; empty: none. RFC 9146. */
  readonly cids: { readonly client: Uint8Array; readonly server: Uint8Array };
  /** Records with a connection ID are padded to multiples of as many bytes. */
  readonly padding: number;
}

/** RFC 5246 §6.3: both directions' protection from the key block. */
export function trafficProtection(
  provider: CryptoProvider,
  suite: Ciphersuite,
  master: Uint8Array,
  randoms: Randoms,
  { encryptThenMac, random, cids, padding }: ProtectionOptions,
): TrafficProtection {
  const { protection } = suite;
  const macLength = protection.kind === 'cbc' ? protection.macKeyLength : 0;
  const ivLength = protection.kind === 'aead' ? protection.fixedIvLength : 0;
  const total = 2 * (macLength + protection.keyLength + ivLength);
  const block = prf(provider, suite.hash, master, 'key expansion', concat(randoms.server, randoms.client), total);
  let at = 0;
  const take = (length: number): Uint8Array => {
    at += length;
    return block.subarray(at - length, at);
  };
  const macKeys = { client: take(macLength), server: take(macLength) };
  const keys = { client: take(protection.keyLength), server: take(protection.keyLength) };
  const ivs = { client: take(ivLength), server: take(ivLength) };
  const create = (side: 'client' | 'server'): RecordProtection =>
    protection.kind === 'aead'
      ? new AeadProtection(provider, protection, keys[side], ivs[side], cids[side], padding)
      : new CbcProtection(provider, keys[side], macKeys[side], encryptThenMac, random, cids[side], padding);
  try {
    return { client: create('client'), server: create('server') };
  } finally {
    block.fill(0);
  }
}

/** RFC 5246 §7.4.9: what the Finished of one side holds. */
export function verifyData(
  provider: CryptoProvider,
  suite: Ciphersuite,
  master: Uint8Array,
  side: 'client' | 'server',
  transcriptHash: Uint8Array,
): Uint8Array {
  return prf(provider, suite.hash, master, `${side} finished`, transcriptHash, 12);
}

/** A line of the NSS key log format: what Wireshark needs to decrypt the association. */
export function keyLogLine(clientRandom: Uint8Array, master: Uint8Array): string {
  return `CLIENT_RANDOM ${hex(clientRandom)} ${hex(master)}`;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
