import { errnoError } from '@avs-net/core';
import { unsafe } from '@noble/ciphers/aes.js';
import { requireBytes, requireRange } from './arguments.js';
import type { Aead } from './provider.js';
import { wipe } from './wipe.js';
import { bigEndianWord, readWord, writeWord } from './words.js';

/** Parameters of CCM. RFC 3610 §2. */
export interface CcmParameters {
  /** M: bytes of the tag, 4 to 16 and even. */
  readonly tagLength: number;
  /** 15 - L: bytes of the nonce, 7 to 13. Default 12, which all of TLS uses (RFC 6655 §3). */
  readonly nonceLength?: number;
}

// Shared by all ciphers, since no call is interrupted by another: the block that is not whole, and the tag.
const block = new Uint8Array(16);
const tag = new Uint8Array(16);

/**
 * AES-CCM with the key expanded once. RFC 3610, NIST SP 800-38C.
 *
 * Both passes run together, block by block, on words that stay in registers; nothing is allocated that outlives a block.
 * The block function is noble's: its tables are indexed by secrets, so it does not hide from an attacker who shares the
 * processor's caches.
 */
class Ccm implements Aead {
  readonly tagLength: number;
  readonly #nonceLength: number;
  readonly #key: Uint32Array;
  #destroyed = false;

  constructor(key: Uint8Array, tagLength: number, nonceLength: number) {
    this.tagLength = tagLength;
    this.#nonceLength = nonceLength;
    this.#key = unsafe.expandKeyLE(key);
  }

  seal(nonce: Uint8Array, aad: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
    this.#check(nonce, aad, buffer, start, length);
    this.#crypt(nonce, aad, buffer, start, length, false);
    for (let i = 0, at = start + length; i < this.tagLength; i++) buffer[at + i] = tag[i];
    tag.fill(0);
  }

  open(nonce: Uint8Array, aad: Uint8Array, buffer: Uint8Array, start: number, length: number): boolean {
    this.#check(nonce, aad, buffer, start, length);
    this.#crypt(nonce, aad, buffer, start, length, true);
    let difference = 0;
    for (let i = 0, at = start + length; i < this.tagLength; i++) difference |= buffer[at + i] ^ tag[i];
    tag.fill(0);
    if (difference === 0) return true;
    buffer.fill(0, start, start + length);
    return false;
  }

