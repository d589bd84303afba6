import {
  checkBytes,
  checkInteger,
  checkNumber,
  checkObject,
  checkOptionalBoolean,
  checkOptionalFunction,
  checkString,
  invalid,
} from './argument-checks.js';
import { type Clock, systemClock } from './clock.js';
import type {
  DtlsListenerConfiguration,
  ListenerLimits,
  SessionCache,
  SocketConfiguration,
  TicketKeySource,
  TlsCommonConfiguration,
  TlsConfiguration,
  TlsVersion,
} from './configuration.js';
import {
  type ConnectionIdSettings,
  copyConnectionIds,
  copyListenerConnectionIds,
  type ListenerConnectionIdSettings,
} from './connection-ids.js';
import { errnoError } from './errors.js';
import { defaultHandshakeTimeouts, type HandshakeTimeouts } from './options.js';
import { checkServerName } from './server-name.js';
import { checkClock, copyHandshakeTimeouts, copySocketConfiguration } from './socket-settings.js';

/** What a checked configuration of a secure socket or a listener comes down to. Nothing in it aliases the caller's, but for functions. */
export interface TlsCommonSettings {
  /** Undefined: the backend's best. */
  readonly version: TlsVersion | undefined;
  readonly handshakeTimeouts: HandshakeTimeouts;
  /** Without repetitions; empty means all. */
  readonly ciphersuites: readonly number[];
  /** With the clock of the whole, unless it names its own. */
  readonly socket: SocketConfiguration;
  readonly additionalConfiguration: ((native: unknown) => void) | undefined;
  readonly random: ((bytes: Uint8Array) => void) | undefined;
  /** Does not throw. */
  readonly onKeyLog: ((line: string) => void) | undefined;
  readonly clock: Clock;
}

/** Checked settings of a (D)TLS client socket. The credentials are not among them: the backend copies those. */
export interface TlsSettings extends TlsCommonSettings {
  /** The caller's own buffer: read at `connect`, written after each handshake. */
  readonly sessionResumptionBuffer: Uint8Array | undefined;
  /** As it is sent, without a final dot; undefined: the host given to `connect`. */
  readonly serverNameIndication: string | undefined;
  readonly maxFragmentLength: 512 | 1024 | 2048 | 4096 | undefined;
  /** Undefined: none are negotiated. */
  readonly connectionIds: ConnectionIdSettings | undefined;
  readonly persistence: PersistenceSettings | undefined;
}

/** Checked settings of an association that outlives its process. */
export interface PersistenceSettings {
  readonly persist: (content: Uint8Array) => void | Promise<void>;
  readonly writeReserve: number;
  readonly readReserve: number;
}

/** Checked settings of a DTLS listener. */
export interface ListenerSettings extends TlsCommonSettings {
  readonly preferServerCiphersuites: boolean;
  readonly limits: Readonly<Record<keyof ListenerLimits, number>>;
  /** Undefined: no resumption. */
  readonly resumption: ResumptionSettings | undefined;
  /** Undefined: none are negotiated. */
  readonly connectionIds: ListenerConnectionIdSettings | undefined;
}

/** Checked settings of resumption; undefined is what the backend makes by default, false is none. */
export interface ResumptionSettings {
  readonly cache: SessionCache | false | undefined;
  readonly tickets: TicketKeySource | false | undefined;
  /** ms. */
  readonly lifetime: number;
}

/** RFC 5246 §F.1.4: no session should be older. */
const longestSessionLifetime = 86_400_000;

/** What a listener holds at most unless it is told otherwise. */
const defaultLimits = {
  halfOpen: 1_000,
  total: 100_000,
  handshakeTime: 120_000,
  idleTime: 86_400_000,
  backlog: 1_000,
};

const versions: readonly unknown[] = ['1.0', '1.1', '1.2', '1.3'] satisfies TlsVersion[];
const fragmentLengths: readonly unknown[] = [512, 1024, 2048, 4096];

