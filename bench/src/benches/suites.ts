import { ciphersuites } from '../../../packages/tls-openssl/dist/ciphersuites.js';
import type { Entrant } from '../contest/entrants.js';

/** What the entrant calls a suite: libssl has names of its own. */
export function suiteFor({ implementation }: Entrant, suite: string): string {
  return implementation === 'libssl' ? opensslName(suite) : suite;
}

/** OpenSSL's own name of a suite. */
export function opensslName(suite: string): string {
  // One that our table lacks OpenSSL lacks as well, and says so.
  return ciphersuites.find(({ name }) => name === suite)?.opensslName ?? suite;
}
