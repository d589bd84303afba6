import { createCipheriv, createDecipheriv, createHmac, randomFillSync } from 'node:crypto';
import type { SessionCrypto } from '@avs-net/core';
import type { Random } from './random.js';

const nonceLength = 12;
const tagLength = 16;

const algorithm = 'aes-256-gcm';

/** The cryptography that sessions are kept with, by Node's OpenSSL. Without a source of the caller's, randomness is OpenSSL's. */
export function sessionCrypto(random: Random = randomFillSync): SessionCrypto {
  return {
    random,
    hmac: (key, data) => createHmac('sha256', key).update(data).digest(),
    seal: (key, additionalData, plaintext) => {
      const nonce = new Uint8Array(nonceLength);
      random(nonce);
      const cipher = createCipheriv(algorithm, key, nonce).setAAD(additionalData);
      const ciphertext = cipher.update(plaintext);
      cipher.final();
      return Buffer.concat([nonce, ciphertext, cipher.getAuthTag()]);
    },
    open: (key, additionalData, sealed) => {
      const tagAt = sealed.length - tagLength;
      if (tagAt < nonceLength) return undefined;
      const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceLength))
        .setAAD(additionalData)
        .setAuthTag(sealed.subarray(tagAt));
      return finished(decipher, sealed.subarray(nonceLength, tagAt));
    },
  };
}

/** The plaintext, in bytes of its own; undefined when the decipher refuses it. */
export function finished(
  decipher: ReturnType<typeof createDecipheriv>,
  ciphertext: Uint8Array,
): Uint8Array | undefined {
  const start = decipher.update(ciphertext);
  try {
    const end = decipher.final();
    if (end.length === 0) return Uint8Array.from(start);
    return Uint8Array.of(...start, ...end);
  } catch {
    return undefined;
  } finally {
    start.fill(0);
  }
}
