/** The backend over the OpenSSL inside Node: an addon that has no OpenSSL of its own. */
import type { AvsError, Backend } from '@avs-net/core';
import { createBackend } from './backend.js';
import { loadNative } from './native.js';
import { type CreateUdpSocket, udpSocketsOf } from './udp.js';

export type { OpensslSettings, OpensslVersion } from './backend.js';
export { type Ciphersuite, ciphersuites, type Protection } from './ciphersuites.js';

const loaded = loadNative();

/** Why the addon could not be loaded, an ENOTSUP that says what to do; undefined when it was. Creating a socket rejects with it. */
export const loadError: AvsError | undefined = loaded.error;

/** The version of the OpenSSL in this process, such as `3.0.19`; undefined without the addon. */
export const opensslVersion: string | undefined = loaded.error ? undefined : loaded.native.version;

/**
 * Makes the plain UDP socket that the sockets of this backend are on top of. As `createUdpSocket` of `@avs-net/core/node`, but by the addon where it can:
 * not on Windows, and not in a worker of `node:cluster`, whose sockets belong to the primary. There it is that one. `system` is a `dgram.Socket`, which
 * is made when it is asked for; from then on the socket receives by it.
 */
export const createUdpSocket: CreateUdpSocket = udpSocketsOf(loaded);

/** This backend as an object. Without the addon its capabilities are empty. See {@link Backend}. */
export const backend: Backend = createBackend(loaded, createUdpSocket);

/** Makes a DTLS client socket over UDP. See {@link Backend.createDtlsSocket}. */
export const createDtlsSocket: Backend['createDtlsSocket'] = backend.createDtlsSocket;

/** ENOTSUP: TLS over a stream is not there yet. See {@link Backend.createTlsSocket}. */
export const createTlsSocket: Backend['createTlsSocket'] = backend.createTlsSocket;

/** Makes a DTLS listener over UDP. See {@link Backend.createDtlsListener}. */
export const createDtlsListener: Backend['createDtlsListener'] = backend.createDtlsListener;

/** Makes a DTLS socket and puts it on top of another. See {@link Backend.decorateInPlace}. */
export const decorateInPlace: Backend['decorateInPlace'] = backend.decorateInPlace;
