import { type CredentialLoader, createCredentialLoader } from '../loader.js';
import { nodePlatform } from './platform.js';

const loader = createCredentialLoader(nodePlatform);

/** As {@link CredentialLoader.loadCertificateChain}, from every source. */
export const loadCertificateChain: CredentialLoader['loadCertificateChain'] = loader.loadCertificateChain;

/** As {@link CredentialLoader.loadPrivateKey}, from every source, encrypted or not. */
export const loadPrivateKey: CredentialLoader['loadPrivateKey'] = loader.loadPrivateKey;

/** As {@link CredentialLoader.loadCertRevocationLists}, from every source. */
export const loadCertRevocationLists: CredentialLoader['loadCertRevocationLists'] = loader.loadCertRevocationLists;
