import { AlertLevel, type AvsErrnoName, AvsError, AvsErrorCategory } from '@avs-net/core';
import { expect } from 'vitest';

/** How a promise has ended. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T; readonly error?: undefined }
  | { readonly ok: false; readonly error: unknown };

/** Waits for a promise to settle, either way. */
export function outcomeOf<T>(promise: Promise<T>): Promise<Outcome<T>> {
  return promise.then(
    (value): Outcome<T> => ({ ok: true, value }),
    (error: unknown): Outcome<T> => ({ ok: false, error }),
  );
}

/** What a promise rejects with. Fails the test if it resolves. */
export async function rejectionOf(promise: Promise<unknown>, hint = ''): Promise<unknown> {
  const outcome = await outcomeOf(promise);
  expect(outcome.ok, `${hint} was expected to reject`).toBe(false);
  return outcome.error;
}

/** What a function throws. Fails the test if it returns. */
export function thrownBy(run: () => unknown, hint = ''): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return expect.unreachable(`${hint} was expected to throw`);
}

/** Fails the test unless `error` is of the errno category with one of these names. */
export function expectErrno(error: unknown, names: AvsErrnoName | readonly AvsErrnoName[], hint = ''): AvsError {
  const expected = typeof names === 'string' ? [names] : names;
  const found = error instanceof AvsError ? error : undefined;
  expect(found, `${hint} an AvsError, not ${String(error)}`).toBeInstanceOf(AvsError);
  expect(found?.category, hint).toBe(AvsErrorCategory.errno);
  expect(expected, `${hint} ${String(error)}`).toContain(found?.errno);
  return error as AvsError;
}

/** Fails the test unless the promise rejects with one of these errors of the errno category. */
export async function expectRejection(
  promise: Promise<unknown>,
  names: AvsErrnoName | readonly AvsErrnoName[],
  hint = '',
): Promise<AvsError> {
  return expectErrno(await rejectionOf(promise, hint), names, hint);
}

/** Fails the test unless the function throws one of these errors of the errno category. */
export function expectThrown(run: () => unknown, names: AvsErrnoName | readonly AvsErrnoName[], hint = ''): AvsError {
  return expectErrno(thrownBy(run, hint), names, hint);
}

/** Fails the test unless `error` is of the alert category, and fatal; gives it back. */
export function expectAlert(error: unknown, hint = ''): AvsError {
  expect(error, `${hint} an AvsError`).toBeInstanceOf(AvsError);
  const alert = error as AvsError;
  expect(alert.category, `${hint} ${String(error)}`).toBe(AvsErrorCategory.tlsAlert);
  expect(alert.code).toBe((AlertLevel.fatal << 8) | (alert.description ?? 0));
  expect(alert.level).toBe(AlertLevel.fatal);
  return alert;
}
