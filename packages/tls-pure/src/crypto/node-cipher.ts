import {
  type CipherCCMTypes,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  getCipherInfo,
  type KeyObject,
} from 'node:crypto';
import { errnoError } from '@avs-net/core';
import { requireAeadArguments } from './arguments.js';
import { Ccm } from './ccm.js';
import { ccmInWebAssembly, fitsWebAssembly } from './ccm-wasm.js';
import { type Aead, type AeadName, aeadSizes } from './provider.js';
import { wipe } from './wipe.js';

const cipherNames: Readonly<Record<AeadName, string>> = {
  AES_128_CCM_8: 'aes-128-ccm',
  AES_128_CCM: 'aes-128-ccm',
  AES_256_CCM_8: 'aes-256-ccm',
  AES_256_CCM: 'aes-256-ccm',
  AES_128_GCM: 'aes-128-gcm',
  AES_256_GCM: 'aes-256-gcm',
  CHACHA20_POLY1305: 'chacha20-poly1305',
};

/** Whether this Node's OpenSSL has the algorithm: builds in FIPS mode lack ChaCha20, other runtimes lack more. */
export function hasNodeAead(name: AeadName): boolean {
  // It takes as long as a short record.
  known[name] ??= getCipherInfo(cipherNames[name]) !== undefined;
  return known[name];
}

const known: Partial<Record<AeadName, boolean>> = {};

/** An AEAD of OpenSSL's. The `KeyObject` matters: given bytes, Node 24 is four times as slow. */
class NodeAead implements Aead {
  readonly tagLength: number;
  // OpenSSL takes all AEADs alike; Node's types have an overload for each, of which CCM's asks for the most.
  readonly #cipher: CipherCCMTypes;
  readonly #options: { readonly authTagLength: number };
  #key: KeyObject | undefined;

  constructor(name: AeadName, key: Uint8Array) {
    this.tagLength = aeadSizes[name].tagLength;
    this.#cipher = cipherNames[name] as CipherCCMTypes;
    this.#options = { authTagLength: this.tagLength };
    this.#key = createSecretKey(key);
  }

  seal(nonce: Uint8Array, aad: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
    const key = this.#check(nonce, aad, buffer, start, length);
    const cipher = createCipheriv(this.#cipher, key, nonce, this.#options);
    cipher.setAAD(aad, { plaintextLength: length });
    buffer.set(cipher.update(buffer.subarray(start, start + length)), start);
    cipher.final();
    buffer.set(cipher.getAuthTag(), start + length);
  }

  open(nonce: Uint8Array, aad: Uint8Array, buffer: Uint8Array, start: number, length: number): boolean {
    const key = this.#check(nonce, aad, buffer, start, length);
    const end = start + length;
    const decipher = createDecipheriv(this.#cipher, key, nonce, this.#options);
    decipher.setAuthTag(buffer.subarray(end, end + this.tagLength));
    decipher.setAAD(aad, { plaintextLength: length });
    let plaintext: Uint8Array | undefined;
    try {
      plaintext = decipher.update(buffer.subarray(start, end));
      decipher.final();
    } catch {
      // The arguments are checked above, so that only the tag is left to complain about.
      if (plaintext) wipe(plaintext);
      return false;
    }
    buffer.set(plaintext, start);
    wipe(plaintext);
    return true;
  }

  destroy(): void {
    this.#key = undefined;
  }

  #check(nonce: Uint8Array, aad: Uint8Array, buffer: Uint8Array, start: number, length: number): KeyObject {
    if (!this.#key) throw errnoError('EBADF', 'the cipher was destroyed');
    requireAeadArguments(nonce, aad, buffer, start, length, this.tagLength);
    return this.#key;
  }
}

/** Makes an AEAD of OpenSSL's. The caller has checked the key. */
export function createNodeAead(name: AeadName, key: Uint8Array): Aead {
  return new NodeAead(name, key);
}

/** From this many bytes on CCM is faster through OpenSSL. */
const longCcm = 512;

/** CCM in WebAssembly for small records; OpenSSL's, which is set up when it is first needed, for long ones, and for all where there is no WebAssembly. */
class NodeCcm extends Ccm {
  readonly #name: AeadName;
  #openssl: Aead | undefined;

  constructor(name: AeadName, key: Uint8Array) {
    super(key, aeadSizes[name].tagLength, 12);
    this.#name = name;
  }

  protected override crypt(
    nonce: Uint8Array,
    aad: Uint8Array,
    buffer: Uint8Array,
    start: number,
    length: number,
    decrypt: boolean,
  ): boolean {
    const inWebAssembly = length < longCcm && fitsWebAssembly(aad, length) ? ccmInWebAssembly() : undefined;
    if (inWebAssembly) return inWebAssembly(this.key, this.tagLength, nonce, aad, buffer, start, length, decrypt);
    if (decrypt) return this.openssl().open(nonce, aad, buffer, start, length);
    this.openssl().seal(nonce, aad, buffer, start, length);
    return true;
  }

  override destroy(): void {
    super.destroy();
    this.#openssl?.destroy();
    this.#openssl = undefined;
  }

  private openssl(): Aead {
    if (this.#openssl) return this.#openssl;
    const key = this.key.bytes();
    this.#openssl = createNodeAead(this.#name, key);
    wipe(key);
    return this.#openssl;
  }
}

/** Makes an AES-CCM cipher. The caller has checked the key. */
export function createNodeCcm(name: AeadName, key: Uint8Array): Aead {
  return new NodeCcm(name, key);
}
