import { requireAeadKey } from './arguments.js';
import { createCcm } from './ccm-portable.js';
import { createChaCha20Poly1305, createGcm } from './noble-aead.js';
import { type Aead, type AeadName, aeadSizes } from './provider.js';

/** An AEAD in plain JavaScript. */
export function createAead(name: AeadName, key: Uint8Array): Aead {
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
