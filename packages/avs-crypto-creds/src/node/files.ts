import { constants } from 'node:fs';
import { open, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AvsErrno, type AvsErrnoName, AvsError, errnoError } from '@avs-net/core';

function codeOf(error: unknown): string {
  const code: unknown = Reflect.get(Object(error), 'code');
  return typeof code === 'string' ? code : '';
}

function isErrnoName(code: string): code is AvsErrnoName {
  return Object.hasOwn(AvsErrno, code);
}

/** A system error as one of ours, mapped by name. */
function systemError(error: unknown, what: string): AvsError {
  const code = codeOf(error);
  return errnoError(isErrnoName(code) ? code : 'UNKNOWN_ERROR', what, { cause: error });
}

/** Reading without waiting, should a file become a pipe after it was looked at. Windows has no such flag. */
const readFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** @throws EISDIR, EINVAL not a file: a pipe or a device may make its reader wait for ever. */
async function checkFile(filename: string): Promise<void> {
  const stats = await stat(filename);
  if (stats.isDirectory()) throw errnoError('EISDIR', `cannot read ${filename}: it is a directory`);
  if (!stats.isFile())
    throw errnoError('EINVAL', `cannot read ${filename}: it is a pipe, a socket or a device, not a file`);
}

/** Reads into memory of its own, not the pool that small Buffers share, and wipes what it outgrows. */
export async function readFile(filename: string, maxLength: number): Promise<Uint8Array> {
  try {
    await checkFile(filename);
    const file = await open(filename, readFlags);
    try {
      let bytes = new Uint8Array(Math.min(maxLength, 64 * 1024));
      let length = 0;
      for (;;) {
        if (length === bytes.length) {
          if (length === maxLength) return bytes;
          const larger = new Uint8Array(Math.min(maxLength, 4 * length));
          larger.set(bytes);
          bytes.fill(0);
          bytes = larger;
        }
        const { bytesRead } = await file.read(bytes, length, bytes.length - length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      const exact = bytes.slice(0, length);
      bytes.fill(0);
      return exact;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof AvsError ? error : systemError(error, `cannot read ${filename}`);
  }
}

/** Whether a name that is neither plainly a file nor a directory is worth reading: not pipes and devices, which may block. */
async function isFile(filename: string): Promise<boolean> {
  try {
    return (await stat(filename)).isFile();
  } catch {
    // A dangling link: reading it tells why.
    return true;
  }
}

/** The files in a directory, by name. */
export async function listFiles(path: string, maxCount: number): Promise<readonly string[]> {
  const filenames: string[] = [];
  try {
    for await (const entry of await opendir(path)) {
      const filename = join(path, entry.name);
      if (entry.isDirectory() || !(entry.isFile() || (await isFile(filename)))) continue;
      if (filenames.length === maxCount) throw errnoError('E2BIG', `${path} holds more than ${maxCount} files`);
      filenames.push(filename);
    }
  } catch (error) {
    throw error instanceof AvsError ? error : systemError(error, `cannot read the directory ${path}`);
  }
  return filenames.sort();
}
