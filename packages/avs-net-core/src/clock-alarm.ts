import type { Clock, TimerHandle } from './clock.js';

/** One timer on a clock, set anew as often as one likes. It holds at most one timer of the clock's. */
export class ClockAlarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  readonly #holdsProcess: boolean;
  #timer: TimerHandle | undefined;
  #at = Infinity;

  constructor(clock: Clock, ring: () => void, options: { readonly holdsProcess?: boolean } = {}) {
    this.#clock = clock;
    this.#ring = ring;
    this.#holdsProcess = options.holdsProcess ?? true;
  }

  /** Rings at `at`, and no longer at another time; undefined: not at all. */
  set(at: number | undefined): void {
    if (at === this.#at) return;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#at = at ?? Infinity;
    if (this.#at !== Infinity) this.#arm();
  }

  /** Rings at `at` at the latest: leaves an earlier time alone, at which nothing may be due then. */
  setNoLater(at: number): void {
    if (at < this.#at) this.set(at);
  }

  // Platforms have a longest delay, after which a timer fires early: the time counts.
  #arm(): void {
    this.#timer = this.#clock.setTimeout(
      () => {
        if (this.#clock.now() < this.#at) {
          this.#arm();
          return;
        }
        this.#timer = undefined;
        this.#at = Infinity;
        this.#ring();
      },
      Math.max(0, this.#at - this.#clock.now()),
    );
    if (!this.#holdsProcess) this.#clock.unref?.(this.#timer);
  }
}

/** Waits for `promise` to settle, either way, but no longer than `limit` ms. */
export function settled(clock: Clock, promise: Promise<unknown>, limit: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(resolve, limit);
    const done = (): void => {
      clock.clearTimeout(timer);
      resolve();
    };
    promise.then(done, done);
  });
}
