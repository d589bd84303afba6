import type { Endpoint } from './configuration.js';
import { errnoError, isErrno } from './errors.js';
import { asAvsError } from './foreign-error.js';
import type { Socket } from './socket.js';

// What secure sockets and listeners do with the socket below them, whoever made it.

/**
 * Closes the socket below whatever state it says it is in: one that is being opened is still closed, and the close ends that.
 * What one that is closed rejects with is of no interest: it may have been cleaned up.
 */
export async function closeBelow(backend: Pick<Socket, 'state' | 'close'>): Promise<void> {
  const wasClosed = backend.state === 'closed';
  try {
    await backend.close();
  } catch (error) {
    if (!wasClosed) throw error;
  }
}

/** @throws EBADF naming the argument: the socket was cleaned up. One that cannot tell counts as usable. */
export function checkNotCleanedUp(name: string, backend: Pick<Socket, 'getOption'>): void {
  try {
    backend.getOption('state');
  } catch (error) {
    if (isErrno(asAvsError(error), 'EBADF')) throw errnoError('EBADF', `${name} was cleaned up`, { cause: error });
  }
}

/** As {@link closeBelow}, where the error that led to it tells more. */
export async function closeQuietly(backend: Socket): Promise<void> {
  await closeBelow(backend).catch(() => undefined);
}

/** Takes the receiver away. */
export function releaseQuietly(backend: Socket): void {
  try {
    backend.setReceiver(undefined);
  } catch {
    // It was cleaned up in the meantime.
  }
}

/** What the socket below was told to connect to, if it knows. */
export function hostnameOf(backend: Socket): string | undefined {
  try {
    return backend.remoteHostname;
  } catch {
    return undefined;
  }
}

/** The peer's address; empty and 0 where the transport knows none. */
export function peerOf(backend: Socket): Endpoint {
  try {
    return { host: backend.remoteHost, port: backend.remotePort };
  } catch {
    return { host: '', port: 0 };
  }
}

/** The address that a socket is bound to, if the transport knows it. */
export function localOf(backend: Socket): Endpoint | undefined {
  try {
    return { host: backend.localHost, port: backend.localPort };
  } catch {
    return undefined;
  }
}
