/**
 * The backend for wherever JavaScript runs: cryptography in TypeScript, and no sockets of its own. Put it on top of any datagram
 * `Socket` with `decorate` or `decorateInPlace`.
 */
import type { Backend } from '@avs-net/core';
import { loadPskIdentity, loadPskKey } from '@avs-net/crypto-creds';
import * as functions from './backend.js';
import { portableProvider } from './crypto/portable.js';

export type { PureSettings } from './backend.js';
export { type Ciphersuite, ciphersuite, ciphersuites } from './ciphersuites.js';
export type * from './crypto/provider.js';

const platform: functions.Platform = {
  provider: portableProvider,
  prepare: undefined,
  random: (bytes) => {
    // The platform gives at most 65,536 bytes at a time; nothing here asks for more.
    globalThis.crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
  },
  credentials: { loadPskKey, loadPskIdentity },
  createUdpSocket: undefined,
};

/** This backend as an object. See {@link Backend}. */
export const backend: Backend = /* @__PURE__ */ functions.createBackend(platform);

/** Makes a DTLS client socket without a socket below: for `decorate`. See {@link Backend.createDtlsSocket}. */
export const createDtlsSocket: Backend['createDtlsSocket'] = (configuration) =>
  functions.createDtlsSocket(platform, configuration);

/** Makes a DTLS listener without a socket below: for `decorate`. See {@link Backend.createDtlsListener}. */
export const createDtlsListener: Backend['createDtlsListener'] = (configuration) =>
  functions.createDtlsListener(platform, configuration);

/** Makes a DTLS socket and puts it on top of another. See {@link Backend.decorateInPlace}. */
export const decorateInPlace: Backend['decorateInPlace'] = (socket, configuration) =>
  functions.decorateInPlace(platform, socket, configuration);
