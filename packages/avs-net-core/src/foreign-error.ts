import { AvsErrno, type AvsErrnoName } from './errno.js';
import { AvsError, errnoError } from './errors.js';

/**
 * Any thrown thing as an {@link AvsError}: itself if it is one; an errno where it carries such a name as `code`, as Node's
 * errors do; else UNKNOWN_ERROR with the thing as `cause`.
 */
export function asAvsError(error: unknown): AvsError {
  if (error instanceof AvsError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const { code } = (error ?? {}) as { code?: unknown };
  return errnoError(isErrnoName(code) ? code : 'UNKNOWN_ERROR', message, { cause: error });
}

function isErrnoName(code: unknown): code is AvsErrnoName {
  return typeof code === 'string' && Object.hasOwn(AvsErrno, code);
}
