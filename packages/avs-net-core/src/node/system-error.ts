import { AvsErrno, type AvsErrnoName } from '../errno.js';
import { AvsError, errnoError } from '../errors.js';

/** What Node calls otherwise than the contract does. */
const otherNames: Readonly<Record<string, AvsErrnoName>> = {
  EWOULDBLOCK: 'EAGAIN',
  EOPNOTSUPP: 'ENOTSUP',
  ERR_SOCKET_DGRAM_NOT_RUNNING: 'EBADF',
  ERR_SOCKET_CLOSED: 'EBADF',
  ERR_STREAM_DESTROYED: 'ENOTCONN',
  ERR_STREAM_WRITE_AFTER_END: 'ENOTCONN',
  ERR_SOCKET_DGRAM_NOT_CONNECTED: 'ENOTCONN',
};

/** From DNS: no answer to use, for whatever reason. */
const isResolutionError = (code: string): boolean => code === 'ENOTFOUND' || code.startsWith('EAI_');

const isErrnoName = (code: string): code is AvsErrnoName => Object.hasOwn(AvsErrno, code);

/** An error of the system as one of the contract, by its name; `action` says what was tried. The system's own is the cause. */
export function systemError(error: unknown, action: string): AvsError {
  if (error instanceof AvsError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (isErrnoName(code)) return errnoError(code, action, { cause: error });
  if (isResolutionError(code)) return errnoError('EADDRNOTAVAIL', `${action}: ${code}`, { cause: error });
  const other = otherNames[code];
  if (other !== undefined) return errnoError(other, action, { cause: error });
  const text = error instanceof Error ? error.message : String(error);
  return errnoError('UNKNOWN_ERROR', `${action}: ${text}`, { cause: error });
}
