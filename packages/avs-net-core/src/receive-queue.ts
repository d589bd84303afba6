import type { Clock, TimerHandle } from './clock.js';
import type { EndReason } from './end-reason.js';
import { type AvsError, errnoError } from './errors.js';
import type { ReceivedDatagram, ReceiveOptions, Receiver } from './socket.js';

/** What a queued datagram counts besides its bytes, so that a flood of empty ones is bounded too. */
const entryCost = 64;

/** How much a queue holds unless told otherwise, in bytes: what Linux gives a socket by default. */
const defaultLimit = 212_992;

/** How a queue is set up. */
export interface ReceiveQueueOptions {
  /** A datagram queue keeps boundaries and drops the newest when full; a stream queue asks for a pause instead. */
  readonly kind: 'datagram' | 'stream';
  readonly clock: Clock;
  /** Bytes held before the newest is dropped, or the stream is paused; each entry counts 64 besides its data. Default 212,992. */
  readonly limit?: number | undefined;
  /** Streams: called with true when the limit is reached, with false when half of it is free again. */
  readonly onPressure?: ((paused: boolean) => void) | undefined;
}

interface Waiter {
  /** Undefined: the peer has ended without an error. */
  resolve(datagram: ReceivedDatagram | undefined): void;
  reject(reason: unknown): void;
  /** A local close ends it without an error: an iteration's. */
  readonly endsOnClose: boolean;
  readonly maxLength: number;
  readonly deadline: number;
  timer: TimerHandle | undefined;
  readonly signal: AbortSignal | undefined;
  onAbort: (() => void) | undefined;
}

/**
 * What a socket has received and not handed out yet, and who waits for it: bounded in bytes, with timeouts, aborts, a receiver
 * callback and iteration. Every socket has one.
 *
 * A queue starts closed; the socket opens it when data can flow. {@link end} is the peer's doing, {@link close} the
 * caller's. Bytes pushed are the queue's to keep, bytes handed out the taker's.
 */
export class ReceiveQueue {
  readonly #options: ReceiveQueueOptions;
  #state: 'closed' | 'open' | 'ended' = 'closed';
  /** Why it is closed, or ended with an error. */
  #reason: EndReason | undefined;
  /** An error that the socket survives, not told to anyone yet. */
  #reported: AvsError | undefined;
  /** Counts openings, so that an iteration does not run on into the next one. */
  #generation = 0;
  #entries: ReceivedDatagram[] | undefined;
  #head = 0;
  #held = 0;
  #paused = false;
  #dropped = 0;
  #waiters: Waiter[] | undefined;
  #receiver: Receiver | undefined;
  #endTold = false;
  #endedHere = false;

  constructor(options: ReceiveQueueOptions) {
    this.#options = options;
  }

