import { errnoError } from '@avs-net/core';
import type { CredentialLoader } from './loader.js';
import { createPskLoader } from './psk-loader.js';

// A file of its own, so that a bundle that loads pre-shared keys has nothing of certificates in it.

/** Rejects with ENOTSUP. */
export function unsupported(what: string): Promise<never> {
  return Promise.reject(
    errnoError('ENOTSUP', `${what} without a platform: on Node, load it with @avs-net/crypto-creds/node`),
  );
}

/** There are no files. */
export function readFile(filename: string): Promise<never> {
  return unsupported(`the file ${filename} cannot be read`);
}

const loader = /* @__PURE__ */ createPskLoader({ readFile });

/** As {@link CredentialLoader.loadPskKey}, without a file system: ENOTSUP for files. */
export const loadPskKey: CredentialLoader['loadPskKey'] = (info, options) => loader.loadPskKey(info, options);

/** As {@link CredentialLoader.loadPskIdentity}, without a file system: ENOTSUP for files. */
export const loadPskIdentity: CredentialLoader['loadPskIdentity'] = (info, options) =>
  loader.loadPskIdentity(info, options);
