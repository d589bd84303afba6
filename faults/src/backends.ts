import type { Backend } from '@avs-net/core';
import { loadError, backend as openssl } from '@avs-net/tls-openssl';
import { backend as pure } from '@avs-net/tls-pure';

// Where CI is set everything must be there.
if (loadError !== undefined && process.env['CI']) throw loadError;
if (loadError !== undefined) console.warn(`the campaign runs without the OpenSSL backend: ${loadError.message}`);

/** A backend, and whether it takes `random`: only then does a seed repeat every byte, and not only what the network does. */
interface Entry {
  readonly backend: Backend;
  readonly takesRandom: boolean;
}

/** The backends that the campaign puts against each other: a new one is one more here. */
const backends: readonly Entry[] = [
  { backend: pure, takesRandom: true },
  ...(loadError === undefined ? [{ backend: openssl, takesRandom: false }] : []),
];

/** A client's backend and a server's. */
export interface BackendPair {
  readonly name: string;
  readonly client: Backend;
  readonly server: Backend;
  /** Which of them take `random`. */
  readonly takesRandom: { readonly client: boolean; readonly server: boolean };
}

/** Every backend's client with every backend's server. */
export const pairs: readonly BackendPair[] = backends.flatMap((client) =>
  backends
    .filter(({ backend }) => backend.capabilities.server)
    .map((server) => ({
      name: `${client.backend.name} × ${server.backend.name}`,
      client: client.backend,
      server: server.backend,
      takesRandom: { client: client.takesRandom, server: server.takesRandom },
    })),
);

/** Ciphersuites that both sides have, in the client's order. */
export function commonCiphersuites({ client, server }: BackendPair): readonly number[] {
  return client.capabilities.ciphersuites.filter((id) => server.capabilities.ciphersuites.includes(id));
}
