export { constantTimeEqual } from '@avs-net/core';

/** All ones if `a < b`, else 0, without a branch. For integers below 2^31. */
export function maskLess(a: number, b: number): number {
  return (a - b) >> 31;
}

/** All ones if `a === b`, else 0, without a branch. For integers below 2^31. */
export function maskEqual(a: number, b: number): number {
  const difference = a ^ b;
  return ~((difference | -difference) >> 31);
}
