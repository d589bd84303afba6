import { keyLogFile } from '@avs-net/core/node';
import { UserError } from './user-error.js';

/** The key log of `--key-log`, for Wireshark. @throws UserError if the file cannot be written. */
export function keyLog(filename: string | undefined): ((line: string) => void) | undefined {
  if (filename === undefined) return undefined;
  try {
    return keyLogFile(filename);
  } catch (cause) {
    throw new UserError(`--key-log: ${filename} cannot be written (${(cause as Error).message})`, { cause });
  }
}
