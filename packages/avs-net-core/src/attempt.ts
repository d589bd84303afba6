/** One `connect`, `decorate` or `bind` under way, that the caller's signal or a `close` can end from outside. */
export class Attempt {
  readonly #controller = new AbortController();
  readonly #callersSignal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.fail(this.#callersSignal?.reason);
  #finish: () => void = () => undefined;
  /** Resolves when everything that the attempt had set up is in order again. */
  readonly finished: Promise<void>;

  /** @throws the signal's reason if it is aborted already. */
  constructor(signal: AbortSignal | undefined) {
    signal?.throwIfAborted();
    this.#callersSignal = signal;
    signal?.addEventListener('abort', this.#onAbort);
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** Aborted when the attempt has been ended from outside, with the reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the attempt from outside. */
  fail(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** What `step` settles with, or a rejection with the reason as soon as the attempt is ended from outside. */
  race<T>(step: Promise<T>): Promise<T> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason);
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      step.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  /** The error that the attempt rejects with: the reason for which it was ended from outside, if it was. */
  verdict(error: unknown): unknown {
    return this.signal.aborted ? this.signal.reason : error;
  }

  /** The last thing that happens to an attempt. */
  done(): void {
    this.#callersSignal?.removeEventListener('abort', this.#onAbort);
    this.#finish();
  }
}
