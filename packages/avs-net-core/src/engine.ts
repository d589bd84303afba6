import type { Alert } from './alerts.js';
import type { TlsVersion } from './configuration.js';
import type { AvsError } from './errors.js';
import type { HandshakeTimeouts } from './options.js';

/** Why a datagram, or a record in one, was dropped. What a hostile network can cause is dropped and counted, never thrown. */
export type DropReason =
  /** Not a record, or a length that does not fit. */
  | 'malformed'
  /** Authentication failed. */
  | 'unauthenticated'
  /** Seen before, or older than the replay window. RFC 6347 §4.1.2.6 */
  | 'replayed'
  /** Another protocol version's record. */
  | 'version'
  /** Of an epoch that is over or cannot begin yet. */
  | 'epoch'
  /** With a connection ID that is nobody's, or without the one that was negotiated. RFC 9146 §3 */
  | 'connectionId'
  /** Not possible in this state; a duplicate of what was handled already. */
  | 'unexpected'
  /** More than the bound on what is kept for later. */
  | 'overflow';

/** The messages of a return routability check. RFC 9853 §4. */
export const RoutabilityCheckType = { path_challenge: 0, path_response: 1, path_drop: 2 } as const;

/** One of {@link RoutabilityCheckType}. */
export type RoutabilityCheckTypeCode = (typeof RoutabilityCheckType)[keyof typeof RoutabilityCheckType];

/** Bytes of the cookie that each of them carries. RFC 9853 §4. */
export const routabilityCookieLength = 8;

/** What a later handshake can be abbreviated with, as the engine has it. Whoever is given one destroys it when it is of no more use. */
export interface ResumableSession {
  /**
   * As bytes for storage, sealed by the backend; for `ClientAssociationOptions.session`. Fresh ones for each call, the caller's. To seal is
   * dear, so it is done only for who wants to keep them; also when the engine is gone, but not when the engine's factory is.
   */
  store(): Uint8Array;
  /** Wipes it; nothing may be called any more. */
  destroy(): void;
}

/**
 * What an engine tells its shell. Called synchronously from within the engine's operations; must not throw. From within
 * `deliver`, `established` and `alert` the shell may call `send` and `close`, from within `newest` and `routabilityCheck`
 * `sendRoutabilityCheck`, and no other operation.
 */
export interface EngineSink {
  /** A datagram, or stream bytes, for the socket below. The bytes are the sink's to keep. */
  transmit(datagram: Uint8Array): void;
  /** Application data: one record's plaintext. The bytes are the sink's to keep. */
  deliver(plaintext: Uint8Array): void;
  /** The handshake is complete: `send` works and `info` is there. */
  established(): void;
  /** An alert was sent or received. */
  alert(alert: Alert): void;
  /** A later handshake can be abbreviated with this, which is the sink's. */
  session(session: ResumableSession): void;
  /** A datagram or record was dropped. */
  dropped(reason: DropReason): void;
  /** The flight under way, or the last one of the handshake, was sent again: the timer has fired, or the peer has repeated its own. */
  retransmitted(): void;
  /**
   * The record at hand has our connection ID, is authentic, and newer than all before: what RFC 9146 §6 asks for before the peer's
   * address may change. Called before what the record holds is handed out; never during a handshake, and not for an answer of a return
   * routability check, which tells by itself what it says of an address.
   */
  newest(): void;
  /** A return routability check came, the cookie being the sink's to keep. Only where it was negotiated. RFC 9853 §4. */
  routabilityCheck(type: RoutabilityCheckTypeCode, cookie: Uint8Array): void;
  /**
   * Work that had to wait (an asynchronous key lookup) has finished: the shell calls `handleTimeout` with the current time,
   * soon and not from within this call.
   */
  wake(): void;
  /** The association is over: by close_notify from the peer (no error), by an alert, by ETIMEDOUT or EOVERFLOW. Called once; nothing follows. */
  closed(error?: AvsError): void;
}

