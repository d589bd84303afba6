import { performance } from 'node:perf_hooks';
import { hrtime } from 'node:process';

/** How long nothing may come before all that was sent counts as arrived or lost, ms. */
const quiet = 10;

/** Counts what arrives. */
export class Arrivals {
  #count = 0;
  #last = 0;

  add(): void {
    this.#last = performance.now();
    this.#count += 1;
  }

  /** Waits until nothing comes any more, and begins anew. Returns how many came, and when the last one did, as `hrtime` has it. */
  async take(): Promise<{ count: number; last: bigint }> {
    for (let before = -1; before !== this.#count; ) {
      before = this.#count;
      await new Promise((resolve) => setTimeout(resolve, quiet));
    }
    const count = this.#count;
    const ago = performance.now() - this.#last;
    this.#count = 0;
    return { count, last: hrtime.bigint() - BigInt(Math.round(ago * 1e6)) };
  }
}
