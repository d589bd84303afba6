/** Lengths whose views are kept. */
const longestKept = 256;

/**
 * The memory that JavaScript and the addon both see: what `receive` and `protect` are given and give, without an array for each call. To
 * make one, and to look into one, took more than half of the time of a small record. Good until the next call of the addon, whosever
 * association that is for.
 */
export class Exchange {
  /** Made once for each length: on Node a view takes as long as a crossing. */
  readonly #views: Uint8Array[] = [];

  /** @param capacity Bytes that go in, at the beginning of the memory; what comes out is behind them. */
  constructor(
    private readonly memory: Uint8Array,
    readonly capacity: number,
  ) {}

  /** Puts in what the next call is to take. */
  put(data: Uint8Array): void {
    this.memory.set(data);
  }

  /** Fills `target` with what the last call has given, and wipes that. */
  take(target: Uint8Array): void {
    const view = this.#view(target.length);
    target.set(view);
    view.fill(0);
  }

  #view(length: number): Uint8Array {
    const kept = this.#views[length];
    if (kept) return kept;
    const view = this.memory.subarray(this.capacity, this.capacity + length);
    if (length <= longestKept) this.#views[length] = view;
    return view;
  }
}
