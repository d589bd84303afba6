import type { Clock } from './clock.js';
import { ClockAlarm } from './clock-alarm.js';
import { type AvsError, errnoError } from './errors.js';

interface Waiter<T> {
  resolve(item: T | undefined): void;
  reject(reason: unknown): void;
  /** A close ends it without an error: an iteration's. */
  readonly endsOnClose: boolean;
  release(): void;
}

/** Connections that wait for `accept`, and who waits for one: first come, first served, with timeouts, aborts and iteration. */
export class AcceptQueue<T> {
  readonly #clock: Clock;
  #open = false;
  /** Counts openings, so that an iteration does not run on into the next one. */
  #generation = 0;
  /** Why it has ended by itself, until it opens again. */
  #failure: AvsError | undefined;
  readonly #items = new Set<T>();
  readonly #waiters = new Set<Waiter<T>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Items that nobody has taken yet. */
  get size(): number {
    return this.#items.size;
  }

  /** Begins to take items. */
  open(): void {
    this.#open = true;
    this.#failure = undefined;
    this.#generation += 1;
  }

  /** Gives an item to whoever waits longest, or keeps it. */
  offer(item: T): void {
    const [waiter] = this.#waiters;
    if (waiter === undefined) {
      this.#items.add(item);
      return;
    }
    this.#waiters.delete(waiter);
    waiter.release();
    waiter.resolve(item);
  }

  /** Takes an item back. False: it was handed out, or never there. */
  withdraw(item: T): boolean {
    return this.#items.delete(item);
  }

  /** As `close`, but nobody has asked for it: iterations, too, and whoever comes until it opens again, reject with `error`. */
  fail(error: AvsError): readonly T[] {
    this.#failure = error;
    return this.close(error);
  }

  /** Who waits rejects with `error`; iterations just end. What nobody has taken is returned. */
  close(error: AvsError): readonly T[] {
    this.#open = false;
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) {
      waiter.release();
      if (waiter.endsOnClose && this.#failure === undefined) waiter.resolve(undefined);
      else waiter.reject(error);
    }
    const items = [...this.#items];
    this.#items.clear();
    return items;
  }

  /** The oldest item, waiting `timeout` ms at most. @throws EBADF not open; ETIMEDOUT; the signal's reason. */
  async take(signal: AbortSignal | undefined, timeout: number): Promise<T> {
    const item = await this.#wait(signal, timeout, false);
    if (item === undefined) throw notOpen();
    return item;
  }

  /** Iterates over the items, without a timeout, until the queue is closed. */
  iterate(): AsyncIterableIterator<T> {
    const generation = this.#open ? this.#generation : undefined;
    const stop = new AbortController();
    const ended: IteratorReturnResult<undefined> = { done: true, value: undefined };
    return {
      next: async () => {
        if (generation !== undefined && (generation !== this.#generation || this.#isClosed)) stop.abort();
        if (stop.signal.aborted) return ended;
        const item = await this.#wait(stop.signal, Infinity, true).catch((error: unknown) => {
          if (stop.signal.aborted) return undefined;
          stop.abort();
          throw error;
        });
        if (item !== undefined) return { done: false, value: item };
        stop.abort();
        return ended;
      },
      return: async () => {
        stop.abort();
        return ended;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  get #isClosed(): boolean {
    return !this.#open && this.#failure === undefined;
  }

  #wait(signal: AbortSignal | undefined, timeout: number, endsOnClose: boolean): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (!this.#open) throw this.#failure ?? notOpen();
      const [item] = this.#items;
      if (item !== undefined) {
        this.#items.delete(item);
        resolve(item);
        return;
      }
      const give = (reason: unknown): void => {
        this.#waiters.delete(waiter);
        waiter.release();
        reject(reason);
      };
      const onAbort = (): void => give(signal?.reason);
      const alarm = new ClockAlarm(this.#clock, () => give(timedOut()));
      alarm.set(this.#clock.now() + timeout);
      signal?.addEventListener('abort', onAbort, { once: true });
      const waiter: Waiter<T> = {
        resolve,
        reject,
        endsOnClose,
        release: () => {
          alarm.set(undefined);
          signal?.removeEventListener('abort', onAbort);
        },
      };
      this.#waiters.add(waiter);
    });
  }
}

const timedOut = (): AvsError => errnoError('ETIMEDOUT', 'nobody connected within recvTimeout');
const notOpen = (): AvsError => errnoError('EBADF', 'accept: the listener is not bound');
