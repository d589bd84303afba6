import type { DropReason } from './engine.js';

/** A count for each reason, all 0. */
export function noDrops(): Record<DropReason, number> {
  return {
    malformed: 0,
    unauthenticated: 0,
    replayed: 0,
    version: 0,
    epoch: 0,
    connectionId: 0,
    unexpected: 0,
    overflow: 0,
  };
}

/** Adds `more` to `counts`. */
export function addDrops(
  counts: Record<DropReason, number>,
  more: Readonly<Record<DropReason, number>> | undefined,
): void {
  if (more === undefined) return;
  for (const reason of Object.keys(counts) as DropReason[]) counts[reason] += more[reason];
}
