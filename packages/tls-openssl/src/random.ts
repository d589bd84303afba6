import { getFips } from 'node:crypto';
import { errnoError } from '@avs-net/core';
import type { Native, NativeContext } from './native.js';

/** Fills its argument with unpredictable bytes. */
export type Random = (bytes: Uint8Array) => void;

/**
 * The first bytes of a caller's source, for a context that shall draw from it.
 * @throws ENOTSUP in FIPS mode, whose rules say where randomness comes from; what the source throws.
 */
export function firstRandom(native: Native, random: Random | undefined): Uint8Array | undefined {
  if (!random) return undefined;
  if (getFips() === 1) throw errnoError('ENOTSUP', 'random is not supported in FIPS mode');
  return filled(random, native.randomCapacity);
}

/** What fills up a context's randomness from the caller's source, to be called before each operation. */
export function replenisher(context: NativeContext, random: Random | undefined): (() => void) | undefined {
  if (!random) return undefined;
  return () => {
    const wanted = context.randomWanted();
    if (wanted === 0) return;
    const bytes = filled(random, wanted);
    context.giveRandom(bytes);
    bytes.fill(0);
  };
}

function filled(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  random(bytes);
  return bytes;
}
