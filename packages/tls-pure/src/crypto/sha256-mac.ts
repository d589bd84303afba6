import { errnoError } from '@avs-net/core';
import { _SHA256 } from '@noble/hashes/sha2.js';
import { requireBytes } from './arguments.js';
import type { Mac } from './provider.js';
import { wipe } from './wipe.js';

/** Bytes that are compressed at once. FIPS 180-4 §5.2.1. */
export const blockLength = 64;

/** Bytes of a digest. */
export const digestLength = 32;

/** SHA-256 one block at a time, with its state open to read. */
export class BlockSha256 extends _SHA256 {
  readonly #view: DataView;

  constructor(block: Uint8Array) {
    super();
    this.#view = new DataView(block.buffer, block.byteOffset, blockLength);
  }

  compress(): void {
    this.process(this.#view, 0);
  }

  load(words: Int32Array): void {
    this.set(words[0], words[1], words[2], words[3], words[4], words[5], words[6], words[7]);
  }

  save(words: Int32Array): void {
    words[0] = this.A;
    words[1] = this.B;
    words[2] = this.C;
    words[3] = this.D;
    words[4] = this.E;
    words[5] = this.F;
    words[6] = this.G;
    words[7] = this.H;
  }

  initialize(): void {
    this.load(initial);
  }

  /** Wipes the message schedule, which noble shares among all hashes, and the state. */
  clean(): void {
    this.roundClean();
    this.initialize();
  }
}

// Shared by all keys: no call is interrupted by another, and each cleans up.
const block = new Uint8Array(blockLength);
const sha256 = new BlockSha256(block);
const initial = new Int32Array(8);
sha256.save(initial);
const words = new Int32Array(8);

/** Writes words with the most significant byte first. */
export function writeWords(bytes: Uint8Array, from: Int32Array): void {
  for (let i = 0, at = 0; i < 8; i++, at += 4) {
    const word = from[i];
    bytes[at] = word >>> 24;
    bytes[at + 1] = word >>> 16;
    bytes[at + 2] = word >>> 8;
    bytes[at + 3] = word;
  }
}

/** Takes bytes into the block, of which `filled` are, and compresses it whenever it is full. Returns how many are filled then. */
function absorb(data: Uint8Array, filled: number): number {
  let at = filled;
  const { length } = data;
  for (let i = 0; i < length; i++) {
    block[at++] = data[i];
    if (at < blockLength) continue;
    sha256.compress();
    at = 0;
  }
  return at;
}

/** Ends a message of so many bytes, of which `filled` wait in the block, and leaves its digest in `words`. FIPS 180-4 §5.1.1. */
function finish(filled: number, total: number): void {
  block[filled] = 0x80;
  block.fill(0, filled + 1);
  if (filled >= blockLength - 8) {
    sha256.compress();
    block.fill(0);
  }
  const high = Math.floor(total / 2 ** 29);
  for (let i = 0, shift = 24; i < 4; i++, shift -= 8) {
    block[56 + i] = high >>> shift;
    block[60 + i] = (total << 3) >>> shift;
  }
  sha256.compress();
  sha256.save(words);
}

function cleanUp(): void {
  sha256.clean();
  wipe(block);
  words.fill(0);
}

/**
 * HMAC-SHA-256 around noble's compression function, with the states after the key's pads kept. RFC 2104. Made for the short data of a
 * handshake: noble's HMAC takes 1.3 to 1.7 times as long up to 109 bytes, since most of that is not hashing, and OpenSSL's through
 * Node 1.3 to 2.3 times.
 */
export class Sha256Mac implements Mac {
  readonly length = digestLength;
  readonly #inner = new Int32Array(8);
  readonly #outer = new Int32Array(8);
  protected isDestroyed = false;

  /** Copies the key, in the form of those states. */
  constructor(key: Uint8Array) {
    requireBytes('key', key);
    const short = key.length > blockLength ? new _SHA256().update(key).digest() : key;
    pad(short, 0x36, this.#inner);
    pad(short, 0x5c, this.#outer);
    cleanUp();
    if (short !== key) wipe(short);
  }

  compute(...parts: readonly Uint8Array[]): Uint8Array {
    if (this.isDestroyed) throw errnoError('EBADF', 'the MAC was destroyed');
    sha256.load(this.#inner);
    let filled = 0;
    let total = blockLength;
    for (const part of parts) {
      filled = absorb(part, filled);
      total += part.length;
    }
    finish(filled, total);
    writeWords(block, words);
    sha256.load(this.#outer);
    finish(digestLength, blockLength + digestLength);
    const code = new Uint8Array(digestLength);
    writeWords(code, words);
    cleanUp();
    return code;
  }

  destroy(): void {
    this.isDestroyed = true;
    this.#inner.fill(0);
    this.#outer.fill(0);
  }
}

/** The state after the key, XORed with a pad. RFC 2104 §2. */
function pad(key: Uint8Array, byte: number, state: Int32Array): void {
  block.fill(byte);
  for (let i = 0; i < key.length; i++) block[i] ^= key[i];
  sha256.initialize();
  sha256.compress();
  sha256.save(state);
}
