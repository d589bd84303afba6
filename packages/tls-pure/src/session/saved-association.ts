import type { EngineInfo } from '@avs-net/core';
import { type Ciphersuite, ciphersuite } from '../ciphersuites.js';
import { maxSequenceNumber, noConnectionId } from '../record/header.js';
import type { ReplayWindowState } from '../record/replay-window.js';
import { DecodeError, Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';

/** A live association as far as it takes to go on with it elsewhere. Only those with an extended master secret are saved (RFC 7627 §5.3). */
export interface SavedAssociation {
  readonly suite: Ciphersuite;
  /** 48 bytes, secret. */
  readonly master: Uint8Array;
  /** The client's and the server's, 64 bytes. */
  readonly randoms: Uint8Array;
  readonly info: EngineInfo;
  /** The next sequence number that may be used for a record of ours. */
  readonly sequence: number;
  readonly window: ReplayWindowState;
  /** Records that failed authentication. */
  readonly forgeries: number;
}

const version = 1;

/** Bits of the flags. */
const Flag = { resumed: 1, encryptThenMac: 2, connectionIds: 4, rrc: 8, identity: 16, hint: 32, name: 64 } as const;

/** The association as bytes, which are secret. */
export function encodeSavedAssociation({ suite, master, randoms, ...rest }: SavedAssociation): Uint8Array {
  const { info, sequence, window, forgeries } = rest;
  const { connectionId, peerConnectionId, pskIdentity, pskIdentityHint, serverName } = info;
  const flags =
    (info.resumed ? Flag.resumed : 0) |
    (info.encryptThenMac ? Flag.encryptThenMac : 0) |
    (connectionId ? Flag.connectionIds : 0) |
    (info.returnRoutabilityCheck ? Flag.rrc : 0) |
    (pskIdentity ? Flag.identity : 0) |
    (pskIdentityHint ? Flag.hint : 0) |
    (serverName === undefined ? 0 : Flag.name);
  const writer = new Writer(320)
    .u8(version)
    .u8(flags)
    .u16(suite.id)
    .bytes(master)
    .bytes(randoms)
    .u16(info.maxFragmentLength)
    .u16(info.flights)
    .u16(info.retransmissions)
    .vector8(connectionId ?? noConnectionId)
    .vector8(peerConnectionId ?? noConnectionId)
    .vector16(pskIdentity ?? noConnectionId)
    .vector16(pskIdentityHint ?? noConnectionId)
    .vector16(new TextEncoder().encode(serverName ?? ''))
    .u48(Math.min(sequence, maxSequenceNumber))
    .u48(Math.min(window.newest + 1, maxSequenceNumber))
    .u32(window.recent)
    .u32(window.older)
    .u48(forgeries);
  const state = writer.finish();
  writer.wipe();
  return state;
}

/** The association in the bytes; undefined when it is not one of this form. What it holds is its own. */
export function decodeSavedAssociation(state: Uint8Array): SavedAssociation | undefined {
  try {
    return decode(new Reader(state));
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function decode(reader: Reader): SavedAssociation | undefined {
  if (reader.u8() !== version) return undefined;
  const flags = reader.u8();
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const suite = ciphersuite(reader.u16());
  if (!suite) return undefined;
  const master = reader.take(48).slice();
  const randoms = reader.take(64).slice();
  const numbers = { maxFragmentLength: reader.u16(), flights: reader.u16(), retransmissions: reader.u16() };
  const connectionId = reader.vector8().slice();
  const peerConnectionId = reader.vector8().slice();
  const pskIdentity = reader.vector16().slice();
  const pskIdentityHint = reader.vector16().slice();
  const serverName = new TextDecoder().decode(reader.vector16());
  const sequence = reader.u48();
  const next = reader.u48();
  // Behind the last number of all there is none: then that one was used.
  const newest = next === maxSequenceNumber ? next : next - 1;
  const window = { newest, recent: reader.u32(), older: reader.u32() };
  const forgeries = reader.u48();
  reader.expectEnd('association');
  const info: EngineInfo = {
    version: '1.2',
    ciphersuite: suite.id,
    resumed: has(Flag.resumed),
    extendedMasterSecret: true,
    encryptThenMac: has(Flag.encryptThenMac),
    ...numbers,
    serverName: has(Flag.name) ? serverName : undefined,
    connectionId: has(Flag.connectionIds) ? connectionId : undefined,
    peerConnectionId: has(Flag.connectionIds) ? peerConnectionId : undefined,
    returnRoutabilityCheck: has(Flag.rrc),
    pskIdentity: has(Flag.identity) ? pskIdentity : undefined,
    pskIdentityHint: has(Flag.hint) ? pskIdentityHint : undefined,
  };
  return { suite, master, randoms, info, sequence, window, forgeries };
}
