import type { Socket as DgramSocket } from 'node:dgram';
import { type Backend, ciphersuiteName, type DtlsListener, type EngineInfo, type SecureSocket } from '@avs-net/core';
import { dgramView } from '@avs-net/core/node';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { alertOf } from './alert.js';
import type { Peer } from './coap/messages.js';
import { UserError } from './commands/user-error.js';
import { type Connection, describePeer, toConnection } from './transport.js';

/** What client and server have in common. */
export interface DtlsOptions {
  readonly backend: Backend;
  readonly ciphersuites?: readonly number[] | undefined;
  readonly onKeyLog?: ((line: string) => void) | undefined;
  /** Use connection IDs, if the other side does. RFC 9146. */
  readonly cid?: boolean | undefined;
}

/** How a device connects. */
export interface DtlsClientOptions extends DtlsOptions {
  readonly host: string;
  readonly port: number;
  readonly identity: string;
  readonly key: Uint8Array;
  /** Connect also to a server without renegotiation_info, RFC 5746. */
  readonly legacyServer?: boolean | undefined;
  /** The name to ask the server for, RFC 6066 §3. Default: the host, unless it is an address. */
  readonly serverName?: string | undefined;
  /** Holds the session from one connection to the next. */
  readonly session?: Uint8Array | undefined;
  /**
   * Makes the session durable as it is now, or throws. With it and a connection ID the association itself is in the session: the next process
   * goes on with it.
   */
  readonly persist?: (() => void) | undefined;
}

/**
 * Handshake timers of a device at the command line: 1, 2, 4, 8 and 16 s, so that somebody who waits learns after half a minute that
 * nobody answers. The default would take two minutes.
 */
const handshakeTimeouts = { min: 1_000, max: 16_000 };

/**
 * What is offered and chosen unless somebody says otherwise: the two suites that LwM2M asks for (TLS_PSK_WITH_AES_128_CCM_8 and
 * TLS_PSK_WITH_AES_128_CBC_SHA256, LwM2M 1.1 Transport Bindings, Pre-Shared Keys), which every LwM2M peer and Wireshark know, then
 * what else the backend has.
 */
function defaultCiphersuites({ capabilities }: Backend): readonly number[] {
  return [0xc0a8, 0x00ae, ...capabilities.ciphersuites];
}

/** DTLS with a pre-shared key to a server. @throws what `connect` does. */
export async function connectDtls(options: DtlsClientOptions, signal: AbortSignal): Promise<Connection> {
  const { backend, host, port, identity, key, ciphersuites = defaultCiphersuites(backend), onKeyLog } = options;
  const persist = options.cid === true ? options.persist : undefined;
  const socket = await backend.createDtlsSocket({
    security: {
      mode: 'psk',
      key: pskKeyInfoFromBuffer(key),
      identity: pskIdentityInfoFromBuffer(identity),
    },
    handshakeTimeouts,
    ciphersuites,
    onKeyLog,
    useConnectionId: options.cid,
    serverNameIndication: options.serverName,
    sessionResumptionBuffer: options.session,
    persistAssociation: persist && { persist },
    additionalConfiguration: options.legacyServer === true ? allowLegacyServers : undefined,
  });
  const start = performance.now();
  // An association that was there before must not come back: its numbers may have been used since.
  const before = persist === undefined ? options.session?.slice() : undefined;
  try {
    await socket.connect(host, port, { signal });
  } catch (error) {
    await socket.cleanup();
    // The socket has wiped it. That nobody answered says nothing about the session; that somebody refused does (RFC 5246 §7.2.2).
    if (before !== undefined && alertOf(error) === undefined) options.session?.set(before);
    throw error;
  } finally {
    before?.fill(0);
  }
  const time = performance.now() - start;
  const isContinued = socket.getOption('connectionIdResumed');
  const how = isContinued ? 'goes on without a handshake' : describeHandshake(socket.info, 'client');
  return toConnection(socket, {
    summarize: (peer) =>
      `connected to ${describePeer(peer)}: ${how}${describeCid(socket.info, options)}, ${time.toFixed(0)} ms`,
    isResumed: isContinued || socket.info?.resumed === true,
    isContinued,
    suspend: async () => {
      // What cannot be kept ends in the usual way.
      if (persist !== undefined) await socket.suspend().catch(() => {});
    },
    rebind: async () => {
      if ((socket.info?.peerConnectionId?.length ?? 0) === 0) {
        throw new UserError('the port stays: the server gave no connection ID, and knows the device by its address');
      }
      const before = socket.localPort;
      await socket.rebind();
      return `changed the UDP port from ${before} to ${socket.localPort}, without a handshake`;
    },
  });
}

