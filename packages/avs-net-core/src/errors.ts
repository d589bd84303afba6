import { type Alert, AlertLevel, alertName } from './alerts.js';
import { AvsErrno, type AvsErrnoCode, type AvsErrnoName } from './errno.js';

/** Error categories, numbered as in C: `AVS_ERRNO_CATEGORY`, `AVS_NET_SSL_ALERT_CATEGORY`, and the backend's own. */
export const AvsErrorCategory = {
  /** `code` is an {@link AvsErrno}. */
  errno: 37766,
  /** `code` is level << 8 or description. */
  tlsAlert: 8572,
  /** `code` is the backend's own. */
  tlsLibrary: 8573,
} as const;

/** One of {@link AvsErrorCategory}. */
export type AvsErrorCategoryCode = (typeof AvsErrorCategory)[keyof typeof AvsErrorCategory];

interface AvsErrorInit {
  category: AvsErrorCategoryCode;
  code: number;
  message: string;
  errno?: AvsErrnoName;
  alert?: Alert;
  partial?: Uint8Array;
  cause?: unknown;
}

/**
 * What every operation of a socket rejects with.
 *
 * avs: `avs_error_t`.
 */
export class AvsError extends Error {
  /** Which of the three kinds of error this is, and so what `code` means. */
  readonly category: AvsErrorCategoryCode;
  /** The error's number within its category, never 0. */
  readonly code: number;
  /** The name of an error of the errno category, such as `'ECONNREFUSED'`; undefined in the other categories. */
  readonly errno: AvsErrnoName | undefined;
  /** The alert's level, 1 warning or 2 fatal; undefined outside the alert category. */
  readonly level: number | undefined;
  /** The alert's description; undefined outside the alert category. */
  readonly description: number | undefined;
  /** Whether the alert was sent or received; undefined outside the alert category. */
  readonly direction: 'sent' | 'received' | undefined;
  /** On EMSGSIZE from `receive`: the first `maxLength` bytes of the datagram. */
  readonly partial: Uint8Array | undefined;

  /** @internal Use {@link errnoError}, {@link alertError} or {@link libraryError}. */
  constructor(init: AvsErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'AvsError';
    this.category = init.category;
    this.code = init.code;
    this.errno = init.errno;
    this.level = init.alert?.level;
    this.description = init.alert?.description;
    this.direction = init.alert?.direction;
    this.partial = init.partial;
  }
}

/** An error of the errno category. `message` says what is wrong and names the argument or the address; the name goes in front. */
export function errnoError(
  errno: AvsErrnoName,
  message: string,
  options: { cause?: unknown; partial?: Uint8Array } = {},
): AvsError {
  const code: AvsErrnoCode = AvsErrno[errno];
  return new AvsError({ category: AvsErrorCategory.errno, code, errno, message: `${errno}: ${message}`, ...options });
}

/** An error of the TLS alert category: the alert that ended an association, or that refused it. */
export function alertError(alert: Alert, message?: string): AvsError {
  const level = alert.level === AlertLevel.fatal ? 'fatal' : 'warning';
  const text = `TLS alert ${alert.direction}: ${level} ${alertName(alert.description)}${message ? `: ${message}` : ''}`;
  return new AvsError({
    category: AvsErrorCategory.tlsAlert,
    code: (alert.level << 8) | alert.description,
    message: text,
    alert,
  });
}

/** An error of the TLS library category, with the backend's own code and text. */
export function libraryError(code: number, message: string, options: { cause?: unknown } = {}): AvsError {
  return new AvsError({ category: AvsErrorCategory.tlsLibrary, code, message, ...options });
}

/** Whether `error` is an {@link AvsError} of the errno category with this name. */
export function isErrno(error: unknown, errno: AvsErrnoName): error is AvsError {
  return error instanceof AvsError && error.errno === errno;
}
