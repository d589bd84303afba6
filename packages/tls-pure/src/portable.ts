/**
 * The backend for wherever JavaScript runs: cryptography in TypeScript, and no sockets of its own. Put it on top of any datagram
 * `Socket` with `decorate` or `decorateInPlace`.
 */
import type { Backend } from '@avs-net/core';
import { loadPskIdentity, loadPskKey } from '@avs-net/crypto-creds';
import { createBackend } from './backend.js';
import { portableProvider } from './crypto/portable.js';

export type { PureSettings } from './backend.js';
export { type Ciphersuite, ciphersuite, ciphersuites } from './ciphersuites.js';
export type * from './crypto/provider.js';

/** This backend as an object. See {@link Backend}. */
export const backend: Backend = createBackend({
  provider: portableProvider,
  random: (bytes) => {
    // The platform gives at most 65,536 bytes at a time; nothing here asks for more.
    globalThis.crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
  },
  credentials: { loadPskKey, loadPskIdentity },
  createUdpSocket: undefined,
});

/** Makes a DTLS client socket without a socket below: for `decorate`. See {@link Backend.createDtlsSocket}. */
export const createDtlsSocket: Backend['createDtlsSocket'] = backend.createDtlsSocket;

/** Makes a DTLS listener without a socket below: for `decorate`. See {@link Backend.createDtlsListener}. */
export const createDtlsListener: Backend['createDtlsListener'] = backend.createDtlsListener;

/** Makes a DTLS socket and puts it on top of another. See {@link Backend.decorateInPlace}. */
export const decorateInPlace: Backend['decorateInPlace'] = backend.decorateInPlace;
