import { ciphersuites } from '../../../packages/tls-openssl/dist/ciphersuites.js';
import type { Entrant } from '../contest/entrants.js';

/** What the entrant calls a suite: libssl has names of its own. */
export function suiteFor({ implementation }: Entrant, suite: string): string {
  if (implementation !== 'libssl') return suite;
  // One that our table lacks OpenSSL lacks as well, and says so.
  return ciphersuites.find(({ name }) => name === suite)?.opensslName ?? suite;
}
