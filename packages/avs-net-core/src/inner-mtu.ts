import { isErrno } from './errors.js';
import { asAvsError } from './foreign-error.js';
import type { SocketOperations } from './socket.js';

/** The largest plaintext of a record, bytes. RFC 5246 §6.2.1. */
export const maxPlaintextLength = 16_384;

/** What fits where nobody knows better: the least MTU of IPv6 less the headers of IPv6 and UDP. RFC 8200 §5. */
const safeSize = 1_280 - 40 - 8;

/** Bytes that one `send` of a datagram socket takes: what its option says, or 1,232 if it has no such option. */
export function datagramSizeOf(socket: Pick<SocketOperations, 'getOption'>): number {
  try {
    return socket.getOption('innerMtu');
  } catch (error) {
    if (isErrno(asAvsError(error), 'ENOTSUP')) return safeSize;
    throw error;
  }
}
