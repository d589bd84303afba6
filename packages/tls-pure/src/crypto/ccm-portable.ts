import { errnoError } from '@avs-net/core';
import { requireBytes } from './arguments.js';
import { Ccm } from './ccm.js';
import { cryptInTypeScript } from './ccm-typescript.js';
import { ccmInWebAssembly, fitsWebAssembly } from './ccm-wasm.js';
import type { Aead } from './provider.js';

/** Parameters of CCM. RFC 3610 §2. */
export interface CcmParameters {
  /** M: bytes of the tag, 4 to 16 and even. */
  readonly tagLength: number;
  /** 15 - L: bytes of the nonce, 7 to 13. Default 12, which all of TLS uses (RFC 6655 §3). */
  readonly nonceLength?: number;
}

/** In WebAssembly where there is that, in TypeScript elsewhere and for what is too long for it, which no record is. */
class PortableCcm extends Ccm {
  protected override crypt(
    nonce: Uint8Array,
    aad: Uint8Array,
    buffer: Uint8Array,
    start: number,
    length: number,
    decrypt: boolean,
  ): boolean {
    const crypt = (fitsWebAssembly(aad, length) && ccmInWebAssembly()) || cryptInTypeScript;
    return crypt(this.key, this.tagLength, nonce, aad, buffer, start, length, decrypt);
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
  return new PortableCcm(key, tagLength, nonceLength);
}
