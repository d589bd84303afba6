import type { Ciphersuite } from '../ciphersuites.js';
import { aeadOverhead } from './aead-protection.js';
import { cbcMaxPlaintext } from './cbc-protection.js';

/** The largest plaintext that fits in a record of `size` bytes under every one of the suites; negative when none does. */
export function worstMaxPlaintext(suites: readonly Ciphersuite[], size: number): number {
  return Math.min(
    ...suites.map(({ protection }) =>
      protection.kind === 'aead' ? size - aeadOverhead(protection) : cbcMaxPlaintext(size),
    ),
  );
}
