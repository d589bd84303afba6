/**
 * Whether two byte strings are the same, in a time that depends on their lengths only. For MACs, tags and verify_data.
 * Different lengths are unequal at once: lengths are public.
 */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
