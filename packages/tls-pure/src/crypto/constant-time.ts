/**
 * Whether two byte strings are the same, in a time that depends on their lengths only. For MACs, tags and verify_data.
 * Different lengths are unequal at once: lengths are public.
 */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}

/** All ones if `a < b`, else 0, without a branch. For integers below 2^31. */
export function maskLess(a: number, b: number): number {
  return (a - b) >> 31;
}

/** All ones if `a === b`, else 0, without a branch. For integers below 2^31. */
export function maskEqual(a: number, b: number): number {
  const difference = a ^ b;
  return ~((difference | -difference) >> 31);
}
