import type { AssociationPersistence } from '@avs-net/core';
import { seenBelow } from '../record/replay-window.js';
import type { SavedAssociation } from '../session/saved-association.js';

/** Makes the bytes of a state whose next numbers are these; undefined: the association cannot be saved. */
type Encode = (next: Pick<SavedAssociation, 'sequence' | 'window'>) => Uint8Array | undefined;

/**
 * Keeps a client's association continuable at any moment, without a write for each record: the state that is kept has the next number that
 * whoever restores it may use, which is ahead of those in use. Before a record with that number is sent, or one with a number that
 * the state would take for new is handed out, another state takes its place. So neither does a number appear twice on the wire (a nonce
 * never repeats), nor is a record taken twice.
 */
export class AssociationKeeper {
  /** Below it, numbers of ours are covered by the state that was kept last. Infinity: there is none, and nothing to be covered. */
  #writeLimit = Number.POSITIVE_INFINITY;
  #readLimit = Number.POSITIVE_INFINITY;

  constructor(
    private readonly persistence: AssociationPersistence,
    /** Makes it unreadable for others; the argument is wiped afterwards. */
    private readonly seal: (state: Uint8Array) => Uint8Array,
  ) {}

  /** Whether a record of ours may have this number. */
  coversWriting(sequence: number): boolean {
    return sequence < this.#writeLimit;
  }

  /** Whether a record of the peer's with this number would not be taken again after a restart. */
  coversReading(sequence: number): boolean {
    return sequence < this.#readLimit;
  }

  /** Keeps a state that covers more numbers, from `sequence` and behind `newest` on. */
  cover(sequence: number, newest: number, encode: Encode): void {
    const { writeReserve, readReserve, keep } = this.persistence;
    const sealed = this.#make(sequence + writeReserve, newest + readReserve, encode);
    if (sealed) keep(sealed);
  }

  /** The state as it is now. After it the next record, either way, wants a new one. */
  save(sequence: number, newest: number, encode: Encode): Uint8Array | undefined {
    return this.#make(sequence, newest + 1, encode);
  }

  #make(writeLimit: number, readLimit: number, encode: Encode): Uint8Array | undefined {
    const state = encode({ sequence: writeLimit, window: seenBelow(readLimit) });
    if (!state) return undefined;
    this.#writeLimit = writeLimit;
    this.#readLimit = readLimit;
    const sealed = this.seal(state);
    state.fill(0);
    return sealed;
  }
}
