import { openSession, type SessionCrypto, type SessionScope, sealSession } from '@avs-net/core';
import { type Ciphersuite, ciphersuite } from '../ciphersuites.js';
import { DecodeError, Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';

/** What a client needs to resume: RFC 5246 §7.3, RFC 5077 §3.4. Only sessions with an extended master secret are kept (RFC 7627 §5.3). */
export interface ClientSession {
  readonly suite: Ciphersuite;
  /** 48 bytes, secret. */
  readonly master: Uint8Array;
  readonly encryptThenMac: boolean;
  /** Of the server's choosing; empty when there is a ticket. */
  readonly sessionId: Uint8Array;
  /** Empty when there is a session ID. */
  readonly ticket: Uint8Array;
  /** When it must no longer be offered: milliseconds since 1970. */
  readonly expires: number;
}

/** The session for storage. */
export function storeSession(crypto: SessionCrypto, scope: SessionScope, session: ClientSession): Uint8Array {
  const writer = new Writer(256)
    .u16(session.suite.id)
    .u8(session.encryptThenMac ? 1 : 0)
    .vector8(session.master)
    .vector8(session.sessionId)
    .vector16(session.ticket);
  const state = writer.finish();
  writer.wipe();
  const stored = sealSession(crypto, scope, { state, expires: session.expires });
  state.fill(0);
  return stored;
}

/** The session in `stored`; undefined when it is anything but one of this scope that has not expired. */
export function restoreSession(
  crypto: SessionCrypto,
  scope: SessionScope,
  stored: Uint8Array,
  date: number,
): ClientSession | undefined {
  const opened = openSession(crypto, scope, stored, date);
  if (!opened) return undefined;
  try {
    const session = decode(new Reader(opened.state), opened.expires);
    if (session && scope.ciphersuites.includes(session.suite.id)) return session;
    session?.master.fill(0);
    return undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  } finally {
    opened.state.fill(0);
  }
}

function decode(reader: Reader, expires: number): ClientSession | undefined {
  const suite = ciphersuite(reader.u16());
  const encryptThenMac = reader.u8() === 1;
  const master = reader.vector8(48, 48).slice();
  const sessionId = reader.vector8(0, 32).slice();
  const ticket = reader.vector16().slice();
  reader.expectEnd('session');
  return suite && { suite, encryptThenMac, master, sessionId, ticket, expires };
}
