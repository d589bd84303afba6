import { maskEqual, maskLess } from './constant-time.js';
import { BlockSha256, blockLength, writeWords } from './sha256-mac.js';
import { wipe } from './wipe.js';

const macLength = 32;

// Shared by all keys: no call is interrupted by another, and each cleans up.
const block = new Uint8Array(blockLength);
const sha256 = new BlockSha256(block);
const state = new Int32Array(8);
const digest = new Int32Array(8);

/**
 * HMAC-SHA-256 of data whose length is secret within public bounds: it runs the same compressions on the same memory whatever
 * the length is, and picks the state after the block that was the last. This is what MAC-then-encrypt needs, where the length
 * of the padding is known to who receives a record before it is known to be authentic (Lucky Thirteen).
 */
export class SecretLengthHmac {
  readonly #inner = new Int32Array(8);
  readonly #outer = new Int32Array(8);

  /** Keeps the states after the pads. `key` is at most 64 bytes. RFC 2104 §2. */
  constructor(key: Uint8Array) {
    for (const [pad, words] of [
      [0x36, this.#inner],
      [0x5c, this.#outer],
    ] as const) {
      block.fill(pad);
      for (let i = 0; i < key.length; i++) block[i] ^= key[i];
      sha256.initialize();
      sha256.compress();
      sha256.save(words);
    }
    sha256.clean();
    wipe(block);
  }

  /**
   * The HMAC of `header` and `buffer[start, start + length)`, written to `output`, 32 bytes.
   * @param length Secret, from `minimum` to `maximum`, which are public and below 2^28; all of `maximum` is read.
   */
  compute(
    output: Uint8Array,
    header: Uint8Array,
    buffer: Uint8Array,
    start: number,
    length: number,
    minimum: number,
    maximum: number,
  ): void {
    const total = header.length + length;
    // FIPS 180-4 §5.1.1: 0x80, zeros, and the length in bits, 8 bytes, which also counts the block of the inner pad.
    const lastBlock = (total + 8) >> 6;
    const blocks = ((header.length + maximum + 8) >> 6) + 1;
    const bits = (blockLength + total) * 8;

    sha256.load(this.#inner);
    digest.fill(0);
    let position = 0;
    for (let index = 0; index < blocks; index++) {
      const whole = position + blockLength <= header.length + minimum;
      const isLast = maskEqual(index, lastBlock);
      for (let i = 0; i < blockLength; i++, position++) {
        const at = position - header.length;
        const byte = at < 0 ? header[position] : at < maximum ? buffer[start + at] : 0;
        block[i] = whole ? byte : (byte & maskLess(position, total)) | (0x80 & maskEqual(position, total));
      }
      if (!whole) {
        block[60] |= (bits >>> 24) & isLast;
        block[61] |= (bits >>> 16) & isLast;
        block[62] |= (bits >>> 8) & isLast;
        block[63] |= bits & isLast;
      }
      sha256.compress();
      sha256.save(state);
      for (let i = 0; i < 8; i++) digest[i] |= state[i] & isLast;
    }

    block.fill(0);
    writeWords(block, digest);
    block[macLength] = 0x80;
    // 64 bytes of the outer pad and the digest: 768 bits.
    block[62] = 0x03;
    sha256.load(this.#outer);
    sha256.compress();
    sha256.save(digest);
    writeWords(output, digest);

    sha256.clean();
    wipe(block);
    digest.fill(0);
    state.fill(0);
  }

  destroy(): void {
    this.#inner.fill(0);
    this.#outer.fill(0);
  }
}
