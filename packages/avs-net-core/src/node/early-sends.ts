import type { SendCall } from './dgram-arguments.js';

/** Bytes that wait, each datagram counting {@link entryCost} besides its own: as much as a queue of received ones holds. */
const limit = 212_992;
const entryCost = 64;

/** What is sent on a view that is being opened, until it is open. Bounded. */
export class EarlySends {
  #calls: SendCall[] = [];
  #held = 0;

  /** False: there is no room for it. */
  add(call: SendCall): boolean {
    const size = call.data.length + entryCost;
    if (this.#held + size > limit) return false;
    this.#held += size;
    this.#calls.push(call);
    return true;
  }

  /** All of them, in order, and forgets them. */
  take(): readonly SendCall[] {
    const calls = this.#calls;
    this.#calls = [];
    this.#held = 0;
    return calls;
  }
}
