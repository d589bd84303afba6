import type { Endpoint } from '@avs-net/core';
import type { MemoryNetwork, SeededRandom, VirtualClock, WireDatagram } from '@avs-net/core/testing';
import type { Ledger, Peer } from './ledger.js';

/** What becomes of the copy of a record and of the original. */
export type Race = 'before' | 'after' | 'instead';

/**
 * Somebody who sees what goes to the listener, can send from any address, is faster than the network when it matters, and has no keys. Everything
 * that peers send passes here, so it is also where the ledger learns of it.
 */
export class Attacker {
  /** What it did, by name. */
  readonly deeds = new Map<string, number>();
  readonly #armed = new Map<Peer, { readonly race: Race; readonly from: Endpoint }>();
  #isOwn = false;

  constructor(
    private readonly network: MemoryNetwork,
    private readonly clock: VirtualClock,
    private readonly random: SeededRandom,
    private readonly ledger: Ledger,
    private readonly listener: Endpoint,
  ) {
    network.intercept((datagram) => this.#see(datagram));
  }

  /** Lets a copy of the peer's next datagram come from another address. */
  race(peer: Peer, race: Race, from: Endpoint): void {
    this.#armed.set(peer, { race, from });
  }

  /** Sends something old of the peer's again, from another address, as it was or changed. */
  replay(peer: Peer, from: Endpoint, isChanged: boolean): void {
    const records = [...peer.records.values()];
    const record = records[this.random.integer(0, records.length - 1)]?.slice();
    if (record === undefined) return;
    if (isChanged) {
      const at = this.random.integer(0, record.length - 1);
      record[at] = (record[at] ?? 0) ^ (1 << this.random.integer(0, 7));
    }
    this.#did(isChanged ? 'forged' : 'replayed');
    this.#send(record, from);
  }

  #see({ data, from, to }: WireDatagram): false | undefined {
    if (this.#isOwn || to.host !== this.listener.host) return undefined;
    const copy = data.slice();
    this.ledger.sending(copy, from);
    const peer = this.ledger.ownerOf(copy);
    const attack = peer && this.#armed.get(peer);
    if (peer === undefined || attack === undefined) return undefined;
    this.#armed.delete(peer);
    this.#did(`copied ${attack.race}`);
    if (attack.race === 'after') {
      this.clock.setTimeout(() => this.#send(copy, attack.from), this.random.integer(1, 300));
      return undefined;
    }
    this.#send(copy, attack.from);
    if (attack.race === 'before') {
      this.clock.setTimeout(() => this.#send(copy, { ...from }), this.random.integer(1, 600));
    }
    return false;
  }

  #send(data: Uint8Array, from: Endpoint): void {
    this.#isOwn = true;
    this.network.inject(data, from, this.listener);
    this.#isOwn = false;
  }

  #did(deed: string): void {
    this.deeds.set(deed, (this.deeds.get(deed) ?? 0) + 1);
  }
}