/**
 * Checks and copies what the configuration of a client socket has in common for every backend; the caller may change or wipe
 * its own right after. Of `security` only the mode is looked at.
 * @throws TypeError a field has the wrong type; AvsError EINVAL it has a wrong value. Both name the field.
 */
export function copyTlsConfiguration(configuration: TlsConfiguration): TlsSettings {
  checkObject('configuration', configuration);
  checkSecurity(configuration.security);
  const { sessionResumptionBuffer, serverNameIndication, maxFragmentLength, useConnectionId } = configuration;
  const connectionIds = copyConnectionIds(configuration.connectionIds, 0);
  if (sessionResumptionBuffer !== undefined) checkBytes('sessionResumptionBuffer', sessionResumptionBuffer);
  if (maxFragmentLength !== undefined) {
    checkNumber('maxFragmentLength', maxFragmentLength);
    if (!fragmentLengths.includes(maxFragmentLength)) throw invalid('maxFragmentLength', '512, 1024, 2048 or 4096');
  }
  const common = copyCommon(configuration);
  // Not by a spread: that alone took a third of the time of making a socket.
  return {
    version: common.version,
    handshakeTimeouts: common.handshakeTimeouts,
    ciphersuites: common.ciphersuites,
    socket: common.socket,
    additionalConfiguration: common.additionalConfiguration,
    random: common.random,
    onKeyLog: common.onKeyLog,
    clock: common.clock,
    // The caller's memory, but never as a Buffer: what that calls a slice is no copy.
    sessionResumptionBuffer: sessionResumptionBuffer && plainView(sessionResumptionBuffer),
    serverNameIndication:
      serverNameIndication === undefined ? undefined : checkServerName('serverNameIndication', serverNameIndication),
    maxFragmentLength,
    connectionIds: useConnectionId ? connectionIds : undefined,
    persistence: copyPersistence(configuration),
  };
}

