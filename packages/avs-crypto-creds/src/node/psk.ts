import type { CredentialLoader } from '../loader.js';
import { createPskLoader } from '../psk-loader.js';
import { readFile } from './files.js';

// A file of its own, so that a bundle that loads pre-shared keys has nothing of certificates in it.

const loader = /* @__PURE__ */ createPskLoader({ readFile });

/** As {@link CredentialLoader.loadPskKey}, from every source. */
export const loadPskKey: CredentialLoader['loadPskKey'] = (info, options) => loader.loadPskKey(info, options);

/** As {@link CredentialLoader.loadPskIdentity}, from every source. */
export const loadPskIdentity: CredentialLoader['loadPskIdentity'] = (info, options) =>
  loader.loadPskIdentity(info, options);
