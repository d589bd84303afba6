import { errnoError } from '@avs-net/core';
import { requireBytes } from './arguments.js';
import type { CryptoProvider, HashName } from './provider.js';
import { wipe } from './wipe.js';

/**
 * The pseudorandom function of TLS 1.2, P_hash with the suite's hash. RFC 5246 §5.
 * @param secret The key: a premaster or master secret. Any length.
 * @param label ASCII, such as `'master secret'`.
 * @param length Bytes wanted.
 * @returns Fresh bytes, the caller's to wipe.
 * @throws EINVAL if `label` is not ASCII or `length` is no number of bytes; TypeError if `secret` or `seed` is not bytes.
 */
export function prf(
  provider: CryptoProvider,
  hash: HashName,
  secret: Uint8Array,
  label: string,
  seed: Uint8Array,
  length: number,
): Uint8Array {
  requireBytes('secret', secret);
  requireBytes('seed', seed);
  if (!Number.isInteger(length) || length < 0) throw errnoError('EINVAL', 'length must be a number of bytes');
  const labelled = new Uint8Array(label.length + seed.length);
  for (let i = 0; i < label.length; i++) {
    const code = label.charCodeAt(i);
    if (code > 0x7f) throw errnoError('EINVAL', 'label must be ASCII');
    labelled[i] = code;
  }
  labelled.set(seed, label.length);

  const output = new Uint8Array(length);
  const mac = provider.mac(hash, secret);
  // RFC 5246 §5: A(0) is the seed, A(i) is HMAC(A(i - 1)); the output is HMAC(A(1) + seed), HMAC(A(2) + seed), and so on.
  let a = mac.compute(labelled);
  for (let at = 0; at < length; at += mac.length) {
    const part = mac.compute(a, labelled);
    output.set(part.subarray(0, length - at), at);
    wipe(part);
    if (at + mac.length >= length) break;
    const next = mac.compute(a);
    wipe(a);
    a = next;
  }
  wipe(a);
  mac.destroy();
  return output;
}
