import { errnoError } from '@avs-net/core';
import { requireBytes } from './arguments.js';
import { createCbc } from './cbc.js';
import { createCcm } from './ccm.js';
import { createChaCha20Poly1305, createGcm } from './noble-aead.js';
import { createHash, createMac } from './noble-hash.js';
import { createKeyShare } from './noble-key-share.js';
import { type Aead, type AeadName, aeadSizes, type CryptoProvider } from './provider.js';

/** Checks the arguments of {@link CryptoProvider}'s `aead`. @throws EINVAL, TypeError naming the argument. */
export function requireAeadKey(name: AeadName, key: Uint8Array): void {
  if (!Object.hasOwn(aeadSizes, name)) throw errnoError('EINVAL', `no AEAD is named ${String(name)}`);
  requireBytes('key', key, aeadSizes[name].keyLength);
}

function createAead(name: AeadName, key: Uint8Array): Aead {
  requireAeadKey(name, key);
  switch (name) {
    case 'AES_128_CCM_8':
    case 'AES_128_CCM':
    case 'AES_256_CCM_8':
    case 'AES_256_CCM':
      return createCcm(key, { tagLength: aeadSizes[name].tagLength });
    case 'AES_128_GCM':
    case 'AES_256_GCM':
      return createGcm(key);
    case 'CHACHA20_POLY1305':
      return createChaCha20Poly1305(key);
  }
}

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
