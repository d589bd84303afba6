import type { AvsError } from './errors.js';

/** Why something was ended. Whoever is told of it calls this. */
export type EndReason = () => AvsError;

/**
 * The error of a close, made when the first one asks for it, and the same for all. Mostly nobody does: the stack traces that nobody reads
 * took a tenth of the CPU time of a connect and close.
 */
export function endReason(make: () => AvsError): EndReason {
  let error: AvsError | undefined;
  return () => {
    error ??= make();
    return error;
  };
}
