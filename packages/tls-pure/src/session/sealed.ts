import type { AeadName, CryptoProvider } from '../crypto/provider.js';

const nonceLength = 12;
const tagLength = 16;

/** What is sealed for our own later eyes: AES-256-GCM under a key of 32 bytes, with a random nonce in front. */
const algorithm: AeadName = 'AES_256_GCM';

/** `nonce || ciphertext || tag`. */
export function seal(
  provider: CryptoProvider,
  random: (bytes: Uint8Array) => void,
  key: Uint8Array,
  additionalData: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const sealed = new Uint8Array(nonceLength + plaintext.length + tagLength);
  const nonce = new Uint8Array(nonceLength);
  random(nonce);
  sealed.set(nonce);
  sealed.set(plaintext, nonceLength);
  const aead = provider.aead(algorithm, key);
  aead.seal(nonce, additionalData, sealed, nonceLength, plaintext.length);
  aead.destroy();
  return sealed;
}

/** The plaintext, in bytes of its own; undefined when it was not sealed with this key and additional data. */
export function open(
  provider: CryptoProvider,
  key: Uint8Array,
  additionalData: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const length = sealed.length - nonceLength - tagLength;
  if (length < 0) return undefined;
  const copy = sealed.slice();
  const aead = provider.aead(algorithm, key);
  const authentic = aead.open(copy.subarray(0, nonceLength), additionalData, copy, nonceLength, length);
  aead.destroy();
  return authentic ? copy.slice(nonceLength, nonceLength + length) : undefined;
}