  destroy(): void {
    this.#destroyed = true;
    wipe(this.#key);
  }

  #check(nonce: Uint8Array, aad: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
    if (this.#destroyed) throw errnoError('EBADF', 'the cipher was destroyed');
    requireBytes('nonce', nonce, this.#nonceLength);
    requireBytes('aad', aad);
    requireRange(buffer, start, length, this.tagLength);
    if (length >= 256 ** Math.min(4, 15 - this.#nonceLength) || aad.length >= 2 ** 32) {
      throw errnoError('EINVAL', 'length or aad is larger than CCM takes with nonces of this length');
    }
  }

  /** Turns the range into its other form in place and leaves the tag, whole and encrypted, in `tag`. */
  #crypt(
    nonce: Uint8Array,
    aad: Uint8Array,
    buffer: Uint8Array,
    start: number,
    length: number,
    decrypt: boolean,
  ): void {
    const key = this.#key;
    const l = 15 - this.#nonceLength;

    // A_0: flags, nonce, a counter of zero. RFC 3610 §2.3. The counter and the length end in the last word: both are below 2^32.
    block.fill(0);
    block[0] = l - 1;
    block.set(nonce, 1);
    const a0 = readWord(block, 0);
    const a1 = readWord(block, 4);
    const a2 = readWord(block, 8);
    const a3 = readWord(block, 12);

    // B_0: the same with other flags and the length. RFC 3610 §2.2.
    const flags = (aad.length > 0 ? 0x40 : 0) | (((this.tagLength - 2) / 2) << 3);
    let m = unsafe.encrypt(key, a0 | flags, a1, a2, a3 | bigEndianWord(length));

    if (aad.length > 0) {
      block.fill(0);
      let filled = 2;
      if (aad.length < 0xff00) {
        block[0] = aad.length >>> 8;
        block[1] = aad.length;
      } else {
        block[0] = 0xff;
        block[1] = 0xfe;
        writeWord(block, 2, bigEndianWord(aad.length));
        filled = 6;
      }
      for (let i = 0; i < aad.length; ) {
        while (filled < 16 && i < aad.length) block[filled++] = aad[i++];
        m = unsafe.encrypt(
          key,
          m.s0 ^ readWord(block, 0),
          m.s1 ^ readWord(block, 4),
          m.s2 ^ readWord(block, 8),
          m.s3 ^ readWord(block, 12),
        );
        block.fill(0);
        filled = 0;
      }
    }

    let counter = 1;
    let at = start;
    for (const end = start + length - 15; at < end; at += 16, counter++) {
      const k = unsafe.encrypt(key, a0, a1, a2, a3 | bigEndianWord(counter));
      const x0 = readWord(buffer, at);
      const x1 = readWord(buffer, at + 4);
      const x2 = readWord(buffer, at + 8);
      const x3 = readWord(buffer, at + 12);
      const y0 = x0 ^ k.s0;
      const y1 = x1 ^ k.s1;
      const y2 = x2 ^ k.s2;
      const y3 = x3 ^ k.s3;
      writeWord(buffer, at, y0);
      writeWord(buffer, at + 4, y1);
      writeWord(buffer, at + 8, y2);
      writeWord(buffer, at + 12, y3);
      m = decrypt
        ? unsafe.encrypt(key, m.s0 ^ y0, m.s1 ^ y1, m.s2 ^ y2, m.s3 ^ y3)
        : unsafe.encrypt(key, m.s0 ^ x0, m.s1 ^ x1, m.s2 ^ x2, m.s3 ^ x3);
    }

    const rest = start + length - at;
    if (rest > 0) {
      const k = unsafe.encrypt(key, a0, a1, a2, a3 | bigEndianWord(counter));
      writeWord(tag, 0, k.s0);
      writeWord(tag, 4, k.s1);
      writeWord(tag, 8, k.s2);
      writeWord(tag, 12, k.s3);
      block.fill(0);
      for (let i = 0; i < rest; i++) {
        const before = buffer[at + i];
        const after = before ^ tag[i];
        buffer[at + i] = after;
        block[i] = decrypt ? after : before;
      }
      m = unsafe.encrypt(
        key,
        m.s0 ^ readWord(block, 0),
        m.s1 ^ readWord(block, 4),
        m.s2 ^ readWord(block, 8),
        m.s3 ^ readWord(block, 12),
      );
      block.fill(0);
    }

    const k = unsafe.encrypt(key, a0, a1, a2, a3);
    writeWord(tag, 0, m.s0 ^ k.s0);
    writeWord(tag, 4, m.s1 ^ k.s1);
    writeWord(tag, 8, m.s2 ^ k.s2);
    writeWord(tag, 12, m.s3 ^ k.s3);
  }
}

/**
 * Makes an AES-CCM cipher. The key is copied.
 * @throws EINVAL for a key that is not 16, 24 or 32 bytes, or parameters outside RFC 3610 §2; TypeError for a key that is not bytes.
 */
export function createCcm(key: Uint8Array, { tagLength, nonceLength = 12 }: CcmParameters): Aead {
  requireBytes('key', key, 16, 24, 32);
  if (![4, 6, 8, 10, 12, 14, 16].includes(tagLength)) {
    throw errnoError('EINVAL', `tagLength must be even and 4 to 16, not ${tagLength}`);
  }
  if (![7, 8, 9, 10, 11, 12, 13].includes(nonceLength)) {
    throw errnoError('EINVAL', `nonceLength must be 7 to 13, not ${nonceLength}`);
  }
  return new Ccm(key, tagLength, nonceLength);
}
