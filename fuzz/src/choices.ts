/**
 * The bytes of a case, read as choices. A case is nothing but bytes, so that it can be kept, cut, mutated and repeated; what is
 * missing at its end reads as 0.
 */
export class Choices {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Nothing is left. */
  get isOver(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** 0 to 255. */
  byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  /** 0 to 65,535. */
  u16(): number {
    return (this.byte() << 8) | this.byte();
  }

  /** An integer from 0 up to, and without, `limit`, which is at least 1. */
  below(limit: number): number {
    return (limit <= 256 ? this.byte() : this.u16()) % limit;
  }

  /** One of `options`, of which there is at least one. */
  pick<T>(options: readonly T[]): T {
    return options[this.below(options.length)] as T;
  }

  /** True for `part` of 256 bytes. */
  chance(part: number): boolean {
    return this.byte() < part;
  }

  /** The next `length` bytes. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.byte());
  }
}
