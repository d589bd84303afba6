/** Records that are remembered behind the newest one. RFC 6347 §4.1.2.6 asks for at least 32 and prefers 64. */
const windowSize = 64;

/** What a {@link ReplayWindow} remembers. */
export interface ReplayWindowState {
  /** The newest number that was seen; -1: none was. */
  readonly newest: number;
  /** Of it and the 63 before it, 32 bits each. */
  readonly recent: number;
  readonly older: number;
}

/** A window for which every number below `next` was seen. */
export function seenBelow(next: number): ReplayWindowState {
  return { newest: next - 1, recent: 0xffffffff, older: 0xffffffff };
}

/**
 * Which sequence numbers of an epoch have been seen: the newest, and a bit for each of the 64 up to it.
 * A number is only marked after its record has been authenticated. RFC 6347 §4.1.2.6.
 */
export class ReplayWindow {
  #newest = -1;
  /** Bit i: `newest - i` was seen, i from 0 to 31. */
  #recent = 0;
  /** Bit i: `newest - 32 - i` was seen. */
  #older = 0;

  get state(): ReplayWindowState {
    return { newest: this.#newest, recent: this.#recent >>> 0, older: this.#older >>> 0 };
  }

  set state({ newest, recent, older }: ReplayWindowState) {
    this.#newest = newest;
    this.#recent = recent | 0;
    this.#older = older | 0;
  }

  /** Whether a record with this number may still be accepted. */
  isNew(sequenceNumber: number): boolean {
    const age = this.#newest - sequenceNumber;
    if (age < 0) return true;
    if (age >= windowSize) return false;
    const word = age < 32 ? this.#recent : this.#older;
    return (word & (1 << (age & 31))) === 0;
  }

  /** Remembers the number of a record that was authentic. True: it is newer than all before. */
  mark(sequenceNumber: number): boolean {
    const age = this.#newest - sequenceNumber;
    if (age < 0) {
      this.shift(-age);
      this.#newest = sequenceNumber;
      this.#recent |= 1;
    } else if (age < 32) {
      this.#recent |= 1 << age;
    } else if (age < windowSize) {
      this.#older |= 1 << (age - 32);
    }
    return age < 0;
  }

  private shift(by: number): void {
    if (by >= windowSize) {
      this.#recent = 0;
      this.#older = 0;
    } else if (by >= 32) {
      this.#older = by === 32 ? this.#recent : this.#recent << (by - 32);
      this.#recent = 0;
    } else {
      this.#older = (this.#older << by) | (this.#recent >>> (32 - by));
      this.#recent <<= by;
    }
  }
}
