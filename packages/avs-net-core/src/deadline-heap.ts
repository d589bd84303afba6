/** Something with a deadline, kept in a {@link DeadlineHeap}. It carries its own place, so that it can be moved and removed quickly. */
export interface HeapEntry {
  /** Milliseconds of the clock. Changed by the heap only. */
  deadline: number;
  /** Its index in the heap, -1 when it is in none. Changed by the heap only. */
  heapIndex: number;
}

/** Entries by deadline: a binary heap. Every operation takes logarithmic time at most and none allocates. */
export class DeadlineHeap<T extends HeapEntry> {
  readonly #entries: T[] = [];

  get size(): number {
    return this.#entries.length;
  }

  /** The entry with the earliest deadline; it stays in the heap. */
  peek(): T | undefined {
    return this.#entries[0];
  }

  /** Puts an entry in, moves one that is in, or takes one out when the deadline is undefined or Infinity. */
  set(entry: T, deadline: number | undefined): void {
    if (deadline === undefined || deadline === Infinity) {
      this.#remove(entry);
      return;
    }
    if (entry.heapIndex === -1) {
      entry.deadline = deadline;
      entry.heapIndex = this.#entries.length;
      this.#entries.push(entry);
      this.#rise(entry);
      return;
    }
    const earlier = deadline < entry.deadline;
    entry.deadline = deadline;
    if (earlier) this.#rise(entry);
    else this.#sink(entry);
  }

  #remove(entry: T): void {
    const index = entry.heapIndex;
    if (index === -1) return;
    entry.heapIndex = -1;
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    this.#place(last, index);
    this.#rise(last);
    this.#sink(last);
  }

  #rise(entry: T): void {
    let index = entry.heapIndex;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#entries[parentIndex];
      if (parent === undefined || parent.deadline <= entry.deadline) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(entry, index);
  }

  #sink(entry: T): void {
    let index = entry.heapIndex;
    for (;;) {
      const left = this.#entries[2 * index + 1];
      const right = this.#entries[2 * index + 2];
      const child = right !== undefined && left !== undefined && right.deadline < left.deadline ? right : left;
      if (child === undefined || child.deadline >= entry.deadline) break;
      const childIndex = child.heapIndex;
      this.#place(child, index);
      index = childIndex;
    }
    this.#place(entry, index);
  }

  #place(entry: T, index: number): void {
    this.#entries[index] = entry;
    entry.heapIndex = index;
  }
}
