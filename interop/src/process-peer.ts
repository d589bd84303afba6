import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';

/** Whether a command is installed. Where `CI` is set a missing one is an error that says how to get it. */
export function hasPeer(command: string, versionArguments: readonly string[], howToGet: string): boolean {
  const { error } = spawnSync(command, versionArguments);
  if (!error) return true;
  if (process.env['CI']) throw new Error(`${command} is not installed: ${howToGet}`);
  console.warn(`${command} is not installed, so its tests do not run: ${howToGet}`);
  return false;
}

/** A UDP port of the loopback interface that nobody uses at the moment. */
export async function freeUdpPort(): Promise<number> {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** A program that runs beside the test: what it prints is kept, and shown when something that was waited for does not come. */
export class ProcessPeer implements AsyncDisposable {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #commandLine: string;
  readonly #waiting = new Set<() => void>();
  #output = '';
  #ended = false;

  constructor(command: string, args: readonly string[]) {
    this.#commandLine = [command, ...args].join(' ');
    this.#process = spawn(command, args);
    const add = (chunk: Buffer): void => {
      this.#output += chunk.toString('latin1');
      this.#wake();
    };
    this.#process.stdout.on('data', add);
    this.#process.stderr.on('data', add);
    this.#process.stdin.on('error', () => undefined);
    this.#process.on('error', (error) => add(Buffer.from(error.message)));
    this.#process.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  get output(): string {
    return this.#output;
  }

  write(text: string): void {
    this.#process.stdin.write(text);
  }

  /** Resolves when the peer has printed `text`; rejects with all that it printed when it has ended, or after 20 s. */
  async printed(text: string): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!this.#output.includes(text)) {
      if (this.#ended || Date.now() >= deadline) {
        throw new Error(`"${text}" did not come from: ${this.#commandLine}\n${this.#output}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline - Date.now());
        this.#waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    const closed = once(this.#process, 'close');
    this.#process.kill('SIGKILL');
    await closed;
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
