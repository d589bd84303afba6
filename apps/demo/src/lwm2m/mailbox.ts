import type { Clock } from '@avs-net/core';

/** Events that wait for whoever handles them. An event that waits already is not queued again. */
export class Mailbox<Event> {
  readonly #events = new Set<Event>();
  readonly #clock: Clock;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds an event, unless the same one waits already. */
  post(event: Event): void {
    this.#events.add(event);
    this.#wake?.();
  }

  /** Forgets an event that waits. */
  drop(event: Event): void {
    this.#events.delete(event);
  }

  /** The oldest event, or undefined when none has come within `timeout` milliseconds. For one caller at a time. */
  async next(timeout: number): Promise<Event | undefined> {
    if (this.#events.size === 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.setTimeout(resolve, timeout);
        this.#wake = () => {
          this.#clock.clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    const [event] = this.#events;
    if (event !== undefined) this.#events.delete(event);
    return event;
  }
}
