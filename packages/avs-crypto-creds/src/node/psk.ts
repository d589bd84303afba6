import type { CredentialLoader } from '../loader.js';
import { createPskLoader } from '../psk-loader.js';
import { readFile } from './files.js';

// A file of its own, so that a bundle that loads pre-shared keys has nothing of certificates in it.

const loader = createPskLoader({ readFile });

/** As {@link CredentialLoader.loadPskKey}, from every source. */
export const loadPskKey: CredentialLoader['loadPskKey'] = loader.loadPskKey;

/** As {@link CredentialLoader.loadPskIdentity}, from every source. */
export const loadPskIdentity: CredentialLoader['loadPskIdentity'] = loader.loadPskIdentity;
