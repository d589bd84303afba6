import type { Ciphersuite } from './ciphersuites.js';
import { maxPlaintextLength, recordHeaderLength } from './record.js';

const blockLength = 16;

/** The largest plaintext whose record under the suite has at most `size` bytes; negative when none has. */
export function maxPlaintext({ protection }: Ciphersuite, size: number): number {
  const fragment = size - recordHeaderLength;
  if (protection.kind === 'aead') {
    return cap(fragment - protection.explicitNonceLength - protection.tagLength);
  }
  // RFC 5246 §6.2.3.2: an IV, then whole blocks that hold the plaintext, its MAC and at least one byte of padding.
  const blocks = Math.floor((fragment - blockLength) / blockLength);
  return cap(blocks * blockLength - protection.macLength - 1);
}

/** The least that {@link maxPlaintext} gives for any of the suites, before one of them is negotiated. Never below 0. */
export function worstMaxPlaintext(suites: readonly Ciphersuite[], size: number): number {
  return Math.max(0, Math.min(...suites.map((suite) => maxPlaintext(suite, size))));
}

function cap(length: number): number {
  return Math.min(length, maxPlaintextLength);
}
