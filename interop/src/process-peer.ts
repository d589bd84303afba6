import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';

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

/** How a {@link ProcessPeer} is started. */
export interface ProcessOptions {
  readonly cwd?: string | undefined;
  /** Added to the environment of the tests. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Of the output, in {@link ProcessPeer.log}. */
const shownLines = 200;
const shownWidth = 400;

const processes = new Set<ProcessPeer>();

/** What the processes printed that ran since this was last called; the log of those that have ended is dropped with it. */
export function takeProcessLogs(): string {
  const logs = [...processes].map((process) => process.log);
  for (const process of processes) if (process.hasEnded) processes.delete(process);
  return logs.join('\n');
}

/** A program that runs beside the test: what it prints is kept, and shown when something that was waited for does not come. */
export class ProcessPeer implements AsyncDisposable {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #commandLine: string;
  readonly #waiting = new Set<() => void>();
  #output = '';
  #ended = false;

  constructor(command: string, args: readonly string[], options: ProcessOptions = {}) {
    this.#commandLine = [command, ...args].join(' ');
    this.#process = spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env } });
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
    processes.add(this);
  }

  /** Everything on standard output and standard error so far. */
  get output(): string {
    return this.#output;
  }

  /** The command line and the output's last lines, for a person. */
  get log(): string {
    const lines = this.#output.split('\n').slice(-shownLines);
    const shown = lines.map((line) => (line.length > shownWidth ? `${line.slice(0, shownWidth)}…` : line));
    return `--- ${this.#commandLine}\n${shown.join('\n')}`;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Writes to its standard input. */
  write(text: string): void {
    this.#process.stdin.write(text);
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.#process.kill('SIGINT');
  }

  /** Ends its standard input. */
  endInput(): void {
    this.#process.stdin.end();
  }

  /**
   * Resolves with the match when the peer has printed it; rejects with all that it printed when it has ended, or after `patience` ms.
   */
  async printed(wanted: string | RegExp, patience = 20_000): Promise<RegExpExecArray> {
    const pattern = typeof wanted === 'string' ? new RegExp(wanted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : wanted;
    const match = await this.#until(() => pattern.exec(this.#output) ?? undefined, patience);
    if (match === undefined) throw new Error(`${pattern} did not come from ${this.log}`);
    return match;
  }

  /** Resolves with the exit code (null after a signal) when the peer has ended; rejects with its log if it does not in `patience` ms. */
  async exited(patience = 20_000): Promise<number | null> {
    const ended = await this.#until(() => (this.#ended ? true : undefined), patience);
    if (ended === undefined) throw new Error(`no end came to ${this.log}`);
    return this.#process.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    const closed = once(this.#process, 'close');
    this.#process.kill('SIGKILL');
    await closed;
  }

  /** What `look` finds, tried again after all that the peer prints; undefined when it ended without, or after `patience` ms. */
  async #until<T>(look: () => T | undefined, patience: number): Promise<T | undefined> {
    const deadline = Date.now() + patience;
    for (;;) {
      const found = look();
      if (found !== undefined || this.#ended || Date.now() >= deadline) return found;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline - Date.now());
        this.#waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
