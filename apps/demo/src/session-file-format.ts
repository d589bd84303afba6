import type { Attributes } from './lwm2m/attributes.js';
import type { MemoryContent, RememberedObservation, RememberedRegistration, Reporting } from './lwm2m/memory.js';
import { type Path, pathFromSegments } from './lwm2m/path.js';
import { longestLifetime, type ServerSettings } from './objects/server.js';

/** What the content of a session file belongs to: for anything else it is not used. */
export interface SessionScope {
  readonly serverUri: string;
  readonly endpointName: string;
  readonly identity: string;
}

/** Why the content of a session file is not used. */
export class SessionFileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SessionFileError';
  }
}

/** Of a session, in base64. */
const largestSession = 65_536;

/** What a session file holds. */
export interface StoredSession {
  /** Seconds, as the device was started with. */
  readonly lifetime: number;
  /** The session resumption buffer, less the zeros at its end. */
  readonly session: Uint8Array;
  readonly memory: MemoryContent;
}

const version = 1;

/** A session file as text. */
export function formatSessionFile(
  { serverUri, endpointName, identity }: SessionScope,
  { lifetime, session, memory }: StoredSession,
): string {
  const end = session.findLastIndex((byte) => byte !== 0) + 1;
  const bytes = Buffer.from(session.buffer, session.byteOffset, end).toString('base64');
  const head = { avsDemoSession: version, serverUri, endpointName, identity, lifetime };
  return `${JSON.stringify({ ...head, session: bytes, memory }, undefined, 1)}\n`;
}

/**
 * The inverse of {@link formatSessionFile}. Unless all of it is as that would have written it for `scope`, none of it is taken. The
 * session in it is for the DTLS backend to judge.
 * @throws SessionFileError it is anything else.
 */
export function parseSessionFile(text: string, scope: SessionScope): StoredSession {
  const file = objectOf(parseJson(text));
  if (file['avsDemoSession'] !== version) throw new SessionFileError('it is not a session file');
  for (const [name, value] of Object.entries(scope)) {
    if (file[name] !== value) throw new SessionFileError(`it belongs to another ${name}`);
  }
  return {
    lifetime: numberOf(file['lifetime'], longestLifetime),
    session: new Uint8Array(Buffer.from(textOf(file['session'], largestSession), 'base64')),
    memory: memoryOf(objectOf(file['memory'])),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function memoryOf(fields: Fields): MemoryContent {
  const { registration, reporting, settings, unused } = fields;
  return {
    registration: registration === undefined ? undefined : registrationOf(objectOf(registration)),
    reporting: reportingOf(objectOf(reporting)),
    settings: settingsOf(objectOf(settings)),
    unused: numberOf(unused, Number.MAX_SAFE_INTEGER),
  };
}

function registrationOf({ location, lifetime, expires }: Fields): RememberedRegistration {
  return {
    location: listOf(location, 16).map((segment) => textOf(segment, 255)),
    lifetime: numberOf(lifetime, longestLifetime),
    expires: numberOf(expires, Number.MAX_SAFE_INTEGER),
  };
}

function reportingOf({ observations, attributes }: Fields): Reporting {
  return {
    observations: listOf(observations, 64).map((one) => observationOf(objectOf(one))),
    attributes: listOf(attributes, 1_024).map((one) => {
      const { path, attributes: set } = objectOf(one);
      return { path: pathOf(path), attributes: attributesOf(objectOf(set)) };
    }),
  };
}

function observationOf({ token, path, accept }: Fields): RememberedObservation {
  const hex = textOf(token, 16);
  if (!/^(?:[0-9a-f]{2})*$/.test(hex)) throw damaged();
  return { token: hex, path: pathOf(path), accept: accept === undefined ? undefined : numberOf(accept, 0xffff) };
}

function attributesOf(fields: Fields): Attributes {
  const names = ['pmin', 'pmax', 'gt', 'lt', 'st'] as const;
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = fields[name];
      if (value === undefined) return [];
      if (!Number.isFinite(value)) throw damaged();
      return [[name, value as number]];
    }),
  );
}

function settingsOf(fields: Fields): ServerSettings {
  const { lifetime, defaultMinimumPeriod, defaultMaximumPeriod, alertCode } = fields;
  return {
    lifetime: numberOf(lifetime, longestLifetime),
    defaultMinimumPeriod: numberOf(defaultMinimumPeriod, longestLifetime),
    defaultMaximumPeriod: numberOf(defaultMaximumPeriod, longestLifetime),
    alertCode: alertCode === undefined ? undefined : numberOf(alertCode, 255),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw damaged();
  }
}

function objectOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged();
  return value as Fields;
}

function listOf(value: unknown, longest: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > longest) throw damaged();
  return value;
}

function textOf(value: unknown, longest: number): string {
  if (typeof value !== 'string' || value.length > longest) throw damaged();
  return value;
}

function numberOf(value: unknown, largest: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > largest) throw damaged();
  return value as number;
}

function pathOf(value: unknown): Path {
  try {
    return pathFromSegments(listOf(value, 4).map(String));
  } catch {
    throw damaged();
  }
}

function damaged(): SessionFileError {
  return new SessionFileError('it is damaged');
}
