import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type OutputStream, ProcessOutput } from './process-output.js';

/** How a {@link ProcessPeer} is started. */
export interface ProcessOptions {
  readonly cwd?: string | undefined;
  /** Added to the environment of the tests. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** How long a peer may take for what it is waited for, ms: a virtual machine on a busy machine needs much of it. */
const usualPatience = 60_000;

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
  readonly #output = new ProcessOutput();
  #ended = false;

  constructor(command: string, args: readonly string[], options: ProcessOptions = {}) {
    this.#commandLine = [command, ...args].join(' ');
    this.#process = spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env } });
    const add = (stream: OutputStream, chunk: Buffer): void => {
      this.#output.add(stream, chunk.toString('latin1'));
      this.#wake();
    };
    this.#process.stdout.on('data', (chunk) => add('stdout', chunk));
    this.#process.stderr.on('data', (chunk) => add('stderr', chunk));
    this.#process.stdin.on('error', () => undefined);
    this.#process.on('error', (error) => add('stderr', Buffer.from(`${error.message}\n`)));
    this.#process.on('close', () => {
      this.#output.end();
      this.#ended = true;
      this.#wake();
    });
    processes.add(this);
  }

  /** Every line on standard output and standard error that has ended so far, or all of both once the process has. */
  get output(): string {
    return this.#output.lines;
  }

  /** The command line and the output's last lines, for a person. */
  get log(): string {
    const lines = this.#output.text.split('\n').slice(-shownLines);
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
   * Resolves with the match when the peer has printed it, a pattern with the line's end and, if it is global, `nth` times; rejects
   * with all that it printed when it has ended, or after `patience` ms.
   */
  async printed(wanted: string | RegExp, { nth = 1, patience = usualPatience } = {}): Promise<RegExpExecArray> {
    const match = await this.#until(() => this.#output.find(wanted, nth), patience);
    if (match === undefined) throw new Error(`${wanted} did not come from ${this.log}`);
    return match;
  }

  /** Resolves with the exit code (null after a signal) when the peer has ended; rejects with its log if it does not in `patience` ms. */
  async exited(patience = usualPatience): Promise<number | null> {
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
