import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What a file of secrets may hold at most, bytes: something else that is read by mistake is not read whole. */
const largest = 262_144;

/** Why a file of secrets is not used. */
export class SecretFileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SecretFileError';
  }
}

/**
 * The text of a file of secrets; undefined if there is none.
 * @throws SecretFileError others may read or write it, it is too long, or no file at all; the system's errors.
 */
export function readSecretFile(filename: string): string | undefined {
  let file: number;
  try {
    file = openSync(filename, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw new SecretFileError('it is not a file');
    // Windows has no such modes.
    if (process.platform !== 'win32' && (status.mode & 0o077) !== 0) {
      throw new SecretFileError('others may read or write it (chmod 600 would forbid it)');
    }
    if (status.size > largest) throw new SecretFileError(`it is longer than ${largest} bytes`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/**
 * Writes a file of secrets, which only its owner may read. It has the old content or the new one at any time, also after a crash.
 * @throws the system's errors.
 */
export function writeSecretFile(filename: string, text: string): void {
  const draft = `${filename}.${randomBytes(6).toString('hex')}`;
  try {
    // Exclusive: nobody has put something there that they may read.
    const file = openSync(draft, 'wx', 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, filename);
    syncFolder(dirname(filename));
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** Makes the renaming last, where the system can be told to. */
function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // Folders cannot be opened everywhere.
  }
}