function describeCid(info: EngineInfo | undefined, { cid }: DtlsOptions): string {
  const length = info?.peerConnectionId?.length ?? 0;
  if (length > 0) return `, a connection ID of ${count(length, 'byte')}`;
  return cid === true ? ', no connection ID from the server' : '';
}

/** Backends name the setting alike, or do not have it. */
function allowLegacyServers(settings: unknown): void {
  if (typeof settings !== 'object' || settings === null || !('legacyServers' in settings)) {
    throw new UserError('--legacy-server: this backend has no such setting');
  }
  settings.legacyServers = true;
}

/** An association that a server has accepted. */
export interface Accepted {
  readonly socket: DgramSocket;
  readonly peer: Peer;
  /** The identity that the peer has proven, as text. */
  readonly identity: string;
  /** The session is one from before. */
  readonly isResumed: boolean;
  readonly summary: string;
}

/** A DTLS server. */
export interface DtlsServer {
  readonly port: number;
  readonly listener: DtlsListener;
  close(): Promise<void>;
}

/** Listens for devices that have one of `keys`, by identity, and hands each association to `accepted`. @throws what `bind` does. */
export async function listenDtls(
  options: DtlsOptions & {
    readonly host: string;
    readonly port: number;
    readonly keys: ReadonlyMap<string, Uint8Array>;
  },
  accepted: (association: Accepted) => void,
): Promise<DtlsServer> {
  const { backend, host, port, keys, ciphersuites = defaultCiphersuites(backend), onKeyLog, cid } = options;
  const listener = await backend.createDtlsListener({
    security: {
      mode: 'psk',
      resolve: (identity) => {
        const text = decodeIdentity(identity);
        const key = text === undefined ? undefined : keys.get(text);
        return key && pskKeyInfoFromBuffer(key);
      },
    },
    ciphersuites,
    onKeyLog,
    useConnectionId: cid,
  });
  await listener.bind(host, port);
  const serving = serve(listener, accepted);
  return {
    port: listener.localPort,
    listener,
    close: async () => {
      await listener.cleanup();
      await serving;
    },
  };
}

async function serve(listener: DtlsListener, accepted: (association: Accepted) => void): Promise<void> {
  try {
    for await (const socket of listener) accepted(describeAccepted(socket));
  } catch {
    // The listener was cleaned up.
  }
}

function describeAccepted(socket: SecureSocket): Accepted {
  const peer = { host: socket.remoteHost, port: socket.remotePort };
  const identity = decodeIdentity(socket.info?.pskIdentity ?? new Uint8Array(0)) ?? '';
  const cid = count(socket.info?.connectionId?.length ?? 0, 'byte');
  const withCid = socket.info?.connectionId === undefined ? '' : `, a connection ID of ${cid}`;
  const handshake = describeHandshake(socket.info, 'server');
  const summary = `${describePeer(peer)} is ${JSON.stringify(identity)}: ${handshake}${withCid}`;
  return { socket: dgramView(socket), peer, identity, isResumed: socket.info?.resumed === true, summary };
}

/** Identities are bytes; those of this server's keys are UTF-8, so that others cannot be among them. */
function decodeIdentity(identity: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(identity);
  } catch {
    return undefined;
  }
}

function describeHandshake(info: EngineInfo | undefined, role: 'client' | 'server'): string {
  if (info === undefined) return 'handshake complete';
  const { version, ciphersuite, flights, retransmissions, resumed } = info;
  // In an abbreviated handshake the client sends last: after that flight it waits for nothing. RFC 5246 §7.3.
  const roundTrips = resumed ? flights - 1 : flights;
  const effort = role === 'client' ? count(roundTrips, 'round trip') : count(flights, 'flight');
  const again = retransmissions === 0 ? '' : `, ${retransmissions} retransmitted`;
  return `DTLS ${version}, ${ciphersuiteName(ciphersuite)}, ${resumed ? 'resumed' : 'full handshake'} in ${effort}${again}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
