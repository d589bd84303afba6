import { appendFileSync } from 'node:fs';
import { systemError } from './system-error.js';

/**
 * An `onKeyLog` that appends to a file in the NSS key log format, which Wireshark and others read. The file is made so that only its owner
 * reads it; whoever has it can read the traffic.
 * @param filename Default: the environment variable SSLKEYLOGFILE; nothing is logged when that is not set.
 * @throws AvsError of the errno category: the file cannot be written.
 */
export function keyLogFile(
  filename: string | undefined = process.env['SSLKEYLOGFILE'],
): ((line: string) => void) | undefined {
  if (filename === undefined || filename === '') return undefined;
  const append = (text: string): void => {
    try {
      appendFileSync(filename, text, { mode: 0o600 });
    } catch (error) {
      throw systemError(error, `key log ${filename}`);
    }
  };
  append('');
  return (line) => append(`${line}\n`);
}
