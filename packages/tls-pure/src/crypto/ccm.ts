import { errnoError } from '@avs-net/core';
import { AesKey } from './aes-key.js';
import { requireBytes, requireRange } from './arguments.js';
import type { Aead } from './provider.js';

/** What a length field of so many bytes cannot tell any more, and 32 bits at most. */
const lengthLimits = Array.from({ length: 9 }, (_, bytes) => 2 ** Math.min(32, 8 * bytes));

/** AES-CCM. RFC 3610, NIST SP 800-38C. What does the work is chosen at the first of it: to set up WebAssembly takes as long as hundreds of records. */
export abstract class Ccm implements Aead {
  readonly tagLength: number;
  readonly #nonceLength: number;
  protected readonly key: AesKey;

  /** The caller has checked the arguments. */
  constructor(key: Uint8Array, tagLength: number, nonceLength: number) {
    this.tagLength = tagLength;
    this.#nonceLength = nonceLength;
    this.key = new AesKey(key);
  }

  seal(nonce: Uint8Array, aad: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
    this.check(nonce, aad, buffer, start, length);
    this.crypt(nonce, aad, buffer, start, length, false);
  }

  open(nonce: Uint8Array, aad: Uint8Array, buffer: Uint8Array, start: number, length: number): boolean {
    this.check(nonce, aad, buffer, start, length);
    if (this.crypt(nonce, aad, buffer, start, length, true)) return true;
    buffer.fill(0, start, start + length);
    return false;
  }

  destroy(): void {
    this.key.wipe();
  }

  /**
   * Encrypts `buffer[start, start + length)` in place and writes the tag behind it, or decrypts it and tells whether that is the tag. The arguments
   * were checked.
   */
  protected abstract crypt(
    nonce: Uint8Array,
    aad: Uint8Array,
    buffer: Uint8Array,
    start: number,
    length: number,
    decrypt: boolean,
  ): boolean;

  // Private to TypeScript only, as in what else each association has: a class with # methods costs each object 8 bytes.
  private check(nonce: Uint8Array, aad: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
    if (this.key.isWiped) throw errnoError('EBADF', 'the cipher was destroyed');
    requireBytes('nonce', nonce, this.#nonceLength);
    requireBytes('aad', aad);
    requireRange(buffer, start, length, this.tagLength);
    if (length >= lengthLimits[15 - this.#nonceLength] || aad.length >= 2 ** 32) {
      throw errnoError('EINVAL', 'length or aad is larger than CCM takes with nonces of this length');
    }
  }
}
