import type { Endpoint } from '@avs-net/core';

/** RFC 9853 §2: three times what has come from there may be sent to an address that is not validated. */
const amplification = 3;

/** What a peer's records tell of it. */
export interface Peer {
  readonly name: string;
  /** Whether it answers return routability checks. */
  readonly checks: boolean;
  /** Where the listener has it. */
  at: string;
  /** Where it has been. */
  readonly addresses: Set<string>;
  /** Its records, as it has sent them. */
  readonly records: Map<string, Uint8Array>;
  /** Those that the listener has got. */
  readonly arrived: Set<string>;
  newest: number;
  /** Where records newer than all before have come from since the listener has it where it is. */
  readonly candidates: Set<string>;
}

/**
 * Knows by the wire alone what a listener may believe of its peers' addresses: it holds the records as the peers have sent them, sees what the listener is
 * given and what it sends, and is told when it takes a peer to be elsewhere.
 */
export class Ledger {
  readonly #peers = new Map<string, Peer>();
  /** Addresses whose owner has answered there. */
  readonly #proven = new Set<string>();
  readonly #came = new Map<string, number>();
  readonly #spent = new Map<string, number>();
  #atHand: { readonly peer: Peer; readonly from: string } | undefined;

  /** @param violation Takes what must not happen: it is called from within the listener. */
  constructor(
    private readonly cidLength: number,
    private readonly violation: (what: string) => void,
  ) {}

  /** A peer that is connected, at an address that its cookie has proven. */
  add(name: string, checks: boolean, connectionId: Uint8Array, at: Endpoint): Peer {
    const peer: Peer = {
      name,
      checks,
      at: keyOf(at),
      addresses: new Set([keyOf(at)]),
      records: new Map(),
      arrived: new Set(),
      // The Finished.
      newest: 0,
      candidates: new Set(),
    };
    this.#peers.set(hex(connectionId), peer);
    this.trust(at);
    return peer;
  }

  /** What is sent there is not counted. */
  trust(address: Endpoint): void {
    this.#proven.add(keyOf(address));
  }

  /** Whose connection ID a datagram has. */
  ownerOf(data: Uint8Array): Peer | undefined {
    return data[0] === 25 ? this.#peers.get(hex(data.subarray(11, 11 + this.cidLength))) : undefined;
  }

  /** A peer sends. */
  sending(data: Uint8Array, from: Endpoint): void {
    const peer = this.ownerOf(data);
    peer?.records.set(hex(data), data);
    peer?.addresses.add(keyOf(from));
  }

  /** The listener is given a datagram: `take` gives it. */
  taking(data: Uint8Array, from: Endpoint, take: () => void): void {
    const peer = this.ownerOf(data);
    const id = hex(data);
    const address = keyOf(from);
    // What the peer has not sent is forged, and what comes again is replayed.
    if (peer?.records.has(id) && !peer.arrived.has(id)) {
      peer.arrived.add(id);
      add(this.#came, address, data.length);
      const number = new DataView(data.buffer, data.byteOffset).getUint32(7);
      if (number > peer.newest) {
        peer.newest = number;
        peer.candidates.add(address);
        if (!peer.checks && (this.#spent.get(address) ?? 0) > 0) this.#proven.add(address);
        this.#atHand = { peer, from: address };
      }
    }
    take();
    this.#atHand = undefined;
  }

  /** The listener sends. */
  sent(data: Uint8Array, to: Endpoint): void {
    const address = keyOf(to);
    if (this.#proven.has(address)) return;
    add(this.#spent, address, data.length);
    const [spent = 0, came = 0] = [this.#spent.get(address), this.#came.get(address)];
    if (spent > amplification * came) {
      this.violation(`${spent} bytes were sent to ${address}, which has not answered, and ${came} came from there`);
    }
  }

  /** The listener has a peer at another address from now on. */
  moved(peer: Peer, to: Endpoint): void {
    const address = keyOf(to);
    const { name, checks, candidates, addresses } = peer;
    if (!candidates.has(address)) {
      this.violation(
        `${name} is said to be at ${address}, and no record of its, newer than all before, came from there`,
      );
    }
    if (checks) {
      if (!addresses.has(address)) this.violation(`${name} is said to be at ${address}, where it never was`);
      this.#proven.add(address);
    } else if (this.#atHand?.peer !== peer || this.#atHand.from !== address) {
      this.violation(`${name} is said to be at ${address}, and the record at hand does not say so`);
    }
    peer.at = address;
    candidates.clear();
  }
}

/** An address as a text. */
export function keyOf({ host, port }: Endpoint): string {
  return `${host} ${port}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

function add(counts: Map<string, number>, key: string, amount: number): void {
  counts.set(key, (counts.get(key) ?? 0) + amount);
}
