import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const demo = fileURLToPath(new URL('../../../apps/demo/dist/main.js', import.meta.url));

/** How a program is started. */
export interface ProgramOptions {
  /** A network namespace to run it in. */
  readonly namespace?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** A program that runs beside the campaign; what it prints is kept. */
export class Program implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #commandLine: string;
  readonly #waiting = new Set<() => void>();
  #ended = false;
  /** Lines that it has printed, to either stream. */
  readonly lines: string[] = [];

  /** Starts a script with this Node. */
  constructor(script: string, args: readonly string[], { namespace, env }: ProgramOptions = {}) {
    const command = [process.execPath, script, ...args];
    const [first = '', ...rest] = namespace === undefined ? command : ['ip', 'netns', 'exec', namespace, ...command];
    this.#commandLine = [script.split('/').at(-1), ...args].join(' ');
    this.#process = spawn(first, rest, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    // It reads its prompt from a standard input that stays open.
    this.#process.stdin?.on('error', () => undefined);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      let rest = '';
      stream?.on('data', (chunk: Buffer) => {
        const lines = (rest + chunk.toString()).split('\n');
        rest = lines.pop() ?? '';
        this.lines.push(...lines);
        this.#wake();
      });
    }
    this.#process.on('error', (error) => this.lines.push(error.message));
    this.#process.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** Resolves with the first line from the `from`th on that holds `text`. @throws Error with all that it printed, when it ended or after `limit` ms. */
  async printed(text: string, limit: number, from = 0): Promise<string> {
    const deadline = performance.now() + limit;
    for (;;) {
      const line = this.lines.slice(from).find((each) => each.includes(text));
      if (line !== undefined) return line;
      const left = deadline - performance.now();
      if (this.#ended || left <= 0) {
        const words = this.lines.map((each) => `    ${each}`).join('\n');
        throw new Error(
          `"${text}" did not come from ${this.#commandLine} within ${limit / 1_000} s; it said:\n${words}`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Ends it at once and without a word, as a power cut would. */
  async kill(): Promise<void> {
    if (this.#ended) return;
    const closed = once(this.#process, 'close');
    this.#process.kill('SIGKILL');
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

const identity = 'device-1';
const key = '000102030405060708090a0b0c0d0e0f';

/** The demo's LwM2M server. Port 0 picks one, which {@link portOf} tells. */
export function demoServer(host: string, port: number, options?: ProgramOptions): Program {
  return new Program(demo, ['server', '--host', host, '--port', String(port), '--psk', `${identity}:${key}`], options);
}

/** The demo's LwM2M device. `lifetime` is that of its registration, s. */
export function demoClient(host: string, port: number, lifetime: number, options: ProgramOptions = {}): Program {
  const args = ['client', '-u', `coaps://${host}:${port}`, '-e', 'device-1', '-i', identity, '-l', String(lifetime)];
  return new Program(demo, args, { ...options, env: { AVS_DEMO_KEY: key } });
}

/** The port of a demo server that listens. */
export async function portOf(server: Program): Promise<number> {
  const line = await server.printed('listening on', 15_000);
  return Number(/:(\d+)[;\s]/.exec(line)?.[1]);
}
