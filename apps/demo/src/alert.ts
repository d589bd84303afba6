import { AlertDescription, AvsError, AvsErrorCategory } from '@avs-net/core';

/**
 * The description of the TLS alert, sent or received, that an error comes from; undefined when it comes from something else.
 * close_notify is the way in which associations end, and no failure.
 */
export function alertOf(error: unknown): number | undefined {
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth++) {
    if (cause instanceof AvsError && cause.category === AvsErrorCategory.tlsAlert) {
      return cause.description === AlertDescription.close_notify ? undefined : cause.description;
    }
  }
  return undefined;
}
