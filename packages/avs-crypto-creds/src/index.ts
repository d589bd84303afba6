export { clearBuffer } from './bytes.js';
export {
  certRevocationListInfoEmpty,
  certRevocationListInfoFromArray,
  certRevocationListInfoFromBuffer,
  certRevocationListInfoFromEngine,
  certRevocationListInfoFromFile,
  certRevocationListInfoFromList,
  certRevocationListInfoFromPath,
} from './cert-revocation-list.js';
export {
  certificateChainInfoEmpty,
  certificateChainInfoFromArray,
  certificateChainInfoFromBuffer,
  certificateChainInfoFromEngine,
  certificateChainInfoFromFile,
  certificateChainInfoFromList,
  certificateChainInfoFromPath,
} from './certificate-chain.js';
export { clearInfo, copy, copyAsArray, copyAsList, flatten, validate } from './copy.js';
export { type CredentialEngine, type EngineResult, registerEngine } from './engines.js';
export type { CompoundInfo, CredentialInfo, InfoByType } from './info-types.js';
export type { EncryptedPrivateKey, PrivateKeyDecrypter } from './key-encoding.js';
export { pskIdentityLimits, pskKeyLimits } from './limits.js';
export { type CredentialLoader, type CredentialPlatform, createCredentialLoader, type LoadOptions } from './loader.js';
export { detectEncoding, PemBlock, splitPem } from './pem.js';
export { persist, restore } from './persistence.js';
export { loadCertificateChain, loadCertRevocationLists, loadPrivateKey } from './portable-loader.js';
export { loadPskIdentity, loadPskKey } from './portable-psk-loader.js';
export {
  privateKeyInfoEmpty,
  privateKeyInfoFromBuffer,
  privateKeyInfoFromEngine,
  privateKeyInfoFromFile,
} from './private-key.js';
export {
  pskIdentityInfoFromBuffer,
  pskIdentityInfoFromEngine,
  pskIdentityInfoFromFile,
  pskKeyInfoFromBuffer,
  pskKeyInfoFromEngine,
  pskKeyInfoFromFile,
} from './psk.js';
export type { PskLoader } from './psk-loader.js';
export { loadPskSecurity, type PskLookup, pskLookup } from './psk-security.js';
export { type TestEngine, testEngine } from './test-engine.js';
