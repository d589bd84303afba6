import type { Alert } from './alerts.js';
import { logFormats } from './debug-log.js';
import type { DropReason, EngineInfo } from './engine.js';

/** What all events say: which association, and with whom. */
export interface AssociationEvent {
  /** Counts the associations of this process; undefined where a datagram belongs to none. */
  readonly association: number | undefined;
  readonly role: 'client' | 'server';
  /** The peer's address. */
  readonly host: string;
  readonly port: number;
}

/** What is told of what was negotiated: nothing that says who the peer is. */
export type HandshakeSummary = Pick<
  EngineInfo,
  | 'version'
  | 'ciphersuite'
  | 'resumed'
  | 'extendedMasterSecret'
  | 'encryptThenMac'
  | 'serverName'
  | 'maxFragmentLength'
  | 'flights'
  | 'retransmissions'
>;

/** A handshake is over. */
export interface HandshakeEnd extends AssociationEvent {
  /** Since its start, ms. */
  readonly duration: number;
  /** Undefined: it was not completed. */
  readonly info: HandshakeSummary | undefined;
  /** Why it was not; undefined also where whoever wanted it has given up. */
  readonly error: unknown;
}

/** A flight was sent again. RFC 6347 §4.2.4. */
export interface Retransmission extends AssociationEvent {
  /** How many there were on this association, this one included. */
  readonly count: number;
}

/** A datagram, or a record in one, was dropped; or a limit of a listener has turned a peer away. */
export interface Drop extends AssociationEvent {
  readonly reason: DropReason | 'halfOpen' | 'total' | 'perSource' | 'backlog';
}

/** The channels of `node:diagnostics_channel`, and what is published on each: never a key, and never what is sent or received. */
export interface DiagnosticChannels {
  'avs-net:handshake:start': AssociationEvent;
  'avs-net:handshake:end': HandshakeEnd;
  'avs-net:alert': AssociationEvent & Alert;
  'avs-net:retransmission': Retransmission;
  'avs-net:drop': Drop;
}

interface Channel<T> {
  readonly hasSubscribers: boolean;
  publish(message: T): void;
}

interface DiagnosticsChannelModule {
  channel<T>(name: string): Channel<T>;
  subscribe<T>(name: string, onMessage: (message: T) => void): void;
}

interface UtilModule {
  debuglog(section: string): ((text: string, ...values: unknown[]) => void) & { readonly enabled: boolean };
}

/** A module of the platform without an import, so that this runs where there is none. Node 20.16 and later, Bun, Deno have it. */
function builtin(id: 'node:diagnostics_channel'): DiagnosticsChannelModule | undefined;
function builtin(id: 'node:util'): UtilModule | undefined;
function builtin(id: string): unknown {
  const { process } = globalThis as { process?: { getBuiltinModule?(id: string): unknown } };
  return process?.getBuiltinModule?.(id);
}

const diagnosticsChannel = builtin('node:diagnostics_channel');
const log = builtin('node:util')?.debuglog('avs-net');
const silence: Channel<unknown> = { hasSubscribers: false, publish: () => undefined };

/** With NODE_DEBUG=avs-net every event is a line on stderr, as for Node's own modules. */
function open<K extends keyof DiagnosticChannels>(name: K): Channel<DiagnosticChannels[K]> {
  if (log?.enabled) {
    diagnosticsChannel?.subscribe<DiagnosticChannels[K]>(name, (message) => log('%s', logFormats[name](message)));
  }
  return diagnosticsChannel?.channel(name) ?? silence;
}

/** Whoever publishes asks for `hasSubscribers` first, so that nothing is made for nobody. */
export const channels = {
  handshakeStart: open('avs-net:handshake:start'),
  handshakeEnd: open('avs-net:handshake:end'),
  alert: open('avs-net:alert'),
  retransmission: open('avs-net:retransmission'),
  drop: open('avs-net:drop'),
};

/** What is told of a handshake that is complete. */
export function summaryOf(info: EngineInfo): HandshakeSummary {
  const { version, ciphersuite, resumed, extendedMasterSecret, encryptThenMac } = info;
  const { serverName, maxFragmentLength, flights, retransmissions } = info;
  return {
    version,
    ciphersuite,
    resumed,
    extendedMasterSecret,
    encryptThenMac,
    serverName,
    maxFragmentLength,
    flights,
    retransmissions,
  };
}
