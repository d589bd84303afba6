import { createAead } from './aead.js';
import { createCbc } from './cbc.js';
import { createHash, createMac } from './noble-hash.js';
import { createKeyShare } from './noble-key-share.js';
import type { CryptoProvider } from './provider.js';

/**
 * Cryptography without a platform's, for wherever JavaScript runs: noble's ciphers, hashes and curves, and CCM of our own, in WebAssembly where there is that.
 *
 * AES in JavaScript looks up tables by secrets and big integers are not of constant time, so someone who runs code on the same processor may
 * learn keys from its caches. CCM in WebAssembly gives nothing away so. Comparisons of tags and MACs are of constant time.
 */
export const portableProvider: CryptoProvider = {
  name: 'portable',
  hash: createHash,
  mac: createMac,
  aead: createAead,
  cbc: createCbc,
  keyShare: createKeyShare,
};
