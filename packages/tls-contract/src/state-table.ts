import { expect } from 'vitest';
import { expectErrno, outcomeOf } from './outcomes.js';

/** The errors with which a state refuses an operation. */
export type Refusal = 'ENOTCONN' | 'EBADF' | 'ENOTSUP' | 'ETIMEDOUT';

/** What an operation comes to in a state: it succeeds, or it is one of these errors. */
export type Expected = 'ok' | Refusal | readonly Refusal[];

/** Fails the test unless an operation comes to what is expected. */
export async function expectOutcome(running: Promise<unknown>, expected: Expected, hint: string): Promise<void> {
  const outcome = await outcomeOf(running);
  if (expected !== 'ok') expectErrno(outcome.error, expected, hint);
  else expect(outcome, hint).toMatchObject({ ok: true });
}

/** The same value for every key. */
export function everyKey<K extends string, V>(keys: Readonly<Record<K, unknown>>, value: V): Record<K, V> {
  return Object.fromEntries(Object.keys(keys).map((key) => [key, value])) as Record<K, V>;
}
