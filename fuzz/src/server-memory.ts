import { ServerSessions, type SessionCache, type TicketKeySource } from '@avs-net/core';
import type { CryptoProvider } from '../../packages/tls-pure/dist/crypto/provider.js';
import { sessionCrypto } from '../../packages/tls-pure/dist/session/session-crypto.js';
import { keyOf } from './wire.js';

/** How long a server lets sessions be resumed, ms. */
export const lifetime = 3_600_000;

/** What a server has kept of earlier associations: the sessions in its cache, and the keys of its tickets. */
export class ServerMemory {
  /** Milliseconds since 1970, for the server. */
  date = 0;
  /** Is handed what the cache has to answer, and says when. */
  answerLater: (answer: () => void) => void = (answer) => answer();
  /** The cache, and the source of ticket keys, fail when they are asked; the source every second time does not. */
  isFailing = false;
  readonly #states = new Map<string, Uint8Array>();
  #asked = 0;
  ticketKey = new Uint8Array(48).fill(0x17);

  /** As much of it as a server uses. */
  sessions(provider: CryptoProvider, has: { readonly cache: boolean; readonly tickets: boolean }): ServerSessions {
    // It only makes MACs, which need none.
    const noRandom = (bytes: Uint8Array): void => void bytes.fill(0x55);
    return new ServerSessions(sessionCrypto(provider, noRandom), () => this.date, {
      cache: has.cache && this.#cache,
      tickets: has.tickets && this.#keys,
      lifetime,
    });
  }

  /** Every session is lost: the cache is empty, and there is another ticket key. */
  lose(): void {
    this.#states.clear();
    this.ticketKey = new Uint8Array(48).fill(0x29);
  }

  /** Changes what is in the cache. */
  spoil(spoil: (state: Uint8Array) => Uint8Array): void {
    for (const [id, state] of this.#states) this.#states.set(id, spoil(state));
  }

  readonly #keys: TicketKeySource = {
    keys: () => {
      this.#asked += 1;
      if (this.isFailing && this.#asked % 2 === 1) throw new Error('no key');
      return [this.ticketKey];
    },
  };

  readonly #cache: SessionCache = {
    get: (id) =>
      new Promise((resolve, reject) => {
        const state = this.#states.get(keyOf(id));
        this.answerLater(() => (this.isFailing ? reject(new Error('no cache')) : resolve(state)));
      }),
    set: (id, state) => void this.#states.set(keyOf(id), state),
    delete: (id) => void this.#states.delete(keyOf(id)),
  };
}
