import type { CertRevocationListInfo } from '@avs-net/core';
import {
  buildCompound,
  buildEmpty,
  buildFromBuffer,
  buildFromEngine,
  buildFromFile,
  buildFromPath,
} from './builders.js';

/** No certificate revocation lists. */
export function certRevocationListInfoEmpty(): CertRevocationListInfo {
  return buildEmpty('cert-revocation-list');
}

/** Revocation lists from a PEM or DER file. @throws TypeError not a string; EINVAL empty. avs: `avs_crypto_cert_revocation_list_info_from_file`. */
export function certRevocationListInfoFromFile(filename: string): CertRevocationListInfo {
  return buildFromFile('cert-revocation-list', filename);
}

/**
 * Revocation lists from every file of a directory that holds any; loading fails only if none does.
 * @throws TypeError not a string; EINVAL empty. Ours; the C library has it for certificates only.
 */
export function certRevocationListInfoFromPath(path: string): CertRevocationListInfo {
  return buildFromPath('cert-revocation-list', path);
}

/**
 * Revocation lists from PEM or DER bytes, which are copied, or from PEM text.
 * @throws TypeError neither; EINVAL empty. avs: `avs_crypto_cert_revocation_list_info_from_buffer`.
 */
export function certRevocationListInfoFromBuffer(buffer: Uint8Array | string): CertRevocationListInfo {
  return buildFromBuffer('cert-revocation-list', buffer);
}

/**
 * Several as one, in this order. The elements are copied, compounds among them too.
 * @throws TypeError not an array; EINVAL naming the element that is not of this type. avs: `avs_crypto_cert_revocation_list_info_from_array`.
 */
export function certRevocationListInfoFromArray(array: readonly CertRevocationListInfo[]): CertRevocationListInfo {
  return buildCompound('cert-revocation-list', 'array', array);
}

/**
 * Several as one, in this order, from any iterable. The elements are copied, compounds among them too.
 * @throws TypeError not an iterable; EINVAL naming the element that is not of this type. avs: `avs_crypto_cert_revocation_list_info_from_list`.
 */
export function certRevocationListInfoFromList(list: Iterable<CertRevocationListInfo>): CertRevocationListInfo {
  return buildCompound('cert-revocation-list', 'list', list);
}

/** Revocation lists that an engine holds. @throws TypeError not a string; EINVAL empty. avs: `avs_crypto_cert_revocation_list_info_from_engine`. */
export function certRevocationListInfoFromEngine(query: string): CertRevocationListInfo {
  return buildFromEngine('cert-revocation-list', query);
}
