import { checkInteger, checkObject, checkOptionalBoolean, checkOptionalFunction, invalid } from './argument-checks.js';
import type { ConnectionIdConfiguration, ListenerConnectionIdConfiguration } from './configuration.js';

/** Checked settings of connection IDs. RFC 9146. */
export interface ConnectionIdSettings {
  /** Bytes. */
  readonly length: number;
  readonly generate: ((connectionId: Uint8Array) => void) | undefined;
  readonly recordPadding: number;
  readonly returnRoutabilityCheck: boolean;
}

/** What a listener has besides. */
export interface ListenerConnectionIdSettings extends ConnectionIdSettings {
  readonly pathValidation: 'basic' | 'enhanced';
  readonly forward: ((datagram: Uint8Array, host: string, port: number) => void) | undefined;
}

/** How often a generator may give what is in use already before an association goes without. */
const maxAttempts = 8;

/** Bytes of a record header before the connection ID: type, version, epoch, sequence number. RFC 9146 §4. */
export const connectionIdOffset = 11;

/** @throws TypeError, EINVAL naming the field. */
export function copyConnectionIds(
  configuration: ConnectionIdConfiguration | undefined,
  defaultLength: number,
): ConnectionIdSettings {
  if (configuration !== undefined) checkObject('connectionIds', configuration);
  const { length = defaultLength, generate, recordPadding = 1, returnRoutabilityCheck = true } = configuration ?? {};
  checkInteger('connectionIds.length', length, 0, 255);
  checkOptionalFunction('connectionIds.generate', generate);
  checkInteger('connectionIds.recordPadding', recordPadding, 1, 1_024);
  checkOptionalBoolean('connectionIds.returnRoutabilityCheck', returnRoutabilityCheck);
  return { length, generate, recordPadding, returnRoutabilityCheck };
}

/** @throws TypeError, EINVAL naming the field. */
export function copyListenerConnectionIds(
  configuration: ListenerConnectionIdConfiguration | undefined,
): ListenerConnectionIdSettings {
  const common = copyConnectionIds(configuration, 8);
  const { pathValidation = 'basic', forward } = configuration ?? {};
  if (pathValidation !== 'basic' && pathValidation !== 'enhanced') {
    throw invalid('connectionIds.pathValidation', "'basic' or 'enhanced'");
  }
  checkOptionalFunction('connectionIds.forward', forward);
  return { ...common, pathValidation, forward };
}

/**
 * A new connection ID that is not taken; undefined when the generator gives none, however often it is asked.
 * @throws what the generator throws.
 */
export function newConnectionId(
  { length, generate }: ConnectionIdSettings,
  random: (bytes: Uint8Array) => void,
  isTaken: (key: string) => boolean,
): Uint8Array | undefined {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const connectionId = new Uint8Array(length);
    random(connectionId);
    generate?.(connectionId);
    // What the generator may have kept, to change it later, is not what we use.
    const own = generate === undefined ? connectionId : connectionId.slice();
    if (length === 0 || !isTaken(connectionIdKey(own, 0, length))) return own;
  }
  return undefined;
}

/** The connection ID of `length` bytes at `start`, as the key of a map. */
export function connectionIdKey(bytes: Uint8Array, start: number, length: number): string {
  let key = '';
  for (let at = start; at < start + length; at += 1) key += String.fromCharCode(bytes[at] ?? 0);
  return key;
}
