/** The backend on Node: UDP sockets of its own, and `node:crypto` where that is faster. */
import { randomFillSync } from 'node:crypto';
import type { Backend } from '@avs-net/core';
import { createUdpSocket } from '@avs-net/core/node';
import { loadPskIdentity, loadPskKey } from '@avs-net/crypto-creds/node';
import { createBackend } from './backend.js';
import { nodeProvider } from './crypto/node.js';

export type { PureSettings } from './backend.js';
export { type Ciphersuite, ciphersuite, ciphersuites } from './ciphersuites.js';
export type * from './crypto/provider.js';

/** This backend as an object. See {@link Backend}. */
export const backend: Backend = createBackend({
  provider: nodeProvider,
  random: (bytes) => {
    randomFillSync(bytes);
  },
  credentials: { loadPskKey, loadPskIdentity },
  createUdpSocket,
});

/** Makes a DTLS client socket over UDP. See {@link Backend.createDtlsSocket}. */
export const createDtlsSocket: Backend['createDtlsSocket'] = backend.createDtlsSocket;

/** ENOTSUP: TLS over a stream is not there yet. See {@link Backend.createTlsSocket}. */
export const createTlsSocket: Backend['createTlsSocket'] = backend.createTlsSocket;

/** Makes a DTLS listener over UDP. See {@link Backend.createDtlsListener}. */
export const createDtlsListener: Backend['createDtlsListener'] = backend.createDtlsListener;

/** Makes a DTLS socket and puts it on top of another. See {@link Backend.decorateInPlace}. */
export const decorateInPlace: Backend['decorateInPlace'] = backend.decorateInPlace;
