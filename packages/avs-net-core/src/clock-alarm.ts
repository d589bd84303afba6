import type { Clock, TimerHandle } from './clock.js';

/**
 * One timer on a clock, set anew as often as one likes. It holds at most one timer of the clock's, and leaves that alone when the time moves
 * back: it goes off once for nothing then, which is cheaper than to cancel it for each flight of a handshake.
 */
export class ClockAlarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  readonly #holdsProcess: boolean;
  #timer: TimerHandle | undefined;
  #at = Infinity;
  /** When the clock's timer goes off. */
  #due = Infinity;

  constructor(clock: Clock, ring: () => void, options: { readonly holdsProcess?: boolean } = {}) {
    this.#clock = clock;
    this.#ring = ring;
    this.#holdsProcess = options.holdsProcess ?? true;
  }

  /** Rings at `at`, and no longer at another time; undefined: not at all. */
  set(at: number | undefined): void {
    if (at === this.#at) return;
    this.#at = at ?? Infinity;
    if (this.#timer !== undefined) {
      if (this.#at !== Infinity && this.#at >= this.#due) return;
      this.#clock.clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    if (this.#at !== Infinity) this.#arm();
  }

  /** Rings at `at` at the latest: leaves an earlier time alone, at which nothing may be due then. */
  setNoLater(at: number): void {
    if (at < this.#at) this.set(at);
  }

  // Platforms have a longest delay, after which a timer fires early: the time counts.
  #arm(): void {
    this.#due = this.#at;
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
