import { errnoError } from '@avs-net/core';
import { unsafe } from '@noble/ciphers/aes.js';
import { requireBlocks, requireBytes } from './arguments.js';
import type { Cbc } from './provider.js';
import { wipe } from './wipe.js';
import { readWord, writeWord } from './words.js';

/** AES-CBC on noble's block functions. NIST SP 800-38A §6.2. A direction's key is expanded when it is first used. */
class BlockCbc implements Cbc {
  readonly #key: Uint8Array;
  #encryption: Uint32Array | undefined;
  #decryption: Uint32Array | undefined;
  #destroyed = false;

  constructor(key: Uint8Array) {
    // Not slice, which gives a view of a Buffer: it will be wiped.
    this.#key = Uint8Array.from(key);
  }

  encrypt(iv: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
    this.#check(iv, buffer, start, length);
    this.#encryption ??= unsafe.expandKeyLE(this.#key);
    let c = { s0: readWord(iv, 0), s1: readWord(iv, 4), s2: readWord(iv, 8), s3: readWord(iv, 12) };
    for (let at = start; at < start + length; at += 16) {
      c = unsafe.encrypt(
        this.#encryption,
        c.s0 ^ readWord(buffer, at),
        c.s1 ^ readWord(buffer, at + 4),
        c.s2 ^ readWord(buffer, at + 8),
        c.s3 ^ readWord(buffer, at + 12),
      );
      writeWord(buffer, at, c.s0);
      writeWord(buffer, at + 4, c.s1);
      writeWord(buffer, at + 8, c.s2);
      writeWord(buffer, at + 12, c.s3);
    }
  }

  decrypt(iv: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
    this.#check(iv, buffer, start, length);
    this.#decryption ??= unsafe.expandKeyDecLE(this.#key);
    let previous0 = readWord(iv, 0);
    let previous1 = readWord(iv, 4);
    let previous2 = readWord(iv, 8);
    let previous3 = readWord(iv, 12);
    for (let at = start; at < start + length; at += 16) {
      const c0 = readWord(buffer, at);
      const c1 = readWord(buffer, at + 4);
      const c2 = readWord(buffer, at + 8);
      const c3 = readWord(buffer, at + 12);
      const p = unsafe.decrypt(this.#decryption, c0, c1, c2, c3);
      writeWord(buffer, at, p.s0 ^ previous0);
      writeWord(buffer, at + 4, p.s1 ^ previous1);
      writeWord(buffer, at + 8, p.s2 ^ previous2);
      writeWord(buffer, at + 12, p.s3 ^ previous3);
      previous0 = c0;
      previous1 = c1;
      previous2 = c2;
      previous3 = c3;
    }
  }

  destroy(): void {
    this.#destroyed = true;
    wipe(this.#key);
    if (this.#encryption) wipe(this.#encryption);
    if (this.#decryption) wipe(this.#decryption);
  }

  #check(iv: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
    if (this.#destroyed) throw errnoError('EBADF', 'the cipher was destroyed');
    requireBlocks(iv, buffer, start, length);
  }
}

/** Makes an AES-128-CBC cipher. The key is copied. @throws EINVAL for a key that is not 16 bytes. */
export function createCbc(key: Uint8Array): Cbc {
  requireBytes('key', key, 16);
  return new BlockCbc(key);
}
