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
