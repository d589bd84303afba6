import type { PskIdentityInfo, PskKeyInfo } from '@avs-net/core';
import { buildFromBuffer, buildFromEngine, buildFromFile } from './builders.js';

/**
 * A pre-shared key from bytes, which are copied. Text is refused: decode hex or base64 first.
 * @throws TypeError not a Uint8Array; EINVAL not 1 to 256 bytes. avs: `avs_crypto_psk_key_info_from_buffer`.
 */
export function pskKeyInfoFromBuffer(buffer: Uint8Array): PskKeyInfo {
  return buildFromBuffer('psk-key', buffer);
}

/**
 * A pre-shared key from a file of raw bytes, the end of the last line included. Ours; the C library has no such source.
 * @throws TypeError not a string; EINVAL empty.
 */
export function pskKeyInfoFromFile(filename: string): PskKeyInfo {
  return buildFromFile('psk-key', filename);
}

/** A pre-shared key that an engine holds. @throws TypeError not a string; EINVAL empty. avs: `avs_crypto_psk_key_info_from_engine`. */
export function pskKeyInfoFromEngine(query: string): PskKeyInfo {
  return buildFromEngine('psk-key', query);
}

/**
 * A PSK identity from bytes, which are copied, or from text as UTF-8 (RFC 4279 §5.1).
 * @throws TypeError neither; EINVAL more than 128 bytes. avs: `avs_crypto_psk_identity_info_from_buffer`.
 */
export function pskIdentityInfoFromBuffer(buffer: Uint8Array | string): PskIdentityInfo {
  return buildFromBuffer('psk-identity', buffer);
}

/**
 * A PSK identity from a file of raw bytes, the end of the last line included. Ours; the C library has no such source.
 * @throws TypeError not a string; EINVAL empty.
 */
export function pskIdentityInfoFromFile(filename: string): PskIdentityInfo {
  return buildFromFile('psk-identity', filename);
}

/** A PSK identity that an engine holds. @throws TypeError not a string; EINVAL empty. avs: `avs_crypto_psk_identity_info_from_engine`. */
export function pskIdentityInfoFromEngine(query: string): PskIdentityInfo {
  return buildFromEngine('psk-identity', query);
}
