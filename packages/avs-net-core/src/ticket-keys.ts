import { checkBytes } from './argument-checks.js';
import type { TicketKeySource } from './configuration.js';
import { errnoError } from './errors.js';

/** Bytes of a ticket key: a name of 16 and a secret of 32. */
export const ticketKeyLength = 48;

/**
 * Ticket keys of the owner's making: give the same to every process that serves the same name, and `replace` them from time to time,
 * the newest first. A key that is left out no longer opens its tickets.
 */
export class TicketKeyRing implements TicketKeySource {
  #keys: readonly Uint8Array[] = [];

  /** @throws EINVAL none, or one that has not 48 bytes; TypeError one that is not bytes. */
  constructor(keys: readonly Uint8Array[]) {
    this.replace(keys);
  }

  keys(): readonly Uint8Array[] {
    return this.#keys;
  }

  /** Takes copies; wipes those that it had. @throws as the constructor. */
  replace(keys: readonly Uint8Array[]): void {
    if (keys.length === 0) throw errnoError('EINVAL', 'keys: at least one is needed');
    keys.forEach((key, index) => {
      checkBytes(`keys[${index}]`, key);
      if (key.length !== ticketKeyLength) {
        throw errnoError('EINVAL', `keys[${index}] must have ${ticketKeyLength} bytes, not ${key.length}`);
      }
    });
    const before = this.#keys;
    this.#keys = keys.map((key) => Uint8Array.from(key));
    for (const key of before) key.fill(0);
  }
}
