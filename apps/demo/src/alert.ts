import { AlertDescription, AvsError, AvsErrorCategory, alertName } from '@avs-net/core';

/**
 * The description of the TLS alert, sent or received, that an error comes from; undefined when it comes from something else.
 * close_notify is the way in which associations end, and no failure.
 */
export function alertOf(error: unknown): number | undefined {
  return alertErrorIn(error)?.description;
}

/** Who has ended what with which alert, as `device ended it with decrypt_error`; undefined when it was no alert, or close_notify. */
export function describeAlert(error: unknown, sender: string, receiver: string): string | undefined {
  const alert = alertErrorIn(error);
  if (alert === undefined) return undefined;
  return `${alert.direction === 'sent' ? sender : receiver} ended it with ${alertName(alert.description ?? 0)}`;
}

function alertErrorIn(error: unknown): AvsError | undefined {
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth++) {
    if (cause instanceof AvsError && cause.category === AvsErrorCategory.tlsAlert) {
      return cause.description === AlertDescription.close_notify ? undefined : cause;
    }
  }
  return undefined;
}
