import { type Clock, systemClock } from './clock.js';
import type { SessionCache } from './configuration.js';
import { errnoError } from './errors.js';

interface Entry {
  readonly state: Uint8Array;
  readonly expires: number;
}

/** A {@link SessionCache} in memory, bounded: the session that was used longest ago gives way, and is wiped. */
export class MemorySessionCache implements SessionCache {
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();

  /**
   * @param capacity Sessions, 1 or more. One takes about 300 bytes.
   * @throws EINVAL capacity is not a whole number, 1 or more.
   */
  constructor(
    private readonly capacity = 1_000,
    private readonly clock: Clock = systemClock,
  ) {
    if (!Number.isInteger(capacity) || capacity < 1)
      throw errnoError('EINVAL', 'capacity must be a whole number, 1 or more');
  }

  /** Sessions held, expired ones among them. */
  get size(): number {
    return this.#entries.size;
  }

  get(id: Uint8Array): Uint8Array | undefined {
    const key = keyOf(id);
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (entry.expires <= this.clock.now()) {
      this.delete(id);
      return undefined;
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.state.slice();
  }

  set(id: Uint8Array, state: Uint8Array, lifetime: number): void {
    this.delete(id);
    this.#entries.set(keyOf(id), { state: Uint8Array.from(state), expires: this.clock.now() + lifetime });
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= this.capacity) return;
      this.#remove(key);
    }
  }

  delete(id: Uint8Array): void {
    this.#remove(keyOf(id));
  }

  /** Wipes every session. */
  clear(): void {
    for (const key of this.#entries.keys()) this.#remove(key);
  }

  #remove(key: string): void {
    this.#entries.get(key)?.state.fill(0);
    this.#entries.delete(key);
  }
}

function keyOf(id: Uint8Array): string {
  return String.fromCharCode(...id.subarray(0, 32));
}
