/**
 * One `connect`, `decorate` or `bind` under way, that the caller's signal or a `close` can end from outside. An AbortSignal of its own is
 * made only for who asks: with its listeners it takes as long as all else that a handshake needs promises for.
 */
export class Attempt {
  readonly #callersSignal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.fail(this.#callersSignal?.reason);
  #controller: AbortController | undefined;
  #failure: { readonly reason: unknown } | undefined;
  /** What to tell when the attempt is ended from outside. */
  #races: Set<(reason: unknown) => void> | undefined;
  #finish: () => void = () => undefined;
  /** Resolves when everything that the attempt had set up is in order again. */
  readonly finished: Promise<void>;

  /** One whose signal is aborted already has failed from the beginning. */
  constructor(signal: AbortSignal | undefined) {
    this.#callersSignal = signal;
    if (signal?.aborted) this.fail(signal.reason);
    else signal?.addEventListener('abort', this.#onAbort);
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** Whether the attempt has been ended from outside. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Aborted when the attempt has been ended from outside, with the reason. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#failure !== undefined) this.#controller.abort(this.#failure.reason);
    return this.#controller.signal;
  }

  /** @throws the reason for which the attempt has been ended from outside, if it has. */
  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.reason;
  }

  /** Ends the attempt from outside. */
  fail(reason: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { reason };
    this.#controller?.abort(reason);
    const races = this.#races;
    this.#races = undefined;
    for (const lose of races ?? []) lose(reason);
  }

  /** What `step` settles with, or a rejection with the reason as soon as the attempt is ended from outside. */
  race<T>(step: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure.reason);
      this.#races ??= new Set();
      const races = this.#races;
      races.add(reject);
      step.then(
        (value) => {
          races.delete(reject);
          resolve(value);
        },
        (error: unknown) => {
          races.delete(reject);
          reject(error);
        },
      );
    });
  }

  /** The error that the attempt rejects with: the reason for which it was ended from outside, if it was. */
  verdict(error: unknown): unknown {
    return this.#failure === undefined ? error : this.#failure.reason;
  }

  /** The last thing that happens to an attempt. */
  done(): void {
    this.#callersSignal?.removeEventListener('abort', this.#onAbort);
    this.#finish();
  }
}
