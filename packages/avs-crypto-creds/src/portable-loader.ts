import { errnoError } from '@avs-net/core';
import { type CredentialLoader, createCredentialLoader } from './loader.js';

function unsupported(what: string): Promise<never> {
  return Promise.reject(
    errnoError('ENOTSUP', `${what} without a platform: on Node, load it with @avs-net/crypto-creds/node`),
  );
}

const loader = createCredentialLoader({
  readFile: (filename) => unsupported(`the file ${filename} cannot be read`),
  listFiles: (path) => unsupported(`the directory ${path} cannot be read`),
  decryptPrivateKey: () => unsupported('an encrypted private key cannot be decrypted'),
});

/** As {@link CredentialLoader.loadPskKey}, without a file system: ENOTSUP for files. */
export const loadPskKey: CredentialLoader['loadPskKey'] = loader.loadPskKey;

/** As {@link CredentialLoader.loadPskIdentity}, without a file system: ENOTSUP for files. */
export const loadPskIdentity: CredentialLoader['loadPskIdentity'] = loader.loadPskIdentity;

/** As {@link CredentialLoader.loadCertificateChain}, without a file system: ENOTSUP for files and directories. */
export const loadCertificateChain: CredentialLoader['loadCertificateChain'] = loader.loadCertificateChain;

/** As {@link CredentialLoader.loadPrivateKey}, without a file system: ENOTSUP for files and for encrypted keys. */
export const loadPrivateKey: CredentialLoader['loadPrivateKey'] = loader.loadPrivateKey;

/** As {@link CredentialLoader.loadCertRevocationLists}, without a file system: ENOTSUP for files and directories. */
export const loadCertRevocationLists: CredentialLoader['loadCertRevocationLists'] = loader.loadCertRevocationLists;
