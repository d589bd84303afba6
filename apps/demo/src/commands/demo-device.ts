import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { UserError } from './user-error.js';

/** How the device of a demonstration is started. */
export interface DemoDeviceOptions {
  readonly endpointName: string;
  readonly identity: string;
  /** Hexadecimal. */
  readonly key: string;
  readonly port: number;
  readonly sessionFile: string;
  readonly backend: string;
  readonly ciphersuites?: readonly number[] | undefined;
  readonly keyLog?: string | undefined;
  readonly cid?: boolean | undefined;
}

/** The device of a demonstration, in a process of its own. */
export class DemoDevice {
  readonly #process: ChildProcess;
  readonly #exited: Promise<number | null>;
  #mayEnd = false;

  /** `failed` is called when the process ends by itself. */
  constructor(options: DemoDeviceOptions, print: (line: string) => void, failed: (error: Error) => void) {
    const { endpointName, identity, key, port, sessionFile, backend, ciphersuites = [], keyLog, cid = false } = options;
    const main = fileURLToPath(new URL('../main.js', import.meta.url));
    // The key goes through the environment, which other users do not see.
    this.#process = spawn(
      process.execPath,
      [
        ...[main, 'client', '-u', `coaps://127.0.0.1:${port}`, '-e', endpointName, '-i', identity],
        ...['--lifetime', '60', '--sensor-period', '0.3', '--session-file', sessionFile, '--backend', backend],
        ...(ciphersuites.length === 0 ? [] : ['--ciphersuites', ciphersuites.map(toHex).join(',')]),
        ...(keyLog === undefined ? [] : ['--key-log', keyLog]),
        ...(cid ? ['--cid', '--prompt'] : ['--prompt']),
      ],
      { stdio: ['pipe', 'pipe', 'pipe', 'ipc'], env: { ...process.env, AVS_DEMO_KEY: key } },
    );
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => print(`device  ${line}`));
    }
    // It may end while something is written to it.
    this.#process.stdin?.on('error', () => {});
    this.#exited = new Promise((resolve) => {
      this.#process.once('exit', resolve);
      this.#process.once('error', (error) => {
        failed(error);
        resolve(null);
      });
    });
    void this.#exited.then((code) => {
      if (this.#mayEnd) return;
      failed(new UserError(`the device's process has ended too soon, with exit code ${code}; its own words are above`));
    });
  }

  /** Gives it a command. */
  command(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  /** Lets go of it, as Ctrl-C would: it deregisters and ends. Resolves with its exit code. */
  async stop(): Promise<number | null> {
    this.#mayEnd = true;
    this.#process.disconnect();
    return this.#exited;
  }

  /** Ends it without a word to it, as a loss of power would. */
  async kill(): Promise<void> {
    this.#mayEnd = true;
    this.#process.kill('SIGKILL');
    await this.#exited;
  }
}

function toHex(number: number): string {
  return `0x${number.toString(16).padStart(4, '0')}`;
}
