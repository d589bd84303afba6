import type { CertificateChainInfo } from '@avs-net/core';
import {
  buildCompound,
  buildEmpty,
  buildFromBuffer,
  buildFromEngine,
  buildFromFile,
  buildFromPath,
} from './builders.js';

/** No certificates. */
export function certificateChainInfoEmpty(): CertificateChainInfo {
  return buildEmpty('certificate-chain');
}

/** Certificates from a PEM or DER file. @throws TypeError not a string; EINVAL empty. avs: `avs_crypto_certificate_chain_info_from_file`. */
export function certificateChainInfoFromFile(filename: string): CertificateChainInfo {
  return buildFromFile('certificate-chain', filename);
}

/**
 * Certificates from every file of a directory that holds any; loading fails only if none does.
 * @throws TypeError not a string; EINVAL empty. avs: `avs_crypto_certificate_chain_info_from_path`.
 */
export function certificateChainInfoFromPath(path: string): CertificateChainInfo {
  return buildFromPath('certificate-chain', path);
}

/**
 * Certificates from PEM or DER bytes, which are copied, or from PEM text.
 * @throws TypeError neither; EINVAL empty. avs: `avs_crypto_certificate_chain_info_from_buffer`.
 */
export function certificateChainInfoFromBuffer(buffer: Uint8Array | string): CertificateChainInfo {
  return buildFromBuffer('certificate-chain', buffer);
}

/**
 * Several as one, in this order. The elements are copied, compounds among them too.
 * @throws TypeError not an array; EINVAL naming the element that is not of this type. avs: `avs_crypto_certificate_chain_info_from_array`.
 */
export function certificateChainInfoFromArray(array: readonly CertificateChainInfo[]): CertificateChainInfo {
  return buildCompound('certificate-chain', 'array', array);
}

/**
 * Several as one, in this order, from any iterable. The elements are copied, compounds among them too.
 * @throws TypeError not an iterable; EINVAL naming the element that is not of this type. avs: `avs_crypto_certificate_chain_info_from_list`.
 */
export function certificateChainInfoFromList(list: Iterable<CertificateChainInfo>): CertificateChainInfo {
  return buildCompound('certificate-chain', 'list', list);
}

/** Certificates that an engine holds. @throws TypeError not a string; EINVAL empty. avs: `avs_crypto_certificate_chain_info_from_engine`. */
export function certificateChainInfoFromEngine(query: string): CertificateChainInfo {
  return buildFromEngine('certificate-chain', query);
}
