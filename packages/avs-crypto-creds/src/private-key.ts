import type { PrivateKeyInfo } from '@avs-net/core';
import { buildEmpty, buildFromBuffer, buildFromEngine, buildFromFile } from './builders.js';

/** No private key. */
export function privateKeyInfoEmpty(): PrivateKeyInfo {
  return buildEmpty('private-key');
}

/**
 * A private key from a PEM or DER file: PKCS#8, or the traditional forms of RSA and EC keys.
 * @param password for an encrypted key.
 * @throws TypeError not a string; EINVAL empty. avs: `avs_crypto_private_key_info_from_file`.
 */
export function privateKeyInfoFromFile(filename: string, password?: string): PrivateKeyInfo {
  return buildFromFile('private-key', filename, password);
}

/**
 * A private key from PEM or DER bytes, which are copied, or from PEM text.
 * @param password for an encrypted key.
 * @throws TypeError neither; EINVAL empty. avs: `avs_crypto_private_key_info_from_buffer`.
 */
export function privateKeyInfoFromBuffer(buffer: Uint8Array | string, password?: string): PrivateKeyInfo {
  return buildFromBuffer('private-key', buffer, password);
}

/** A private key that an engine holds. @throws TypeError not a string; EINVAL empty. avs: `avs_crypto_private_key_info_from_engine`. */
export function privateKeyInfoFromEngine(query: string): PrivateKeyInfo {
  return buildFromEngine('private-key', query);
}
