import type { Ciphersuite } from '../ciphersuites.js';
import { aeadOverhead } from './aead-protection.js';
import { cbcMaxPlaintext } from './cbc-protection.js';
import { maxInnerContent } from './connection-id.js';

/** The longest connection ID. RFC 9146 §3. */
const longestConnectionId = 255;

/**
 * The largest plaintext that fits in a record of `size` bytes under every one of the suites; negative when none does. With a `padding`, it
 * has the longest connection ID that a peer may ask for.
 */
export function worstMaxPlaintext(suites: readonly Ciphersuite[], size: number, padding: number | undefined): number {
  const room = padding === undefined ? size : size - longestConnectionId;
  const fits = Math.min(
    ...suites.map(({ protection }) =>
      protection.kind === 'aead' ? room - aeadOverhead(protection) : cbcMaxPlaintext(room),
    ),
  );
  return padding === undefined ? fits : maxInnerContent(fits, padding);
}
