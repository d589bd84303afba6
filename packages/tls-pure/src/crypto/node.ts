import { createAead, requireAeadKey } from './aead.js';
import { createNodeAead, createNodeCbc, createNodeCcm, hasNodeAead } from './node-cipher.js';
import { createNodeHash, createNodeMac } from './node-hash.js';
import { createNodeKeyShare } from './node-key-share.js';
import type { CryptoProvider } from './provider.js';

/**
 * Cryptography on Node: `node:crypto` where it is faster, noble elsewhere. What is faster was measured.
 *
 * Times of noble, of CBC on noble's AES and of CCM in WebAssembly, as multiples of those of `node:crypto` with a `KeyObject`, on Node 20, 22, 24
 * and 26 (one x86-64 core; ranges over the versions). Above 1 `node:crypto` wins.
 *
 * | | 64 bytes | 256 bytes | 1 KiB |
 * | --- | --- | --- | --- |
 * | AES-128-CCM_8, Node 20 and 26 | 0.2 | 0.5–0.7 | 1.4–1.9 |
 * | AES-128-GCM | 4–6 | 7–10 | 8–14 |
 * | ChaCha20-Poly1305 | 1.5–2 | 2–4 | 4 |
 * | AES-128-CBC | 0.2 | 0.7–0.9 | 2.3–2.6 |
 * | HMAC-SHA-256, as in `sha256-mac.ts` | 0.5–0.8 | 1.3–1.5 | 3.8 |
 * | HMAC-SHA-384 | 1.4–1.9 | 2.2–3 | 3.5–5 |
 *
 * | | key pair | agreement |
 * | --- | --- | --- |
 * | X25519 | 0.9 on Node 20, 5–6 later | 17–24 |
 * | P-256 | 16–30 | 21–36 |
 *
 * So: small CCM and CBC records and HMAC-SHA-256 of short data in our own code, everything else in OpenSSL.
 */
export const nodeProvider: CryptoProvider = {
  name: 'node',
  hash: createNodeHash,
  mac: createNodeMac,
  aead: (name, key) => {
    requireAeadKey(name, key);
    if (!hasNodeAead(name)) return createAead(name, key);
    return name.includes('CCM') ? createNodeCcm(name, key) : createNodeAead(name, key);
  },
  cbc: createNodeCbc,
  keyShare: createNodeKeyShare,
};