function plainView({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function copyPersistence(configuration: TlsConfiguration): PersistenceSettings | undefined {
  const { persistAssociation: given, sessionResumptionBuffer, useConnectionId } = configuration;
  if (given === undefined) return undefined;
  checkMethod('persistAssociation', given, 'persist');
  const { writeReserve = 1_024, readReserve = 1 } = given;
  checkInteger('persistAssociation.writeReserve', writeReserve, 1, 65_536);
  checkInteger('persistAssociation.readReserve', readReserve, 1, 65_536);
  if (sessionResumptionBuffer === undefined || !useConnectionId) {
    throw errnoError('EINVAL', 'persistAssociation needs sessionResumptionBuffer and useConnectionId');
  }
  return { persist: (content) => given.persist(content), writeReserve, readReserve };
}

/**
 * As {@link copyTlsConfiguration}, for a listener.
 * @throws TypeError, EINVAL naming the field.
 */
export function copyListenerConfiguration(configuration: DtlsListenerConfiguration): ListenerSettings {
  checkObject('configuration', configuration);
  checkSecurity(configuration.security);
  const { preferServerCiphersuites = true, limits, resumption, useConnectionId } = configuration;
  checkOptionalBoolean('preferServerCiphersuites', preferServerCiphersuites);
  const connectionIds = copyListenerConnectionIds(configuration.connectionIds);
  return {
    ...copyCommon(configuration),
    preferServerCiphersuites,
    limits: copyLimits(limits),
    resumption: copyResumption(resumption),
    connectionIds: useConnectionId ? connectionIds : undefined,
  };
}

function copyCommon(configuration: TlsCommonConfiguration): TlsCommonSettings {
  const { version, handshakeTimeouts, ciphersuites, socket, useConnectionId, clock } = configuration;
  const { additionalConfiguration, random, onKeyLog } = configuration;
  if (version !== undefined) {
    checkString('version', version);
    if (!versions.includes(version)) throw invalid('version', "'1.0', '1.1', '1.2' or '1.3'");
  }
  checkOptionalBoolean('useConnectionId', useConnectionId);
  checkOptionalFunction('additionalConfiguration', additionalConfiguration);
  checkOptionalFunction('random', random);
  checkOptionalFunction('onKeyLog', onKeyLog);
  checkClock('clock', clock);
  const below = socket === undefined ? undefined : copySocketConfiguration('socket', socket);
  return {
    version,
    handshakeTimeouts:
      handshakeTimeouts === undefined
        ? defaultHandshakeTimeouts
        : copyHandshakeTimeouts('handshakeTimeouts', handshakeTimeouts),
    ciphersuites: copyCiphersuites(ciphersuites),
    socket: below === undefined ? { clock } : { ...below, clock: below.clock ?? clock },
    additionalConfiguration,
    random,
    onKeyLog: onKeyLog && sparingKeyLog(onKeyLog),
    clock: clock ?? below?.clock ?? systemClock,
  };
}

/** A log that fails is its owner's affair, and not the handshake's: what it throws surfaces as uncaught. */
function sparingKeyLog(onKeyLog: (line: string) => void): (line: string) => void {
  return (line) => {
    try {
      onKeyLog(line);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}

function checkSecurity(security: unknown): void {
  checkObject('security', security);
  const { mode } = security as { mode?: unknown };
  checkString('security.mode', mode);
  if (mode !== 'psk' && mode !== 'certificate') throw invalid('security.mode', "'psk' or 'certificate'");
}

function copyCiphersuites(ciphersuites: unknown): readonly number[] {
  if (ciphersuites === undefined) return [];
  if (!Array.isArray(ciphersuites)) throw new TypeError('ciphersuites must be an array of numbers');
  const copy: readonly unknown[] = ciphersuites.slice();
  const checked = copy.map((suite, index) => {
    checkInteger(`ciphersuites[${index}]`, suite, 0, 0xffff);
    return suite;
  });
  return [...new Set(checked)];
}

function copyResumption(resumption: DtlsListenerConfiguration['resumption']): ResumptionSettings | undefined {
  if (resumption === false) return undefined;
  if (resumption !== undefined) checkObject('resumption', resumption);
  const { cache, tickets, lifetime = longestSessionLifetime } = resumption ?? {};
  if (cache) for (const method of ['get', 'set', 'delete'] as const) checkMethod('resumption.cache', cache, method);
  if (tickets) checkMethod('resumption.tickets', tickets, 'keys');
  checkNumber('resumption.lifetime', lifetime);
  if (!(lifetime > 0 && lifetime <= longestSessionLifetime)) {
    throw invalid('resumption.lifetime', `milliseconds, more than 0 and at most ${longestSessionLifetime}`);
  }
  return { cache, tickets, lifetime };
}

function checkMethod<T extends object>(name: string, value: T, method: keyof T & string): void {
  checkObject(name, value);
  if (typeof value[method] !== 'function') throw new TypeError(`${name}.${method} must be a function`);
}

function copyLimits(limits: unknown): ListenerSettings['limits'] {
  if (limits !== undefined) checkObject('limits', limits);
  const given: ListenerLimits = limits ?? {};
  const total = copyLimit('total', given.total) ?? defaultLimits.total;
  return {
    total,
    halfOpen: copyLimit('halfOpen', given.halfOpen) ?? defaultLimits.halfOpen,
    perSource: copyLimit('perSource', given.perSource) ?? total,
    backlog: copyLimit('backlog', given.backlog) ?? defaultLimits.backlog,
    handshakeTime: copyTime('handshakeTime', given.handshakeTime) ?? defaultLimits.handshakeTime,
    idleTime: copyTime('idleTime', given.idleTime) ?? defaultLimits.idleTime,
  };
}

function copyLimit(name: keyof ListenerLimits, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  checkNumber(`limits.${name}`, value);
  if (value !== Infinity && (!Number.isInteger(value) || value < 1)) {
    throw invalid(`limits.${name}`, 'a whole number, 1 or more, or Infinity');
  }
  return value;
}

function copyTime(name: keyof ListenerLimits, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  checkNumber(`limits.${name}`, value);
  if (!(value > 0)) throw invalid(`limits.${name}`, 'milliseconds, more than 0, or Infinity');
  return value;
}
