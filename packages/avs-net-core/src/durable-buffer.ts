import { type AvsError, errnoError } from './errors.js';

/**
 * When the content of a buffer is durable: its owner's function is given a copy after each change, once more if there was another meanwhile, and
 * whatever depends on a change waits until a call that began after it has succeeded.
 */
export class DurableBuffer {
  /** The call under way, and the one that will begin after it. */
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  /** The last call has failed: the content may or may not be durable. */
  #hasFailed = false;

  constructor(
    private readonly buffer: Uint8Array,
    private readonly persist: (content: Uint8Array) => void | Promise<void>,
  ) {}

  /** The content has changed. */
  changed(): void {
    this.#flush()?.catch(() => undefined);
  }

  /**
   * Resolves when the content is durable as it is now; undefined: it is. Calls again where the last call has failed.
   * @throws EIO the call fails.
   */
  whenDurable(): Promise<void> | undefined {
    if (this.#hasFailed) return this.#flush();
    return this.#next ?? this.#current;
  }

  /** A call that begins now, or when the one under way is over; undefined: it was over at once. */
  #flush(): Promise<void> | undefined {
    if (this.#next !== undefined) return this.#next;
    if (this.#current === undefined) return this.#call();
    this.#next = this.#current
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#call();
      });
    return this.#next;
  }

  #call(): Promise<void> | undefined {
    this.#hasFailed = false;
    let call: void | Promise<void>;
    try {
      call = this.persist(this.buffer.slice());
    } catch (error) {
      this.#hasFailed = true;
      return Promise.reject(notDurable(error));
    }
    if (call === undefined) return undefined;
    const current: Promise<void> = Promise.resolve(call).then(
      () => this.#over(current, false),
      (error: unknown) => {
        this.#over(current, true);
        throw notDurable(error);
      },
    );
    this.#current = current;
    return current;
  }

  #over(call: Promise<void>, hasFailed: boolean): void {
    if (this.#current !== call) return;
    this.#current = undefined;
    this.#hasFailed = hasFailed;
  }
}

function notDurable(cause: unknown): AvsError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return errnoError('EIO', `the association could not be made durable: ${text}`, { cause });
}
