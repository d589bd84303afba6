import { randomFillSync } from 'node:crypto';

/** Bytes that are fetched at once. */
const poolSize = 1_024;

/** What is longer is fetched by itself. */
const longest = 128;

const pool = new Uint8Array(poolSize);
let at = poolSize;

/**
 * Fills `bytes` from the CSPRNG of OpenSSL. What a handshake takes comes from a pool, out of which it is wiped: a call into OpenSSL costs
 * some 10 µs in a process that mostly waits, whatever its length.
 */
export function nodeRandom(bytes: Uint8Array): void {
  const { length } = bytes;
  if (length > longest) {
    randomFillSync(bytes);
    return;
  }
  if (length > poolSize - at) {
    randomFillSync(pool);
    at = 0;
  }
  const taken = pool.subarray(at, at + length);
  bytes.set(taken);
  taken.fill(0);
  at += length;
}
