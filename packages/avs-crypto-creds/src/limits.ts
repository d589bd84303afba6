/** Bytes of a pre-shared key: at least, at most. avs: 256 is the reference's limit; RFC 4279 §5.3 asks for 64 or more. */
export const pskKeyLimits = Object.freeze({ min: 1, max: 256 });

/** Bytes of a PSK identity: at least, at most. avs: 128 is the reference's limit; RFC 4279 §5.3 asks for 128 or more. */
export const pskIdentityLimits = Object.freeze({ min: 0, max: 128 });

/** Descriptors in one compound, all levels together and itself included; also files in one directory and blocks in one PEM file. */
export const maxElements = 65_536;

/** Levels of compounds that can be persisted. */
export const maxPersistedDepth = 64;

/** Bytes of one file of certificates, revocation lists or a private key. */
export const maxFileLength = 64 * 1024 * 1024;

/** Rounds of a password-based key derivation. Beyond it a file could stop the process for minutes. */
export const maxKdfRounds = 5_000_000;
