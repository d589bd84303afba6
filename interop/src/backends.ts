import type { Backend } from '@avs-net/core';
import { backend as pure } from '@avs-net/tls-pure';

/** A backend that the peers are tried with. */
export interface TriedBackend {
  readonly backend: Backend;
  /** Why it lacks suites that another backend has: one entry for each group of them, by number. */
  readonly lacks: readonly { readonly suites: readonly number[]; readonly reason: string }[];
}

/** Every backend. Adding one is a line here. */
export const backends: readonly TriedBackend[] = [{ backend: pure, lacks: [] }];