/** What was negotiated. */
export interface EngineInfo {
  readonly version: TlsVersion;
  /** As on the wire. */
  readonly ciphersuite: number;
  /** The handshake was abbreviated. */
  readonly resumed: boolean;
  /** RFC 7627. */
  readonly extendedMasterSecret: boolean;
  /** RFC 7366; always false for AEAD suites. */
  readonly encryptThenMac: boolean;
  /** The identity that a client has proven; undefined on the client's side. */
  readonly pskIdentity: Uint8Array | undefined;
  /** The hint that the server sent; undefined on the server's side or when there was none. */
  readonly pskIdentityHint: Uint8Array | undefined;
  /** The name that the client asked for, if it did. RFC 6066 §3. */
  readonly serverName: string | undefined;
  /** In the records that the peer sends, 0 to 255 bytes; undefined: connection IDs were not negotiated. RFC 9146 §3. */
  readonly connectionId: Uint8Array | undefined;
  /** In the records that this side sends, 0 to 255 bytes; undefined: connection IDs were not negotiated. RFC 9146 §3. */
  readonly peerConnectionId: Uint8Array | undefined;
  /** RFC 9853. */
  readonly returnRoutabilityCheck: boolean;
  /** RFC 6066 §4: the largest plaintext of a record, bytes; 16,384 unless smaller was negotiated. */
  readonly maxFragmentLength: number;
  /** Flights this side sent to complete the handshake: on a client, its round trips. */
  readonly flights: number;
  /** Flights that this side sent again during the handshake. */
  readonly retransmissions: number;
}

/**
 * One association, client or server, without a socket, a timer or a clock: it is handed datagrams and the current time, and
 * tells its {@link EngineSink} what to send and what was received. Times are the shell's clock, in milliseconds.
 */
export interface Engine {
  /** A client emits its first flight; a server waits for one. */
  start(now: number): void;
  /** A whole datagram (DTLS) or a chunk of the stream (TLS). The engine may overwrite the bytes. */
  receive(datagram: Uint8Array, now: number): void;
  /**
   * Protects and emits application data: one record on DTLS.
   * @throws AvsError ENOTCONN before the handshake is complete or after the association has ended; EMSGSIZE beyond {@link maxPlaintext};
   * EOVERFLOW when its keys have protected as much as they may, and the association ends with it.
   */
  send(plaintext: Uint8Array): void;
  /**
   * Emits a message of a return routability check; an engine that never negotiates it has no such method. RFC 9853 §4.
   * @throws AvsError ENOTCONN the association is not established; ENOTSUP the check was not negotiated.
   */
  sendRoutabilityCheck?(type: RoutabilityCheckTypeCode, cookie: Uint8Array): void;
  /**
   * The live association as bytes, from which `restoreClient` or `restoreServer` makes another engine that goes on with it. This one must not
   * send any more once they are used. Undefined when it cannot be saved; an engine that never can has no such method. What a server
   * gives is secret.
   */
  save?(): Uint8Array | undefined;
  /** To be called at `nextTimeout` and after `wake`. Early and superfluous calls are harmless. */
  handleTimeout(now: number): void;
  /** When the engine next wants `handleTimeout`; undefined when nothing is pending. */
  readonly nextTimeout: number | undefined;
  /** Sends close_notify once; `send` is ENOTCONN from then on, what arrives is still delivered. */
  close(now: number): void;
  /**
   * RFC 5705: `length` bytes of key that both ends derive alike from the handshake, a label and a context; without a context is not the same
   * as with an empty one. The arguments have been checked. Called only where `info.extendedMasterSecret` is true.
   * @returns Fresh bytes, the caller's to wipe.
   * @throws AvsError ENOTCONN before the handshake is complete or after the association has ended.
   */
  exportKeyingMaterial(length: number, label: string, context: Uint8Array | undefined): Uint8Array;
  /** Wipes every secret. No sink call follows; every later call does nothing. */
  destroy(): void;
  /** Undefined until the handshake is complete. */
  readonly info: EngineInfo | undefined;
  /**
   * The largest plaintext whose record fits in `size` bytes: exact once negotiated, and no more than `info.maxFragmentLength`; before that
   * the worst case of the configured suites. Never below 0.
   */
  maxPlaintext(size: number): number;
}

