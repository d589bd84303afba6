import { errnoError } from '@avs-net/core';
import { gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { requireAeadArguments, requireBytes } from './arguments.js';
import type { Aead } from './provider.js';
import { wipe } from './wipe.js';

const tagLength = 16;

/**
 * AES-GCM or ChaCha20-Poly1305 on noble: NIST SP 800-38D, RFC 8439 §2.8. noble sets up the key for each record; for
 * ChaCha20 that is nothing, for GCM it is most of the time of a small record.
 */
class NobleAead implements Aead {
  readonly tagLength = tagLength;
  readonly #cipher: typeof gcm | typeof chacha20poly1305;
  readonly #key: Uint8Array;
  #destroyed = false;

  constructor(cipher: typeof gcm | typeof chacha20poly1305, key: Uint8Array) {
    this.#cipher = cipher;
    // Not slice, which gives a view of a Buffer: it will be wiped.
    this.#key = Uint8Array.from(key);
  }

  seal(nonce: Uint8Array, aad: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
    this.#check(nonce, aad, buffer, start, length);
    const plaintext = buffer.subarray(start, start + length);
    buffer.set(this.#cipher(this.#key, nonce, aad).encrypt(plaintext), start);
  }

  open(nonce: Uint8Array, aad: Uint8Array, buffer: Uint8Array, start: number, length: number): boolean {
    this.#check(nonce, aad, buffer, start, length);
    const cipher = this.#cipher(this.#key, nonce, aad);
    const sealed = buffer.subarray(start, start + length + tagLength);
    let plaintext: Uint8Array;
    try {
      plaintext = cipher.decrypt(sealed);
    } catch {
      // The arguments are checked above, so that only the tag is left to complain about. noble checks it before it decrypts.
      return false;
    }
    buffer.set(plaintext, start);
    wipe(plaintext);
    return true;
  }

  destroy(): void {
    this.#destroyed = true;
    wipe(this.#key);
  }

  #check(nonce: Uint8Array, aad: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
    if (this.#destroyed) throw errnoError('EBADF', 'the cipher was destroyed');
    requireAeadArguments(nonce, aad, buffer, start, length, tagLength);
  }
}

/** Makes an AES-GCM cipher. The key, 16 or 32 bytes, is copied. */
export function createGcm(key: Uint8Array): Aead {
  requireBytes('key', key, 16, 32);
  return new NobleAead(gcm, key);
}

/** Makes a ChaCha20-Poly1305 cipher. The key, 32 bytes, is copied. */
export function createChaCha20Poly1305(key: Uint8Array): Aead {
  requireBytes('key', key, 32);
  return new NobleAead(chacha20poly1305, key);
}
