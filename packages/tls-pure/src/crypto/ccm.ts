import { errnoError } from '@avs-net/core';
import { AesKey } from './aes-key.js';
import { requireBytes, requireRange } from './arguments.js';
import { cryptInTypeScript } from './ccm-typescript.js';
import { loadCcmInWebAssembly } from './ccm-wasm.js';
import type { Aead } from './provider.js';

/** Parameters of CCM. RFC 3610 §2. */
export interface CcmParameters {
  /** M: bytes of the tag, 4 to 16 and even. */
  readonly tagLength: number;
  /** 15 - L: bytes of the nonce, 7 to 13. Default 12, which all of TLS uses (RFC 6655 §3). */
  readonly nonceLength?: number;
}

/** What a length field of so many bytes cannot tell any more, and 32 bits at most. */
const lengthLimits = Array.from({ length: 9 }, (_, bytes) => 2 ** Math.min(32, 8 * bytes));

/**
 * Encrypts `buffer[start, start + length)` in place and writes the tag behind it, or decrypts it and tells whether that is the tag. The arguments were
 * checked.
 */
type CcmFunction = typeof cryptInTypeScript;

let crypt: CcmFunction | undefined;

/** What does the work here: chosen when there is work for the first time, since to set up WebAssembly takes as long as hundreds of records. */
function chosenCrypt(): CcmFunction {
  crypt ??= loadCcmInWebAssembly(cryptInTypeScript) ?? cryptInTypeScript;
  return crypt;
}

/** Whether AES-CCM runs in WebAssembly here, where it looks up no tables by secrets. */
export function isCcmInWebAssembly(): boolean {
  return chosenCrypt() !== cryptInTypeScript;
}

/** AES-CCM. RFC 3610, NIST SP 800-38C. */
export class Ccm implements Aead {
  readonly tagLength: number;
  readonly #nonceLength: number;
  protected readonly key: AesKey;

  /** See {@link createCcm}, which checks the arguments. */
  constructor(key: Uint8Array, tagLength: number, nonceLength: number) {
    this.tagLength = tagLength;
    this.#nonceLength = nonceLength;
    this.key = new AesKey(key);
  }

  seal(nonce: Uint8Array, aad: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
    this.check(nonce, aad, buffer, start, length);
    chosenCrypt()(this.key, this.tagLength, nonce, aad, buffer, start, length, false);
  }

  open(nonce: Uint8Array, aad: Uint8Array, buffer: Uint8Array, start: number, length: number): boolean {
    this.check(nonce, aad, buffer, start, length);
    if (chosenCrypt()(this.key, this.tagLength, nonce, aad, buffer, start, length, true)) return true;
    buffer.fill(0, start, start + length);
    return false;
  }

  destroy(): void {
    this.key.wipe();
  }

  /** @throws EBADF after `destroy`. */
  protected checkUsable(): void {
    if (this.key.isWiped) throw errnoError('EBADF', 'the cipher was destroyed');
  }

  // Private to TypeScript only, as in what else each association has: a class with # methods costs each object 8 bytes.
  private check(nonce: Uint8Array, aad: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
    this.checkUsable();
    requireBytes('nonce', nonce, this.#nonceLength);
    requireBytes('aad', aad);
    requireRange(buffer, start, length, this.tagLength);
    if (length >= lengthLimits[15 - this.#nonceLength] || aad.length >= 2 ** 32) {
      throw errnoError('EINVAL', 'length or aad is larger than CCM takes with nonces of this length');
    }
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
