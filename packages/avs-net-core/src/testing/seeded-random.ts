/**
 * A reproducible source of randomness for tests: sfc32, seeded with one number. Not for secrets.
 *
 * `random.fill` is a `TlsConfiguration.random`.
 *
 * @example
 * const random = new SeededRandom(42);
 * random.next(); // in [0, 1), the same on every run
 */
export class SeededRandom {
  readonly seed: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed Any integer; its low 32 bits and the next 21 count. @throws TypeError not an integer. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new TypeError('seed: expected an integer');
    this.seed = seed;
    this.#a = 0x9e3779b9;
    this.#b = Math.floor(seed / 0x1_0000_0000) >>> 0;
    this.#c = seed >>> 0;
    for (let i = 0; i < 15; i += 1) this.uint32();
  }

  /** An integer from 0 to 2^32 - 1. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) >>> 0;
    this.#counter = (this.#counter + 1) >>> 0;
    this.#a = (this.#b ^ (this.#b >>> 9)) >>> 0;
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0;
    return sum;
  }

  /** A number from 0 up to, and without, 1. */
  next(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** An integer from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** True with this probability. At 0 and 1 no randomness is used up. */
  chance(probability: number): boolean {
    if (probability <= 0) return false;
    return probability >= 1 || this.next() < probability;
  }

  /** Fills `bytes`. Bound to its object, so that it can be passed on. */
  readonly fill = (bytes: Uint8Array): void => {
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = this.uint32() & 0xff;
  };
}
