// noble's AES computes on words in little-endian order, whatever the machine's order is. Byte by byte it is also indifferent
// to alignment, and no view has to be made.

/** The word at `bytes[at, at + 4)`. */
export function readWord(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** Writes a word to `bytes[at, at + 4)`. */
export function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word;
  bytes[at + 1] = word >>> 8;
  bytes[at + 2] = word >>> 16;
  bytes[at + 3] = word >>> 24;
}

/** The word whose bytes are those of `n` from the most significant on. */
export function bigEndianWord(n: number): number {
  return (n << 24) | ((n & 0xff00) << 8) | ((n >>> 8) & 0xff00) | (n >>> 24);
}
