import {
  decodeSessionOwner,
  type ServerSessions,
  type SessionCrypto,
  type SessionOwner,
  ticketKeyNameLength,
} from '@avs-net/core';
import { type Ciphersuite, ciphersuite } from '../ciphersuites.js';
import { DecodeError, Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';

/** What a server needs to resume. Only sessions with an extended master secret are kept (RFC 7627 §5.3). */
export interface ServerSession {
  readonly suite: Ciphersuite;
  /** 48 bytes, secret. */
  readonly master: Uint8Array;
  readonly encryptThenMac: boolean;
  readonly owner: SessionOwner;
}

const version = 2;

/** The session in bytes, which are secret. `owner` as `ServerSessions.ownerOf` gives it. */
export function encodeServerSession(session: Omit<ServerSession, 'owner'>, owner: Uint8Array): Uint8Array {
  const writer = new Writer(192)
    .u8(version)
    .u16(session.suite.id)
    .u8(session.encryptThenMac ? 1 : 0)
    .vector8(session.master)
    .vector16(owner);
  const state = writer.finish();
  writer.wipe();
  return state;
}

/** What {@link encodeServerSession} has made; undefined when `state`, which is wiped, is nothing of the kind. */
export function decodeServerSession(state: Uint8Array): ServerSession | undefined {
  try {
    return decode(new Reader(state));
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  } finally {
    state.fill(0);
  }
}

/** A ticket that holds `state`, under a key of 48 bytes: the key's name, and the state sealed under its secret. RFC 5077 §4. */
export function sealTicket(crypto: SessionCrypto, key: Uint8Array, state: Uint8Array): Uint8Array {
  const name = key.subarray(0, ticketKeyNameLength);
  const sealed = crypto.seal(key.subarray(ticketKeyNameLength), name, state);
  return new Writer(name.length + sealed.length).bytes(name).bytes(sealed).finish();
}

/** The state in a ticket; undefined when it is none of this server's. */
export function openTicket(
  crypto: SessionCrypto,
  sessions: ServerSessions,
  ticket: Uint8Array,
): Uint8Array | undefined {
  const name = ticket.subarray(0, ticketKeyNameLength);
  for (const key of sessions.ticketKeysFor(ticket)) {
    const state = crypto.open(key.subarray(ticketKeyNameLength), name, ticket.subarray(ticketKeyNameLength));
    if (state) return state;
  }
  return undefined;
}

function decode(reader: Reader): ServerSession | undefined {
  if (reader.u8() !== version) return undefined;
  const suite = ciphersuite(reader.u16());
  const encryptThenMac = reader.u8() === 1;
  const master = reader.vector8(48, 48).slice();
  const owner = decodeSessionOwner(reader.vector16());
  reader.expectEnd('session');
  return suite && owner && { suite, master, encryptThenMac, owner };
}
