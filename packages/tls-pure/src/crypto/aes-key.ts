import { errnoError } from '@avs-net/core';
import { type SecretPage, SecretStore } from './secret-store.js';

let keysMade = 0;

/** Where keys are, by how many bytes they have. */
const stores: Readonly<Record<number, SecretStore>> = {
  16: new SecretStore(16),
  24: new SecretStore(24),
  32: new SecretStore(32),
};

/**
 * A key of 16, 24 or 32 bytes. It is kept short, in a buffer that keys share, and expanded where a {@link RoundKeyCache} has room for it. So an idle
 * key has 70 bytes, where an array of its own for the round keys would have 450.
 */
export class AesKey {
  /** Undefined: it was wiped, and the place may be another key's. */
  #page: SecretPage | undefined;
  readonly #at: number;
  /** No other key has had it. */
  readonly number = keysMade++;

  /** Copies the key. */
  constructor(key: Uint8Array) {
    const store = stores[key.length];
    this.#page = store.page();
    this.#at = store.take(this.#page);
    this.#page.bytes.set(key, this.#at);
  }

  /** FIPS 197 §5: 10, 12 or 14. */
  get rounds(): number {
    return this.live().size / 4 + 6;
  }

  get isWiped(): boolean {
    return this.#page === undefined;
  }

  /** Copies the key to `target[at, at + 4 * (rounds - 6))`; the caller wipes it. */
  copyTo(target: Uint8Array, at: number): void {
    const { bytes, size } = this.live();
    for (let i = 0; i < size; i++) target[at + i] = bytes[this.#at + i];
  }

  /** A copy of the key; the caller wipes it. */
  bytes(): Uint8Array {
    const { bytes, size } = this.live();
    return bytes.slice(this.#at, this.#at + size);
  }

  wipe(): void {
    const page = this.#page;
    if (page === undefined) return;
    this.#page = undefined;
    stores[page.size].release(page, this.#at);
    for (const cache of caches) cache.forget(this);
  }

  /** @throws EBADF after `wipe`. */
  private live(): SecretPage {
    if (this.#page === undefined) throw errnoError('EBADF', 'the key was wiped');
    return this.#page;
  }
}

/** All there are: that of each implementation of AES that was used. */
const caches: RoundKeyCache[] = [];

/** How many schedules a {@link RoundKeyCache} has. A power of 2. */
export const cachedSchedules = 64;

/**
 * Round keys of several keys, each in a slot: those used last stay there, one that has lost its place is expanded anew when it is used, which
 * takes about as long as one block.
 */
export class RoundKeyCache {
  /** The numbers of the keys whose round keys the slots hold. */
  readonly #owners: number[] = new Array(cachedSchedules).fill(-1);

  constructor(
    /** Expands a key into a slot. */
    private readonly expand: (key: AesKey, slot: number) => void,
    /** Wipes a slot. */
    private readonly wipe: (slot: number) => void,
  ) {
    caches.push(this);
  }

  /** Which slot has its round keys. Good until another key is asked for. @throws EBADF if it was wiped. */
  slotOf(key: AesKey): number {
    const slot = key.number % cachedSchedules;
    if (this.#owners[slot] !== key.number) {
      this.expand(key, slot);
      this.#owners[slot] = key.number;
    }
    return slot;
  }

  /** Wipes what is kept of a key. */
  forget(key: AesKey): void {
    const slot = key.number % cachedSchedules;
    if (this.#owners[slot] !== key.number) return;
    this.#owners[slot] = -1;
    this.wipe(slot);
  }
}
