import { type CredentialLoader, createCredentialLoader } from './loader.js';
import { readFile, unsupported } from './portable-psk-loader.js';

const loader = /* @__PURE__ */ createCredentialLoader({
  readFile,
  listFiles: (path) => unsupported(`the directory ${path} cannot be read`),
  decryptPrivateKey: () => unsupported('an encrypted private key cannot be decrypted'),
});

/** As {@link CredentialLoader.loadCertificateChain}, without a file system: ENOTSUP for files and directories. */
export const loadCertificateChain: CredentialLoader['loadCertificateChain'] = (info, options) =>
  loader.loadCertificateChain(info, options);

/** As {@link CredentialLoader.loadPrivateKey}, without a file system: ENOTSUP for files and for encrypted keys. */
export const loadPrivateKey: CredentialLoader['loadPrivateKey'] = (info, options) =>
  loader.loadPrivateKey(info, options);

/** As {@link CredentialLoader.loadCertRevocationLists}, without a file system: ENOTSUP for files and directories. */
export const loadCertRevocationLists: CredentialLoader['loadCertRevocationLists'] = (info, options) =>
  loader.loadCertRevocationLists(info, options);
