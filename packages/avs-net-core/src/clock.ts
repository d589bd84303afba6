/** A timer of a {@link Clock}; opaque. */
export type TimerHandle = unknown;

/**
 * Where a socket takes its time from. Only the shells ({@link SecureSocket}, {@link DatagramListener}, the sockets of
 * `/node`) hold one; engines are told the time.
 */
export interface Clock {
  /** Milliseconds from an arbitrary start, never going back. */
  now(): number;
  /** Milliseconds since 1970, for what outlives a process: the age of a session. Default: the platform's. */
  date?(): number;
  /** Calls `callback` once, `delay` milliseconds from now at the earliest. */
  setTimeout(callback: () => void, delay: number): TimerHandle;
  /** Forgets a timer; one that has run already is no error. */
  clearTimeout(handle: TimerHandle): void;
  /**
   * Lets the process end although the timer waits, where there are processes and the platform can. Listeners want it for their timer:
   * their socket is what holds the process, until its user says otherwise.
   */
  unref?(handle: TimerHandle): void;
}

/** The longest delay that a platform timer takes: 2^31 - 1 ms. Longer ones fire at once in Node. */
const longestDelay = 0x7fffffff;

/** The platform's monotonic clock and timers. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  setTimeout: (callback, delay) => setTimeout(callback, Math.min(Math.max(0, Math.ceil(delay)), longestDelay)),
  clearTimeout: (handle) => clearTimeout(handle as number),
  unref: (handle) => {
    // Node's timers are objects that can be told, those of browsers are numbers.
    (handle as Partial<Record<'unref', () => void>>).unref?.();
  },
};
