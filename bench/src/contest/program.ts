import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** Who answers questions. */
export interface Contestant {
  /** @throws NoAnswer with the reason why it has none. */
  ask(question: string): Promise<string>;
  end(): Promise<void>;
}

/** A program that answers questions: one line on its standard output for each on its standard input. */
export class Program implements Contestant {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<void>;

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
    this.#child.once('error', (error) => this.#child.stdout.destroy(error));
    this.#child.stdin.on('error', () => undefined);
  }

  /** @throws Error the program has ended, or answers that it has no answer: {@link NoAnswer}. */
  async ask(question: string): Promise<string> {
    this.#child.stdin.write(`${question}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.#child.spawnargs.join(' ')} has ended; the question was: ${question}`);
    if (value.startsWith('no ')) throw new NoAnswer(value.slice('no '.length));
    return value;
  }

  /** Ends it, and waits until it has. */
  async end(): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
  }
}

/** A program cannot do what it was asked for; the message says why. */
export class NoAnswer extends Error {}
