/** The streams that a program prints to. */
export type OutputStream = 'stdout' | 'stderr';

/**
 * What a program has printed, with the lines of both streams whole: a chunk ends anywhere, and a line of one stream would
 * otherwise land in the middle of a line of the other.
 */
export class ProcessOutput {
  #lines = '';
  readonly #begun: Record<OutputStream, string> = { stdout: '', stderr: '' };

  /** The lines that have ended, in the order in which they did, each with its line end. */
  get lines(): string {
    return this.#lines;
  }

  /** The lines, and what has been printed of lines that have no end yet, for a person. */
  get text(): string {
    return this.#lines + this.#begun.stdout + this.#begun.stderr;
  }

  add(stream: OutputStream, chunk: string): void {
    const printed = this.#begun[stream] + chunk;
    const end = printed.lastIndexOf('\n') + 1;
    this.#lines += printed.slice(0, end);
    this.#begun[stream] = printed.slice(end);
  }

  /** There is no more: what has no line end will not get one. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#begun[stream] !== '') this.add(stream, '\n');
    }
  }

  /**
   * A text is also found in a line that has not ended, because programs prompt; a pattern only in lines that have, because it could
   * take a part for the whole. Of a global pattern the `nth` match is found, from 1.
   */
  find(wanted: string | RegExp, nth = 1): RegExpExecArray | undefined {
    if (typeof wanted !== 'string') {
      const matches = wanted.global ? [...this.#lines.matchAll(wanted)] : [wanted.exec(this.#lines)];
      return matches[nth - 1] ?? undefined;
    }
    const pattern = new RegExp(wanted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const { stdout, stderr } = this.#begun;
    return pattern.exec(this.#lines + stdout) ?? pattern.exec(this.#lines + stderr) ?? undefined;
  }
}
