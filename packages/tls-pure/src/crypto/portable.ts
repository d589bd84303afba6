import { createAead } from './aead.js';
import { createCbc } from './cbc.js';
import { createHash, createMac } from './noble-hash.js';
import { createKeyShare } from './noble-key-share.js';
import type { CryptoProvider } from './provider.js';

/**
 * Cryptography in plain JavaScript, for wherever it runs: noble's ciphers, hashes and curves, and CCM on noble's AES.
 *
 * AES looks up tables by secrets and big integers are not of constant time, so someone who runs code on the same processor may
 * learn keys from its caches. Comparisons of tags and MACs are of constant time.
 */
export const portableProvider: CryptoProvider = {
  name: 'portable',
  hash: createHash,
  mac: createMac,
  aead: createAead,
  cbc: createCbc,
  keyShare: createKeyShare,
};
