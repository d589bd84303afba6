import { Memory } from './lwm2m/memory.js';
import type { ServerSettings } from './objects/server.js';
import { readSecretFile, SecretFileError, writeSecretFile } from './secret-file.js';
import {
  formatSessionFile,
  parseSessionFile,
  SessionFileError,
  type SessionScope,
  type StoredSession,
} from './session-file-format.js';

/** Bytes for a session: one of this project's servers takes about 300, others put more into their tickets. */
const sessionSize = 4_096;

/** A device's session with its server, and what it has to remember with it. */
export interface KeptSession {
  /** The session resumption buffer. */
  readonly session: Uint8Array;
  readonly memory: Memory;
  /** Keeps both as they are now; when that fails, it is told once. */
  keep(): void;
  /** Keeps both as they are now. Undefined: nothing outlives the process. @throws the system's errors. */
  readonly persist: (() => void) | undefined;
}

/** How a session file is used. */
export interface SessionFileOptions {
  readonly filename: string;
  readonly scope: SessionScope;
  /** What the Server object holds unless the file knows better. */
  readonly settings: ServerSettings;
  /** Told why the file's content is not used, or could not be written. */
  warn(line: string): void;
}

/** A session that lasts as long as the process. */
export function sessionInMemory(settings: ServerSettings): KeptSession {
  return { session: new Uint8Array(sessionSize), memory: new Memory({ settings }), keep: () => {}, persist: undefined };
}

/** A session that outlives the process, in a file. @throws the system's errors: the file can be neither read nor written. */
export function sessionInFile({ filename, scope, settings, warn }: SessionFileOptions): KeptSession {
  const session = new Uint8Array(sessionSize);
  const before = read(filename, scope, warn);
  session.set(before?.session.subarray(0, sessionSize) ?? []);
  before?.session.fill(0);
  const memory = new Memory({ ...before?.memory, settings: settingsAfter(before, settings) }, () => keep());
  let written: string | undefined;
  const write = (): void => {
    const text = formatSessionFile(scope, { lifetime: settings.lifetime, session, memory: memory.content });
    if (text === written) return;
    writeSecretFile(filename, text);
    written = text;
  };
  let hasFailed = false;
  const keep = (): void => {
    try {
      write();
      hasFailed = false;
    } catch (error) {
      if (!hasFailed) warn(`${filename} cannot be written (${(error as Error).message}): a restart will register anew`);
      hasFailed = true;
    }
  };
  write();
  return { session, memory, keep, persist: write };
}

function read(filename: string, scope: SessionScope, warn: (line: string) => void): StoredSession | undefined {
  try {
    const text = readSecretFile(filename);
    return text === undefined ? undefined : parseSessionFile(text, scope);
  } catch (error) {
    if (!(error instanceof SecretFileError || error instanceof SessionFileError)) throw error;
    warn(`${filename} is not used: ${error.message}`);
    return undefined;
  }
}

/** What the server has written lasts, until somebody starts the device with another lifetime. */
function settingsAfter(before: StoredSession | undefined, settings: ServerSettings): ServerSettings {
  if (before === undefined) return settings;
  if (before.lifetime === settings.lifetime) return before.memory.settings;
  return { ...settings, alertCode: before.memory.settings.alertCode };
}
