/** Bytes of the buffers that records are cut from. */
const slabSize = 16_384;

/** Records up to this size are cut from a slab; larger ones have a buffer of their own. */
const longestPiece = 2_048;

let slab = new ArrayBuffer(slabSize);
let used = 0;

/**
 * For backends: bytes for a record, nobody else's and all zero. Small ones are pieces of a larger buffer, as Node's are of its pool: a buffer
 * for each of a hundred bytes costs more than protecting them in AES-NI, and a third of what that takes in TypeScript.
 */
export function recordBytes(length: number): Uint8Array {
  if (length > longestPiece) return new Uint8Array(length);
  if (used + length > slabSize) {
    slab = new ArrayBuffer(slabSize);
    used = 0;
  }
  const bytes = new Uint8Array(slab, used, length);
  used += length;
  return bytes;
}
