import type { Backend } from '@avs-net/core';

/** The backends that are put to the test with each other: often one backend twice. */
export interface BackendPair {
  readonly client: Backend;
  /** Must be able to listen: `capabilities.server`. */
  readonly server: Backend;
}

/** The members of a pair, each with the word that test names use; one entry if both are the same backend. */
export function eachBackend({ client, server }: BackendPair): readonly Backend[] {
  return client === server ? [client] : [client, server];
}
