/** The hashes of the suites' PRFs and MACs. SHA-1 is for nothing here. */
export type HashName = 'sha256' | 'sha384';

/** The AEAD algorithms, by their names in the IANA registry "AEAD Algorithms" where they have one. */
export type AeadName =
  | 'AES_128_CCM_8'
  | 'AES_128_CCM'
  | 'AES_256_CCM_8'
  | 'AES_256_CCM'
  | 'AES_128_GCM'
  | 'AES_256_GCM'
  | 'CHACHA20_POLY1305';

/** Bytes of each algorithm's key and tag. RFC 5116 §5.1, RFC 6655 §4, RFC 8439 §2.8. */
export const aeadSizes: Readonly<Record<AeadName, { readonly keyLength: number; readonly tagLength: number }>> = {
  AES_128_CCM_8: { keyLength: 16, tagLength: 8 },
  AES_128_CCM: { keyLength: 16, tagLength: 16 },
  AES_256_CCM_8: { keyLength: 32, tagLength: 8 },
  AES_256_CCM: { keyLength: 32, tagLength: 16 },
  AES_128_GCM: { keyLength: 16, tagLength: 16 },
  AES_256_GCM: { keyLength: 32, tagLength: 16 },
  CHACHA20_POLY1305: { keyLength: 32, tagLength: 16 },
};

/** Groups for ECDHE, by number in the IANA registry "TLS Supported Groups". RFC 8422 §5.1.1. */
export const NamedGroup = { secp256r1: 23, x25519: 29 } as const;

/** The groups that are offered and taken, in order of preference. */
export const supportedGroups = [NamedGroup.x25519, NamedGroup.secp256r1] as const;

/** One of {@link NamedGroup}. */
export type NamedGroupCode = (typeof NamedGroup)[keyof typeof NamedGroup];

/** A running hash. */
export interface Hash {
  update(data: Uint8Array): void;
  /** The digest of what was fed so far; more can be fed afterwards. */
  digest(): Uint8Array;
  /** Wipes the state; the hash is of no use afterwards. */
  destroy(): void;
}

/** HMAC with a key that was set up once. RFC 2104. */
export interface Mac {
  /** Bytes: 32 or 48. */
  readonly length: number;
  /** The HMAC of the parts, one after another. */
  compute(...parts: readonly Uint8Array[]): Uint8Array;
  destroy(): void;
}

/** An AEAD cipher with its key expanded once. Works in place and allocates nothing that outlives a call. */
export interface Aead {
  /** Bytes: 8 or 16. */
  readonly tagLength: number;
  /** Encrypts `buffer[start, start + length)` in place and writes the tag behind it. `nonce` is 12 bytes. */
  seal(nonce: Uint8Array, aad: Uint8Array, buffer: Uint8Array, start: number, length: number): void;
  /**
   * Checks the tag that follows `buffer[start, start + length)` in constant time and decrypts in place.
   * False: not authentic, and what the buffer then holds in that range must not be used.
   */
  open(nonce: Uint8Array, aad: Uint8Array, buffer: Uint8Array, start: number, length: number): boolean;
  destroy(): void;
}

/** AES in CBC mode with its key expanded once, without padding. `iv` is 16 bytes, lengths are multiples of 16. */
export interface Cbc {
  encrypt(iv: Uint8Array, buffer: Uint8Array, start: number, length: number): void;
  decrypt(iv: Uint8Array, buffer: Uint8Array, start: number, length: number): void;
  destroy(): void;
}

/** An ephemeral key pair. */
export interface KeyShare {
  readonly group: NamedGroupCode;
  /** As TLS carries it: 32 bytes for X25519, 65 bytes (uncompressed point) for P-256. */
  readonly publicKey: Uint8Array;
  /**
   * The shared secret, 32 bytes.
   * @throws Error for a public key that is not on the curve, of the wrong length, or that gives an all-zero secret (RFC 7748 §6.1).
   */
  agree(peerPublicKey: Uint8Array): Uint8Array;
  destroy(): void;
}

/** The cryptography that the protocol needs, and nothing more. Implementations are stateless but for the keys they expand. */
export interface CryptoProvider {
  readonly name: string;
  hash(name: HashName): Hash;
  /** Copies the key. */
  mac(name: HashName, key: Uint8Array): Mac;
  /** Copies the key: 16 or 32 bytes, as the algorithm wants. */
  aead(name: AeadName, key: Uint8Array): Aead;
  /** Copies the key: 16 bytes. */
  cbc(key: Uint8Array): Cbc;
  /** A fresh key pair; `random` fills its argument with unpredictable bytes. */
  keyShare(group: NamedGroupCode, random: (bytes: Uint8Array) => void): KeyShare;
}
