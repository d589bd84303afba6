import type { Clock, TimerHandle } from '../clock.js';
import { eventLoopTurn } from './event-loop.js';

interface Timer {
  readonly time: number;
  /** Timers of one time run in the order in which they were set. */
  readonly order: number;
  callback: (() => void) | undefined;
}

/** More timers than this in one `advance` or `runUntil`: something sets timers for ever without time passing. */
const mostTimers = 5_000_000;

/** Turns of the platform's event loop that work outside the virtual clock gets before `runUntil` gives up. */
const graceTurns = 20;

/** What `date` says at time 0. */
const epochStart = Date.UTC(2026, 0, 1);

/** How long `runUntil` goes on by default: a day. */
const defaultRunLimit = 86_400_000;

/**
 * A clock that stands still until told to go on, so that a minute of retransmission takes a test a millisecond.
 *
 * Between two timers it waits for one turn of the platform's event loop (a message through a `MessageChannel`, about 2 µs):
 * by then every promise chain that was ready has run to its end, however long. Work that other threads do (WebCrypto, the
 * file system) is not waited for by `advance`.
 */
export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  #heap: Timer[] = [];
  #cancelled = 0;

  /** @param start What `now` says first, in ms. */
  constructor(start = 0) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** As if the clock had started with the year 2026. */
  date(): number {
    return epochStart + this.#now;
  }

  /** A delay that is negative or not a number counts as 0. With an infinite one the timer never runs. */
  setTimeout(callback: () => void, delay: number): TimerHandle {
    const timer: Timer = { time: this.#now + Math.max(0, delay || 0), order: this.#order, callback };
    this.#order += 1;
    if (timer.time !== Infinity) this.#insert(timer);
    return timer;
  }

  clearTimeout(handle: TimerHandle): void {
    const timer = handle as Timer | undefined;
    if (timer?.callback === undefined) return;
    timer.callback = undefined;
    if (timer.time === Infinity) return;
    this.#cancelled += 1;
    if (this.#cancelled > 64 && this.#cancelled * 2 > this.#heap.length) this.#compact();
  }

  /** Timers that have not run. */
  get pendingTimers(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** When the next timer runs, in ms; undefined if there is none. */
  get nextTimer(): number | undefined {
    return this.#first()?.time;
  }

  /** Lets promise chains settle without time passing. Timers that are due now do not run. */
  async settle(): Promise<void> {
    await eventLoopTurn();
  }

  /**
   * Lets `ms` pass: runs the timers that become due, in order, also those that are set on the way. Promise chains settle
   * before, between and after. @throws what a timer's callback throws; RangeError `ms` is negative or not a number.
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`advance: expected a number of milliseconds, got ${ms}`);
    const end = this.#now + ms;
    await eventLoopTurn();
    for (let count = 0; ; count += 1) {
      const next = this.#first();
      if (next === undefined || next.time > end) break;
      if (count >= mostTimers) throw new Error(`advance: ${mostTimers} timers have run and there are more`);
      this.#runFirst();
      await eventLoopTurn();
    }
    if (end > this.#now && end !== Infinity) this.#now = end;
  }

  /**
   * Lets time pass from timer to timer until `promise` settles, and settles as it does.
   * @param limit How much time may pass, in ms. Default: a day.
   * @throws Error nothing is scheduled any more, or the limit has passed, and the promise is still pending.
   */
  async runUntil<T>(promise: Promise<T>, limit = defaultRunLimit): Promise<T> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    const end = this.#now + limit;
    let grace = graceTurns;
    for (let count = 0; ; ) {
      await eventLoopTurn();
      if (settled) return promise;
      const next = this.#first();
      if (next === undefined) {
        if (grace === 0) throw new Error(`runUntil: still pending at ${this.#now} ms, and nothing is scheduled`);
        grace -= 1;
        await new Promise((resolve) => setTimeout(resolve, 1));
        continue;
      }
      if (next.time > end) throw new Error(`runUntil: still pending after ${limit} ms`);
      if (count >= mostTimers) throw new Error(`runUntil: still pending after ${mostTimers} timers`);
      this.#runFirst();
      count += 1;
      grace = graceTurns;
    }
  }

  #runFirst(): void {
    const timer = this.#remove();
    if (timer === undefined) return;
    const { callback } = timer;
    timer.callback = undefined;
    if (timer.time > this.#now) this.#now = timer.time;
    callback?.();
  }

  #first(): Timer | undefined {
    while (this.#heap[0] !== undefined && this.#heap[0].callback === undefined) {
      this.#remove();
      this.#cancelled -= 1;
    }
    return this.#heap[0];
  }

  #compact(): void {
    const live = this.#heap.filter((timer) => timer.callback !== undefined);
    this.#heap = live.sort((a, b) => (isBefore(a, b) ? -1 : 1));
    this.#cancelled = 0;
  }

  #insert(timer: Timer): void {
    const heap = this.#heap;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(timer, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = timer;
  }

  #remove(): Timer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = heap[child];
      const right = heap[child + 1];
      if (left === undefined) break;
      let smaller = left;
      if (right !== undefined && isBefore(right, left)) {
        smaller = right;
        child += 1;
      }
      if (!isBefore(smaller, last)) break;
      heap[index] = smaller;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}
