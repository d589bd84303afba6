import type { SessionCrypto } from '@avs-net/core';
import type { AeadName, CryptoProvider } from '../crypto/provider.js';

const nonceLength = 12;
const tagLength = 16;

const algorithm: AeadName = 'AES_256_GCM';

/** The cryptography that sessions are kept with, from a provider. */
export function sessionCrypto(provider: CryptoProvider, random: (bytes: Uint8Array) => void): SessionCrypto {
  return {
    random,
    hmac: (key, data) => {
      const mac = provider.mac('sha256', key);
      const code = mac.compute(data);
      mac.destroy();
      return code;
    },
    seal: (key, additionalData, plaintext) => {
      const sealed = new Uint8Array(nonceLength + plaintext.length + tagLength);
      const nonce = new Uint8Array(nonceLength);
      random(nonce);
      sealed.set(nonce);
      sealed.set(plaintext, nonceLength);
      const aead = provider.aead(algorithm, key);
      aead.seal(nonce, additionalData, sealed, nonceLength, plaintext.length);
      aead.destroy();
      return sealed;
    },
    open: (key, additionalData, sealed) => {
      const length = sealed.length - nonceLength - tagLength;
      if (length < 0) return undefined;
      const copy = sealed.slice();
      const aead = provider.aead(algorithm, key);
      const authentic = aead.open(copy.subarray(0, nonceLength), additionalData, copy, nonceLength, length);
      aead.destroy();
      const plaintext = authentic ? copy.slice(nonceLength, nonceLength + length) : undefined;
      copy.fill(0);
      return plaintext;
    },
  };
}
