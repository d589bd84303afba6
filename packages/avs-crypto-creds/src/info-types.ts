import type {
  BufferSecurityInfo,
  CertificateChainInfo,
  CertRevocationListInfo,
  EmptySecurityInfo,
  EngineSecurityInfo,
  FileSecurityInfo,
  PathSecurityInfo,
  PrivateKeyInfo,
  PskIdentityInfo,
  PskKeyInfo,
  SecurityInfo,
  SecurityInfoSource,
  SecurityInfoType,
} from '@avs-net/core';

/** The wrapper of each type of credential. */
export interface InfoByType {
  'certificate-chain': CertificateChainInfo;
  'private-key': PrivateKeyInfo;
  'cert-revocation-list': CertRevocationListInfo;
  'psk-identity': PskIdentityInfo;
  'psk-key': PskKeyInfo;
}

/** Any of the five wrappers. */
export type CredentialInfo = InfoByType[SecurityInfoType];

/** The wrappers whose type may be a compound. */
export type CompoundInfo = CertificateChainInfo | CertRevocationListInfo;

/** A descriptor that is not a compound. */
export type SimpleSecurityInfo<T extends SecurityInfoType = SecurityInfoType> =
  | EmptySecurityInfo<T>
  | FileSecurityInfo<T>
  | PathSecurityInfo<T>
  | BufferSecurityInfo<T>
  | EngineSecurityInfo<T>;

const simple = ['empty', 'file', 'buffer', 'engine'] as const;
const compound = [...simple, 'path', 'array', 'list'] as const;

/** Which sources each type may come from. A PSK from a file is ours; the C library has buffer and engine. */
export const sourcesByType: Readonly<Record<SecurityInfoType, readonly SecurityInfoSource[]>> = {
  'certificate-chain': compound,
  'private-key': simple,
  'cert-revocation-list': compound,
  'psk-identity': simple,
  'psk-key': simple,
};

/** Whether `value` is the tag of a type of credential. */
export function isSecurityInfoType(value: unknown): value is SecurityInfoType {
  return typeof value === 'string' && Object.hasOwn(sourcesByType, value);
}

/** Whether `value` is the tag of a source. */
export function isSecurityInfoSource(value: unknown): value is SecurityInfoSource {
  return compound.some((source) => source === value);
}

/** Puts a descriptor into the wrapper of its type. */
export function wrap<T extends SecurityInfoType>(desc: SecurityInfo<T>): InfoByType[T] {
  const info: unknown = Object.freeze({ desc });
  return info as InfoByType[T];
}
