import { errnoError } from '@avs-net/core';

// The order of P-256's group. FIPS 186-5, SP 800-186 §3.2.1.3.
const order = Uint8Array.from([
  0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
  0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
]);

/** A candidate is refused once in 2^32 times, so a working source never gets here. */
const attempts = 8;

/**
 * A private key for P-256: 32 random bytes that are at least 1 and below the order. FIPS 186-5 §A.2.2 (rejection sampling).
 * @throws EINVAL when `random` yields nothing of the kind again and again, because it is broken.
 */
export function randomP256Scalar(random: (bytes: Uint8Array) => void): Uint8Array {
  const scalar = new Uint8Array(32);
  for (let attempt = 0; attempt < attempts; attempt++) {
    random(scalar);
    let borrow = 0;
    let any = 0;
    for (let i = 31; i >= 0; i--) {
      borrow = (scalar[i] - order[i] - borrow) >>> 31;
      any |= scalar[i];
    }
    if (borrow === 1 && any !== 0) return scalar;
  }
  throw errnoError('EINVAL', 'random does not yield usable bytes');
}
