/**
 * What a credential is.
 *
 * avs: `avs_crypto_security_info_tag_t`.
 */
export type SecurityInfoType =
  | 'certificate-chain'
  | 'private-key'
  | 'cert-revocation-list'
  | 'psk-identity'
  | 'psk-key';

/** Where a credential comes from. avs: `avs_crypto_data_source_t`. */
export type SecurityInfoSource = SecurityInfo['source'];

interface Described<T extends SecurityInfoType> {
  readonly type: T;
}

/** No credential. avs: `AVS_CRYPTO_DATA_SOURCE_EMPTY`. */
export interface EmptySecurityInfo<T extends SecurityInfoType = SecurityInfoType> extends Described<T> {
  readonly source: 'empty';
}

/** A file: PEM or DER for PKI, raw bytes for PSK. avs: `AVS_CRYPTO_DATA_SOURCE_FILE`. */
export interface FileSecurityInfo<T extends SecurityInfoType = SecurityInfoType> extends Described<T> {
  readonly source: 'file';
  readonly filename: string;
  /** For an encrypted private key. */
  readonly password?: string | undefined;
}

/** A directory, every file of which is tried. avs: `AVS_CRYPTO_DATA_SOURCE_PATH`. */
export interface PathSecurityInfo<T extends SecurityInfoType = SecurityInfoType> extends Described<T> {
  readonly source: 'path';
  readonly path: string;
}

/** Bytes: PEM or DER for PKI, raw for PSK. avs: `AVS_CRYPTO_DATA_SOURCE_BUFFER`. */
export interface BufferSecurityInfo<T extends SecurityInfoType = SecurityInfoType> extends Described<T> {
  readonly source: 'buffer';
  readonly buffer: Uint8Array;
  /** For an encrypted private key. */
  readonly password?: string | undefined;
}

/** A compound: several credentials of one type. avs: `AVS_CRYPTO_DATA_SOURCE_ARRAY`. */
export interface ArraySecurityInfo<T extends SecurityInfoType = SecurityInfoType> extends Described<T> {
  readonly source: 'array';
  readonly elements: readonly SecurityInfo<T>[];
}

/** A node of a {@link ListSecurityInfo}. avs: an element of an `AVS_LIST`. */
export interface SecurityInfoListNode<T extends SecurityInfoType = SecurityInfoType> {
  readonly info: SecurityInfo<T>;
  readonly next: SecurityInfoListNode<T> | undefined;
}

/** A compound: a linked list of credentials of one type. avs: `AVS_CRYPTO_DATA_SOURCE_LIST`. */
export interface ListSecurityInfo<T extends SecurityInfoType = SecurityInfoType> extends Described<T> {
  readonly source: 'list';
  readonly head: SecurityInfoListNode<T> | undefined;
}

/** Held by hardware or another store; the query's format belongs to the engine. avs: `AVS_CRYPTO_DATA_SOURCE_ENGINE`. */
export interface EngineSecurityInfo<T extends SecurityInfoType = SecurityInfoType> extends Described<T> {
  readonly source: 'engine';
  readonly query: string;
}

/**
 * A credential descriptor: what it is and where it comes from.
 *
 * avs: `avs_crypto_security_info_union_t`.
 */
export type SecurityInfo<T extends SecurityInfoType = SecurityInfoType> =
  | EmptySecurityInfo<T>
  | FileSecurityInfo<T>
  | PathSecurityInfo<T>
  | BufferSecurityInfo<T>
  | ArraySecurityInfo<T>
  | ListSecurityInfo<T>
  | EngineSecurityInfo<T>;

/** A pre-shared key. avs: `avs_crypto_psk_key_info_t`. */
export interface PskKeyInfo {
  readonly desc: SecurityInfo<'psk-key'>;
}

/** The identity of a pre-shared key. avs: `avs_crypto_psk_identity_info_t`. */
export interface PskIdentityInfo {
  readonly desc: SecurityInfo<'psk-identity'>;
}

/** Certificates: a chain, or trust anchors. avs: `avs_crypto_certificate_chain_info_t`. */
export interface CertificateChainInfo {
  readonly desc: SecurityInfo<'certificate-chain'>;
}

/** A private key. avs: `avs_crypto_private_key_info_t`. */
export interface PrivateKeyInfo {
  readonly desc: SecurityInfo<'private-key'>;
}

/** Certificate revocation lists. avs: `avs_crypto_cert_revocation_list_info_t`. */
export interface CertRevocationListInfo {
  readonly desc: SecurityInfo<'cert-revocation-list'>;
}