  get #limit(): number {
    return this.#options.limit ?? defaultLimit;
  }

  /** Entries not handed out yet. */
  get length(): number {
    return this.#entries === undefined ? 0 : this.#entries.length - this.#head;
  }

  /** Datagrams dropped because the queue was full, since it was created. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether what comes is taken: opened, and neither ended nor closed. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Whether a receiver is set. */
  get hasReceiver(): boolean {
    return this.#receiver !== undefined;
  }

  /** Begins to take data, with nothing left from before. A receiver stays. */
  open(): void {
    this.#discard();
    this.#state = 'open';
    this.#reason = undefined;
    this.#endTold = false;
    this.#endedHere = false;
    this.#generation += 1;
  }

  /**
   * Takes a datagram, or a chunk of the stream. False: dropped, because the queue is full or not open. Exceptions of the
   * receiver do not come back here: they surface as uncaught, as those of an event listener do.
   */
  push(data: Uint8Array, host: string, port: number): boolean {
    if (this.#state !== 'open') return false;
    if (this.length === 0) {
      if (this.#receiver !== undefined) {
        this.#tell(this.#receiver, 'onData', data, host, port);
        return true;
      }
    }
    const stream = this.#options.kind === 'stream';
    if (stream && data.length === 0) return true;
    const waiter = this.#waiters?.[0];
    if (waiter !== undefined && data.length <= waiter.maxLength) {
      this.#waiters?.shift();
      this.#serve(waiter, { data, host, port });
      return true;
    }
    if (!stream && waiter === undefined && this.#held + data.length + entryCost > this.#limit) {
      this.#dropped += 1;
      return false;
    }
    this.#entries ??= [];
    this.#entries.push({ data, host, port });
    this.#held += data.length + entryCost;
    this.#serveWaiters();
    if (stream && !this.#paused && this.#held >= this.#limit) {
      this.#paused = true;
      this.#options.onPressure?.(true);
    }
    return true;
  }

  /** The peer is at another address: for a receiver that asks. */
  tellPeerAddress(host: string, port: number): void {
    if (this.#receiver !== undefined) this.#tell(this.#receiver, 'onPeerAddress', undefined, host, port);
  }

  /**
   * An error that the socket survives: goes to the receiver, or to the receive that waits longest, or is kept for the next
   * receive or {@link takeReported}. Of several kept ones the last counts.
   */
  report(error: AvsError): void {
    if (this.#state !== 'open') return;
    if (this.#receiver !== undefined) {
      this.#tell(this.#receiver, 'onError', error);
      return;
    }
    const waiter = this.#waiters?.shift();
    if (waiter === undefined) this.#reported = error;
    else this.#settle(waiter, error);
  }

  /** The error that {@link report} kept, if any, which is then forgotten: for the next send to reject with. */
  takeReported(): AvsError | undefined {
    const error = this.#reported;
    this.#reported = undefined;
    return error;
  }

  /**
   * The peer has ended. What is queued is still handed out. Then, with an error, receiving rejects with it; without one a
   * stream receives empty arrays, a datagram socket rejects ENOTCONN, and iteration ends.
   */
  end(error?: AvsError): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#reason = error && (() => error);
    this.#tellEnd();
    for (const waiter of this.#takeWaiters()) this.#settle(waiter, error);
  }

  /** As {@link end} without an error, where the caller has ended and not the peer: the ENOTCONN says so. */
  endHere(): void {
    this.#endedHere = true;
    this.end();
  }

  /** The caller has closed: discards what is queued, and whoever waits rejects with the reason, as later receives do. Iterations under way just end. */
  close(reason: EndReason): void {
    this.#discard();
    this.#state = 'closed';
    this.#reason = reason;
    for (const waiter of this.#takeWaiters()) this.#settle(waiter, waiter.endsOnClose ? undefined : reason());
  }

  /** As `Socket.receive`, waiting `timeout` ms at most. @throws EBUSY a receiver is set. */
  async receive(options: ReceiveOptions | undefined, timeout: number): Promise<Uint8Array> {
    return (await this.receiveFrom(options, timeout)).data;
  }

  /** As `Socket.receiveFrom`, waiting `timeout` ms at most. At the end of a stream host and port are empty and 0. @throws EBUSY a receiver is set. */
  async receiveFrom(options: ReceiveOptions | undefined, timeout: number): Promise<ReceivedDatagram> {
    const maxLength = checkMaxLength(options?.maxLength, this.#options.kind);
    const datagram = await this.#wait(maxLength, checkSignal(options?.signal), timeout, false);
    if (datagram !== undefined) return datagram;
    if (this.#options.kind === 'datagram') throw this.#endedHere ? shutDown() : peerClosed();
    return { data: new Uint8Array(0), host: '', port: 0 };
  }

  /** The oldest entry, or undefined. */
  tryReceive(): ReceivedDatagram | undefined {
    return this.#state === 'closed' ? undefined : this.#take();
  }

  /**
   * Hands over what is queued, and what comes. If the peer has ended, tells so. A receive that waits rejects EBUSY. Undefined goes back to queueing.
   * @throws TypeError not a receiver.
   */
  setReceiver(receiver: Receiver | undefined): void {
    if (receiver !== undefined && typeof receiver?.onData !== 'function') {
      throw new TypeError('receiver: expected an object with a function onData, or undefined');
    }
    this.#receiver = receiver;
    if (receiver === undefined) return;
    this.#endTold = false;
    for (const waiter of this.#takeWaiters()) this.#settle(waiter, receiverIsSet());
    const reported = this.takeReported();
    if (reported !== undefined) this.#tell(receiver, 'onError', reported);
    while (this.#receiver === receiver && this.#state !== 'closed') {
      const entry = this.#take();
      if (entry === undefined) break;
      this.#tell(receiver, 'onData', entry.data, entry.host, entry.port);
    }
    this.#tellEnd();
  }

  /** Iterates over what `receive` would return, without a timeout. It ends where the peer has ended without an error, and at a local close. */
  iterate(): AsyncIterableIterator<Uint8Array> {
    const generation = this.#state === 'closed' ? undefined : this.#generation;
    let done = false;
    const stop = new AbortController();
    const ended: IteratorReturnResult<undefined> = { done: true, value: undefined };
    return {
      next: async () => {
        if (done || (generation !== undefined && (generation !== this.#generation || this.#state === 'closed'))) {
          done = true;
          return ended;
        }
        try {
          const datagram = await this.#wait(Infinity, stop.signal, Infinity, true);
          if (datagram !== undefined && !stop.signal.aborted) return { done: false, value: datagram.data };
        } catch (error) {
          if (!stop.signal.aborted) {
            done = true;
            throw error;
          }
        }
        done = true;
        return ended;
      },
      return: async () => {
        done = true;
        stop.abort();
        return ended;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #wait(
    maxLength: number,
    signal: AbortSignal | undefined,
    timeout: number,
    endsOnClose: boolean,
  ): Promise<ReceivedDatagram | undefined> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw signal.reason;
      if (this.#state === 'closed') throw this.#reason?.() ?? errnoError('ENOTCONN', 'the socket is not connected');
      if (this.#receiver !== undefined) throw receiverIsSet();
      const { clock } = this.#options;
      const deadline = clock.now() + timeout;
      const waiter: Waiter = {
        resolve,
        reject,
        endsOnClose,
        maxLength,
        deadline,
        timer: undefined,
        signal,
        onAbort: undefined,
      };
      const entry = this.#take(maxLength);
      if (entry !== undefined) {
        this.#serve(waiter, entry);
        return;
      }
      const reported = this.takeReported();
      if (reported !== undefined) throw reported;
      if (this.#state === 'ended') {
        this.#settle(waiter, this.#reason?.());
        return;
      }
      if (timeout <= 0) throw timedOut();
      this.#waiters ??= [];
      this.#waiters.push(waiter);
      if (timeout !== Infinity) this.#arm(waiter, timeout);
      if (signal !== undefined) {
        waiter.onAbort = () => this.#remove(waiter, signal.reason);
        signal.addEventListener('abort', waiter.onAbort, { once: true });
      }
    });
  }

  /** Platforms have a longest delay, after which a timer fires early: the deadline counts. */
  #arm(waiter: Waiter, delay: number): void {
    const { clock } = this.#options;
    waiter.timer = clock.setTimeout(() => {
      const left = waiter.deadline - clock.now();
      if (left > 0) this.#arm(waiter, left);
      else this.#remove(waiter, timedOut());
    }, delay);
  }

  #remove(waiter: Waiter, reason: unknown): void {
    const index = this.#waiters?.indexOf(waiter) ?? -1;
    if (index < 0) return;
    this.#waiters?.splice(index, 1);
    this.#release(waiter);
    waiter.reject(reason);
  }

  #takeWaiters(): readonly Waiter[] {
    const waiters = this.#waiters ?? [];
    this.#waiters = undefined;
    return waiters;
  }

  #release(waiter: Waiter): void {
    if (waiter.timer !== undefined) this.#options.clock.clearTimeout(waiter.timer);
    if (waiter.onAbort !== undefined) waiter.signal?.removeEventListener('abort', waiter.onAbort);
  }

  #settle(waiter: Waiter, error: AvsError | undefined): void {
    this.#release(waiter);
    if (error === undefined) waiter.resolve(undefined);
    else waiter.reject(error);
  }

  #serve(waiter: Waiter, entry: ReceivedDatagram): void {
    this.#release(waiter);
    const { data } = entry;
    if (data.length <= waiter.maxLength) {
      waiter.resolve(entry);
      return;
    }
    const message = `a datagram of ${data.length} bytes is longer than maxLength (${waiter.maxLength})`;
    waiter.reject(errnoError('EMSGSIZE', message, { partial: data.slice(0, waiter.maxLength) }));
  }

  #serveWaiters(): void {
    for (;;) {
      const waiter = this.#waiters?.[0];
      const entry = waiter && this.#take(waiter.maxLength);
      if (waiter === undefined || entry === undefined) return;
      this.#waiters?.shift();
      this.#serve(waiter, entry);
    }
  }

  /** The oldest entry; of a stream no more than `maxLength` bytes of it. */
  #take(maxLength = Infinity): ReceivedDatagram | undefined {
    const entries = this.#entries;
    const entry = entries?.[this.#head];
    if (entries === undefined || entry === undefined) return undefined;
    if (this.#options.kind === 'stream' && entry.data.length > maxLength) {
      entries[this.#head] = { ...entry, data: entry.data.subarray(maxLength) };
      this.#held -= maxLength;
      this.#relieve();
      return { ...entry, data: entry.data.slice(0, maxLength) };
    }
    this.#held -= entry.data.length + entryCost;
    this.#head += 1;
    if (this.#head === entries.length) {
      this.#entries = undefined;
      this.#head = 0;
    } else if (this.#head >= 64 && this.#head * 2 >= entries.length) {
      this.#entries = entries.slice(this.#head);
      this.#head = 0;
    }
    this.#relieve();
    return entry;
  }

  #relieve(): void {
    if (!this.#paused || this.#held * 2 > this.#limit) return;
    this.#paused = false;
    this.#options.onPressure?.(false);
  }

  #discard(): void {
    this.#entries = undefined;
    this.#head = 0;
    this.#held = 0;
    this.#paused = false;
    this.#reported = undefined;
  }

  #tellEnd(): void {
    const receiver = this.#receiver;
    if (this.#state !== 'ended' || this.#endTold || receiver === undefined || this.length > 0) return;
    this.#endTold = true;
    const error = this.#reason?.();
    if (error === undefined) this.#tell(receiver, 'onEnd');
    else this.#tell(receiver, 'onError', error);
  }

  #tell(receiver: Receiver, event: 'onData', data: Uint8Array, host: string, port: number): void;
  #tell(receiver: Receiver, event: 'onError', error: AvsError): void;
  #tell(receiver: Receiver, event: 'onEnd'): void;
  #tell(receiver: Receiver, event: 'onPeerAddress', value: undefined, host: string, port: number): void;
  #tell(receiver: Receiver, event: keyof Receiver, value?: unknown, host = '', port = 0): void {
    try {
      if (event === 'onData') receiver.onData(value as Uint8Array, host, port);
      else if (event === 'onPeerAddress') receiver.onPeerAddress?.(host, port);
      else if (event === 'onError') receiver.onError?.(value as AvsError);
      else receiver.onEnd?.();
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

const timedOut = (): AvsError => errnoError('ETIMEDOUT', 'nothing was received within recvTimeout');
const peerClosed = (): AvsError => errnoError('ENOTCONN', 'the peer has closed the association');
const shutDown = (): AvsError => errnoError('ENOTCONN', 'the socket was shut down');
const receiverIsSet = (): AvsError => errnoError('EBUSY', 'a receiver is set, so there is nothing to wait for');

function checkMaxLength(value: unknown, kind: 'datagram' | 'stream'): number {
  if (value === undefined) return Infinity;
  if (typeof value !== 'number') throw new TypeError('maxLength: expected a number');
  const least = kind === 'stream' ? 1 : 0;
  if (value === Infinity || (Number.isSafeInteger(value) && value >= least)) return value;
  throw errnoError('EINVAL', `maxLength: expected an integer of at least ${least}, got ${value}`);
}

/** The signal of a {@link ReceiveOptions}, or of other waits. @throws TypeError not an AbortSignal. */
export function checkSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value;
  throw new TypeError('signal: expected an AbortSignal');
}
