import { type CredentialLoader, createCredentialLoader } from '../loader.js';
import { nodePlatform } from './platform.js';

const loader = /* @__PURE__ */ createCredentialLoader(nodePlatform);

/** As {@link CredentialLoader.loadCertificateChain}, from every source. */
export const loadCertificateChain: CredentialLoader['loadCertificateChain'] = (info, options) =>
  loader.loadCertificateChain(info, options);

/** As {@link CredentialLoader.loadPrivateKey}, from every source, encrypted or not. */
export const loadPrivateKey: CredentialLoader['loadPrivateKey'] = (info, options) =>
  loader.loadPrivateKey(info, options);

/** As {@link CredentialLoader.loadCertRevocationLists}, from every source. */
export const loadCertRevocationLists: CredentialLoader['loadCertRevocationLists'] = (info, options) =>
  loader.loadCertRevocationLists(info, options);
