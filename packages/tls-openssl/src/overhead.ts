import type { Ciphersuite } from './ciphersuites.js';
import { maxPlaintextLength, recordHeaderLength } from './record.js';

const blockLength = 16;

/** Whether a CBC suite's MAC covers the ciphertext; `unknown` before the negotiation. RFC 7366. */
export type MacOrder = 'encrypt-then-mac' | 'mac-then-encrypt' | 'unknown';

/** The largest plaintext whose record under the suite has at most `size` bytes; negative when none has. */
export function maxPlaintext({ protection }: Ciphersuite, order: MacOrder, size: number): number {
  const fragment = size - recordHeaderLength;
  if (protection.kind === 'aead') {
    return cap(fragment - protection.explicitNonceLength - protection.tagLength);
  }
  // RFC 5246 §6.2.3.2: the IV and whole blocks, the last of which ends in at least one byte of padding.
  const encryptThenMac = wholeBlocks(fragment - blockLength - protection.macLength) - 1;
  const macThenEncrypt = wholeBlocks(fragment - blockLength) - protection.macLength - 1;
  if (order === 'encrypt-then-mac') return cap(encryptThenMac);
  if (order === 'mac-then-encrypt') return cap(macThenEncrypt);
  return cap(Math.min(encryptThenMac, macThenEncrypt));
}

/** The least that {@link maxPlaintext} gives for any of the suites, before one of them is negotiated. Never below 0. */
export function worstMaxPlaintext(suites: readonly Ciphersuite[], size: number): number {
  return Math.max(0, Math.min(...suites.map((suite) => maxPlaintext(suite, 'unknown', size))));
}

function wholeBlocks(length: number): number {
  return Math.floor(length / blockLength) * blockLength;
}

function cap(length: number): number {
  return Math.min(length, maxPlaintextLength);
}
