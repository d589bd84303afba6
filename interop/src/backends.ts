import type { Backend } from '@avs-net/core';
import { loadError, backend as openssl } from '@avs-net/tls-openssl';
import { backend as pure } from '@avs-net/tls-pure';

/** A backend that the peers are tried with. */
export interface TriedBackend {
  readonly backend: Backend;
  /** Why it lacks suites that another backend has: one entry for each group of them, by number. */
  readonly lacks: readonly { readonly suites: readonly number[]; readonly reason: string }[];
}

// Without a C++ compiler there is no addon; where CI is set it must be there.
if (loadError && process.env['CI']) throw loadError;

// Adding a backend is a line here.
const all: readonly TriedBackend[] = [
  { backend: pure, lacks: [] },
  {
    backend: openssl,
    lacks: [{ suites: [0xd001, 0xd003], reason: 'OpenSSL has no ECDHE_PSK with AES-GCM or AES-CCM (RFC 8442)' }],
  },
];

/** Every backend that is there. */
export const backends: readonly TriedBackend[] = all.filter(({ backend }) => backend.capabilities.server);

/** The names of those that are not: their addon is not built. */
export const missingBackends: readonly string[] = all
  .filter((tried) => !backends.includes(tried))
  .map(({ backend }) => backend.name);
