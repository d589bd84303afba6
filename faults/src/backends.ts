import type { Backend } from '@avs-net/core';
import { backend as pure } from '@avs-net/tls-pure';

/** The backends that the campaign puts against each other: a new one is one more here. */
const backends: readonly Backend[] = [pure];

/** A client's backend and a server's. */
export interface BackendPair {
  readonly name: string;
  readonly client: Backend;
  readonly server: Backend;
}

/** Every backend's client with every backend's server. */
export const pairs: readonly BackendPair[] = backends.flatMap((client) =>
  backends
    .filter(({ capabilities }) => capabilities.server)
    .map((server) => ({ name: `${client.name} × ${server.name}`, client, server })),
);

/** Ciphersuites that both sides have, in the client's order. */
export function commonCiphersuites({ client, server }: BackendPair): readonly number[] {
  return client.capabilities.ciphersuites.filter((id) => server.capabilities.ciphersuites.includes(id));
}
