import { appendFileSync } from 'node:fs';
import { UserError } from './user-error.js';

/** Appends key log lines to a file that only its owner reads, for Wireshark. @throws UserError if the file cannot be written. */
export function keyLog(filename: string | undefined): ((line: string) => void) | undefined {
  if (filename === undefined) return undefined;
  const append = (text: string): void => appendFileSync(filename, text, { mode: 0o600 });
  try {
    append('');
  } catch (cause) {
    throw new UserError(`--key-log: ${filename} cannot be written (${(cause as Error).message})`, { cause });
  }
  return (line) => append(`${line}\n`);
}
