import { errnoError } from '@avs-net/core';
import type { Ciphersuite } from '../ciphersuites.js';
import { requireAeadKey } from './arguments.js';
import { createNodeCbc } from './node-cbc.js';
import { createNodeAead, createNodeCcm, hasNodeAead } from './node-cipher.js';
import { createNodeHash, createNodeMac } from './node-hash.js';
import { createNodeKeyShare } from './node-key-share.js';
import type { Aead, AeadName, CryptoProvider } from './provider.js';

/**
 * Cryptography on Node: `node:crypto` where it is faster, TypeScript elsewhere. What is faster was measured.
 *
 * Times of noble, of CBC in TypeScript and of CCM in WebAssembly, as multiples of those of `node:crypto` with a `KeyObject`, on Node 20, 22, 24
 * and 26 (one x86-64 core; ranges over the versions). Above 1 `node:crypto` wins.
 *
 * | | 64 bytes | 256 bytes | 1 KiB |
 * | --- | --- | --- | --- |
 * | AES-128-CCM_8, Node 20 and 26 | 0.2 | 0.5–0.7 | 1.4–1.9 |
 * | AES-128-GCM | 4–6 | 7–10 | 8–14 |
 * | ChaCha20-Poly1305 | 1.5–2 | 2–4 | 4 |
 * | AES-128-CBC, the cipher set up once, on Node 20 and 26 | 0.7 | 3 | 6–7 |
 * | HMAC-SHA-256, as in `sha256-mac.ts` | 0.5–0.8 | 1.3–1.5 | 3.8 |
 * | HMAC-SHA-384 | 1.4–1.9 | 2.2–3 | 3.5–5 |
 *
 * | | key pair | agreement |
 * | --- | --- | --- |
 * | X25519 | 0.9 on Node 20, 5–6 later | 17–24 |
 * | P-256 | 16–30 | 21–36 |
 *
 * So: small CCM records in WebAssembly, HMAC-SHA-256 of short data in TypeScript, everything else in OpenSSL. A CBC record of 64 bytes is 112 bytes
 * of blocks.
 */
export const nodeProvider: CryptoProvider = {
  name: 'node',
  hash: createNodeHash,
  mac: createNodeMac,
  aead: (name, key) => {
    requireAeadKey(name, key);
    if (!hasNodeAead(name)) return createPortableAead(name, key);
    return name.includes('CCM') ? createNodeCcm(name, key) : createNodeAead(name, key);
  },
  cbc: createNodeCbc,
  keyShare: createNodeKeyShare,
};

// Loaded where it is needed, which is hardly anywhere: noble's ciphers take longer than all else that an import of this package does.
let portable: typeof import('./aead.js') | undefined;

/** Loads what some of the suites need and OpenSSL lacks. To be awaited before {@link nodeProvider} is used for them. */
export async function loadMissing(suites: readonly Ciphersuite[]): Promise<void> {
  const lacks = ({ protection }: Ciphersuite): boolean =>
    protection.kind === 'aead' && !hasNodeAead(protection.algorithm);
  if (suites.some(lacks)) portable ??= await import('./aead.js');
}

function createPortableAead(name: AeadName, key: Uint8Array): Aead {
  if (!portable) throw errnoError('ENOTSUP', `this OpenSSL lacks ${name}`);
  return portable.createAead(name, key);
}
