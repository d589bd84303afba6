import { type Cipher, createCipheriv, createDecipheriv, type Decipher } from 'node:crypto';
import { errnoError } from '@avs-net/core';
import { requireBlocks, requireBytes } from './arguments.js';
import type { Cbc } from './provider.js';
import { wipe } from './wipe.js';

const blockLength = 16;

/**
 * How many ciphers of OpenSSL's stay set up. Each takes 1.4 KB outside of the heap, which an idle association shall not hold; setting one up
 * takes as long as four records of 64 bytes.
 */
const maxRunning = 256;

// Those that are set up, around in a ring, the oldest next.
const running: (Direction | undefined)[] = [];
let next = 0;

const none = new Uint8Array(0);

/**
 * One cipher of OpenSSL's for all records of a direction. It goes on from the last block of ciphertext where a record wants its IV, so
 * what differs is added to the first block of plaintext.
 */
class Direction {
  #cipher: Cipher | Decipher | undefined;
  /** The last block of ciphertext that the cipher has seen. */
  #last = none;
  readonly #create: typeof createCipheriv | typeof createDecipheriv;

  constructor(create: typeof createCipheriv | typeof createDecipheriv) {
    this.#create = create;
  }

  encrypt(key: Uint8Array, iv: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
    const cipher = this.#cipher ?? this.#start(key);
    add(buffer, start, iv, this.#last);
    buffer.set(cipher.update(buffer.subarray(start, start + length)), start);
    copyLast(this.#last, buffer, start + length);
  }

  decrypt(key: Uint8Array, iv: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
    const cipher = this.#cipher ?? this.#start(key);
    const plaintext = cipher.update(buffer.subarray(start, start + length));
    add(plaintext, 0, iv, this.#last);
    copyLast(this.#last, buffer, start + length);
    buffer.set(plaintext, start);
    wipe(plaintext);
  }

  stop(): void {
    this.#cipher = undefined;
    this.#last = none;
  }

  #start(key: Uint8Array): Cipher | Decipher {
    running[next]?.stop();
    running[next] = this;
    next = (next + 1) % maxRunning;
    this.#last = new Uint8Array(blockLength);
    this.#cipher = this.#create('aes-128-cbc', key, this.#last).setAutoPadding(false);
    return this.#cipher;
  }
}

function add(to: Uint8Array, at: number, a: Uint8Array, b: Uint8Array): void {
  for (let i = 0; i < blockLength; i++) to[at + i] ^= a[i] ^ b[i];
}

function copyLast(to: Uint8Array, from: Uint8Array, end: number): void {
  for (let i = 0, at = end - blockLength; i < blockLength; i++) to[i] = from[at + i];
}

/** AES-128-CBC of OpenSSL's. NIST SP 800-38A §6.2. */
class NodeCbc implements Cbc {
  readonly #key: Uint8Array;
  readonly #encryption = new Direction(createCipheriv);
  readonly #decryption = new Direction(createDecipheriv);
  #destroyed = false;

  constructor(key: Uint8Array) {
    // Not slice, which gives a view of a Buffer: it will be wiped.
    this.#key = Uint8Array.from(key);
  }

  encrypt(iv: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
    this.#check(iv, buffer, start, length);
    if (length > 0) this.#encryption.encrypt(this.#key, iv, buffer, start, length);
  }

  decrypt(iv: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
    this.#check(iv, buffer, start, length);
    if (length > 0) this.#decryption.decrypt(this.#key, iv, buffer, start, length);
  }

  destroy(): void {
    this.#destroyed = true;
    wipe(this.#key);
    this.#encryption.stop();
    this.#decryption.stop();
  }

  #check(iv: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
    if (this.#destroyed) throw errnoError('EBADF', 'the cipher was destroyed');
    requireBlocks(iv, buffer, start, length);
  }
}

/** Makes an AES-128-CBC cipher. The key is copied. @throws EINVAL for a key that is not 16 bytes. */
export function createNodeCbc(key: Uint8Array): Cbc {
  requireBytes('key', key, 16);
  return new NodeCbc(key);
}