/** What an engine is told about its association. */
export interface AssociationOptions {
  /** Bytes that the socket below takes in one datagram: handshake messages are fragmented to fit. */
  readonly maxDatagramSize: number;
  readonly handshakeTimeouts: HandshakeTimeouts;
  /**
   * What the peer is asked to put in its records, 0 to 255 bytes, the engine's to keep; undefined: connection IDs are not negotiated. An
   * engine without them ignores it. RFC 9146 §3.
   */
  readonly connectionId?: Uint8Array | undefined;
}

/** How a client's association is kept, so that it can be continued after a restart whenever that comes. */
export interface AssociationPersistence {
  /** Sequence numbers of ours that one state covers, 1 or more. */
  readonly writeReserve: number;
  /** Sequence numbers of the peer's that one state covers, 1 or more; of those it covers, an association that is continued takes none. */
  readonly readReserve: number;
  /**
   * Takes a state for `restoreClient`, instead of the one before. It covers what is transmitted and delivered after this call, and none of
   * that may leave the shell before the state is durable.
   */
  keep(state: Uint8Array): void;
}

/** What a client's engine is told besides. */
export interface ClientAssociationOptions extends AssociationOptions {
  /** The name for RFC 6066 §3; undefined for an address. */
  readonly serverName: string | undefined;
  /** Host and port as `connect` was given them: a session is offered only to the peer that it was made with. */
  readonly peer: string;
  /** What `EngineSink.session` gave before, if anything; content of unknown origin. */
  readonly session: Uint8Array | undefined;
  /** Undefined: the association is not kept. An engine without connection IDs ignores it. */
  readonly persistence?: AssociationPersistence | undefined;
}

/** Makes client engines. Holds copies of the credentials; `destroy` wipes them. */
export interface ClientEngineFactory {
  createClient(sink: EngineSink, options: ClientAssociationOptions): Engine;
  /**
   * An engine that goes on with an association; its `start` tells `established`. Undefined when `state`, which is of unknown origin, is not one
   * of this peer, name, identity, key and set of suites. A factory that cannot has no such method.
   */
  restoreClient?(sink: EngineSink, options: ClientAssociationOptions, state: Uint8Array): Engine | undefined;
  /** As {@link Engine.maxPlaintext}, for the configured suites: the worst case. */
  maxPlaintext(size: number): number;
  destroy(): void;
}

/** What to do with a datagram from a peer that has no association. */
export type Admission =
  /** Answer this and remember nothing. Never longer than the datagram that it answers. */
  | { readonly action: 'reply'; readonly datagram: Uint8Array }
  /**
   * The peer has proven its address: create an engine, `start` it and give it the same datagram. `handshakeId` is the same
   * for every copy of one ClientHello: a listener recognises late duplicates by it.
   */
  | {
      readonly action: 'accept';
      readonly handshakeId: number;
      create(sink: EngineSink, options: AssociationOptions): Engine;
    }
  | { readonly action: 'drop'; readonly reason: DropReason };

/** Makes server engines, and answers strangers without keeping state. */
export interface ServerEngineFactory {
  /** The smallest datagram that a handshake works in, bytes: a listener refuses to serve a socket that takes less. */
  readonly minDatagramSize: number;
  /** Looks at the first datagram of a peer; `peer` is its address and port as bytes, to bind the cookie to. Does not change the datagram. */
  admit(datagram: Uint8Array, peer: Uint8Array, now: number): Admission;
  /**
   * An engine that goes on with an association that `Engine.save` has given; its `start` tells `established`. Undefined when `state` is
   * none, or its suite is not configured. A factory that cannot has no such method, and neither of the next two.
   */
  restoreServer?(sink: EngineSink, options: AssociationOptions, state: Uint8Array): Engine | undefined;
  /** Encrypts and authenticates bytes under a key of 32 bytes. */
  seal?(plaintext: Uint8Array, key: Uint8Array): Uint8Array;
  /** What was sealed under the key, in bytes of its own; undefined when `sealed` is anything else. */
  open?(sealed: Uint8Array, key: Uint8Array): Uint8Array | undefined;
  maxPlaintext(size: number): number;
  destroy(): void;
}
