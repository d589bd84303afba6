/** The backend on Node: UDP sockets of its own, and `node:crypto` where that is faster. */
import type { Backend } from '@avs-net/core';
import { createUdpSocket } from '@avs-net/core/node';
import { loadPskIdentity, loadPskKey } from '@avs-net/crypto-creds/node';
import * as functions from './backend.js';
import { loadMissing, nodeProvider } from './crypto/node.js';
import { nodeRandom } from './crypto/node-random.js';

export type { PureSettings } from './backend.js';
export { type Ciphersuite, ciphersuite, ciphersuites } from './ciphersuites.js';
export type * from './crypto/provider.js';

const platform: functions.Platform = {
  provider: nodeProvider,
  prepare: loadMissing,
  random: nodeRandom,
  credentials: { loadPskKey, loadPskIdentity },
  createUdpSocket,
};

/** This backend as an object. See {@link Backend}. */
export const backend: Backend = /* @__PURE__ */ functions.createBackend(platform);

/** Makes a DTLS client socket over UDP. See {@link Backend.createDtlsSocket}. */
export const createDtlsSocket: Backend['createDtlsSocket'] = (configuration) =>
  functions.createDtlsSocket(platform, configuration);

/** ENOTSUP: TLS over a stream is not there yet. See {@link Backend.createTlsSocket}. */
export const createTlsSocket: Backend['createTlsSocket'] = functions.createTlsSocket;

/** Makes a DTLS listener over UDP. See {@link Backend.createDtlsListener}. */
export const createDtlsListener: Backend['createDtlsListener'] = (configuration) =>
  functions.createDtlsListener(platform, configuration);

/** Makes a DTLS socket and puts it on top of another. See {@link Backend.decorateInPlace}. */
export const decorateInPlace: Backend['decorateInPlace'] = (socket, configuration) =>
  functions.decorateInPlace(platform, socket, configuration);
