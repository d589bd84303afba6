export { loadCertificateChain, loadCertRevocationLists, loadPrivateKey } from './pki.js';
export { loadPskIdentity, loadPskKey } from './psk.js';
