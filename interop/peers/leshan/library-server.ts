import type { ProcessPeer } from '../../src/process-peer.js';
import { leshanPrograms } from './peer.js';

/** A device that a {@link LibraryServer} knows. */
export interface KnownDevice {
  readonly endpoint: string;
  readonly identity: string;
  /** Hexadecimal. */
  readonly key: string;
}

/** Our server on Leshan's server library, on a port of loopback that the system chose. */
export class LibraryServer implements AsyncDisposable {
  /** Where devices connect, DTLS. */
  readonly port: number;
  readonly #process: ProcessPeer;
  /** How much of the output has been looked at. */
  #seen = 0;

  private constructor(process: ProcessPeer, port: number) {
    this.#process = process;
    this.port = port;
  }

  /** @param connectionId The length of its connection IDs in bytes; undefined: it has none. */
  static async start(device: KnownDevice, connectionId?: number): Promise<LibraryServer> {
    const { endpoint, identity, key } = device;
    const { library } = leshanPrograms();
    const args = [String(connectionId ?? 'none'), endpoint, identity, key];
    const process = library.start('LeshanServerOnLibrary', args);
    const [, port] = await process.printed(/^listening (\d+)$/m);
    return new LibraryServer(process, Number(port));
  }

  /** All that it has told. */
  get output(): string {
    return this.#process.output;
  }

  /** The next line that the pattern matches; lines before it are passed over. */
  async next(pattern: RegExp): Promise<string> {
    const anywhere = new RegExp(`^[^]{${this.#seen}}[^]*?^(${pattern.source})$`, 'm');
    const [all, line = ''] = await this.#process.printed(anywhere);
    this.#seen = all.length;
    return line;
  }

  /** Passes over what it has told so far. */
  skip(): void {
    this.#seen = this.#process.output.length;
  }

  /** Has it send a command of its own. */
  command(line: string): void {
    this.#process.write(`${line}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
