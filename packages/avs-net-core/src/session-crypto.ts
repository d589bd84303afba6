/** The cryptography that keeping sessions takes; each backend brings its own. */
export interface SessionCrypto {
  /** HMAC-SHA-256 of `data`, 32 bytes. */
  hmac(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** AES-256-GCM under a key of 32 bytes with a random nonce of 12 in front: `nonce || ciphertext || tag`. */
  seal(key: Uint8Array, additionalData: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** The plaintext, in bytes of its own; undefined when it was not sealed with this key and additional data. */
  open(key: Uint8Array, additionalData: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
  /** Fills `bytes` with unpredictable bytes. */
  random(bytes: Uint8Array): void;
}

/** The parts one after another, each with its length in front: no two lists of parts read the same. */
export function lengthPrefixed(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}

/** Views of the parts of what {@link lengthPrefixed} has made; undefined when `bytes` are not exactly `count` parts. */
export function lengthPrefixedParts(bytes: Uint8Array, count: number): Uint8Array[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  let at = 0;
  while (parts.length < count && at + 4 <= bytes.length) {
    const end = at + 4 + view.getUint32(at);
    if (end > bytes.length) return undefined;
    parts.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return parts.length === count && at === bytes.length ? parts : undefined;
}
