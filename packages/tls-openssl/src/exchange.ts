import { recordBytes } from '@avs-net/core';

/** Lengths whose views are kept. */
const longestKept = 256;

/** Where the numbers say which association is called with how many bytes, and what came of it: behind those that tell of datagrams. */
const handleAt = 16;
const lengthAt = 17;
const resultAt = 18;

/** What a handshake has negotiated, as OpenSSL knows it. */
export interface Negotiated {
  /** As on the wire, one of `WireVersion`. */
  readonly version: number;
  readonly ciphersuite: number;
  readonly resumed: boolean;
  readonly extendedMasterSecret: boolean;
  /** The code on the wire, 0 for none. RFC 6066 §4. */
  readonly maxFragmentLength: number;
  /** What a client was told. */
  readonly identityHint: Uint8Array | undefined;
  /** What a server was asked for. */
  readonly serverName: string | undefined;
}

/** What a client has offered to resume. */
export interface SessionOffer {
  /** Never empty. */
  readonly sessionId: Uint8Array;
  /** In front of its ticket, the name of the key that sealed it. Empty: there is no ticket. */
  readonly ticketName: Uint8Array;
  readonly serverName: string | undefined;
}

/**
 * The memory that JavaScript and the addon both see: what operations are given and give, without an array or an object for each call. To make
 * one, and to look into one, took more than half of the time of a small record. Good until the next call of the addon, whosever association
 * that is for.
 */
export class Exchange {
  /** Made once for each length: on Node a view takes as long as a crossing. */
  readonly #views: Uint8Array[] = [];

  /**
   * @param capacity Bytes that go in, at the beginning of the memory; what comes out is behind them.
   * @param numbers What tells of the bytes that come out.
   */
  constructor(
    private readonly memory: Uint8Array,
    readonly capacity: number,
    private readonly numbers: Int32Array,
    private readonly receiveRecords: () => void,
    private readonly protectRecord: () => void,
  ) {}

  /**
   * Gives a datagram to an association. The upper 16 bits of the result are the length of the first plaintext received, which is given in
   * front of the datagrams; 0: there is none. For those after it there is `takePlaintexts`.
   */
  receive(handle: number, datagram: Uint8Array): number {
    this.memory.set(datagram);
    return this.#call(this.receiveRecords, handle, datagram.length);
  }

  /** Has an association protect a plaintext. Gives a record of the length that is returned; 0: OpenSSL refuses, and `error` tells why. */
  protect(handle: number, plaintext: Uint8Array): number {
    this.memory.set(plaintext);
    return this.#call(this.protectRecord, handle, plaintext.length);
  }

  /** Puts in what the next call is to take, or a part of it. */
  put(data: Uint8Array, at = 0): void {
    this.memory.set(data, at);
  }

  /** Fills `target` with what the last call has given, and wipes that. */
  take(target: Uint8Array): void {
    const view = this.#view(target.length);
    target.set(view);
    view.fill(0);
  }

  /** The datagrams that the last call has given behind `at` bytes of something else. */
  datagrams(at: number): Uint8Array[] {
    const datagrams: Uint8Array[] = [];
    let start = at;
    for (let each = 1; each <= this.#number(0); each++) {
      const length = this.#number(each);
      datagrams.push(this.#datagram(start, length));
      start += length;
    }
    return datagrams;
  }

  /** The datagram of so many bytes that the last call has given, and nothing else. */
  datagram(length: number): Uint8Array {
    return this.#datagram(0, length);
  }

  /** What `NativeAssociation.negotiated` has given. */
  negotiated(): Negotiated {
    const hintLength = this.#number(5);
    return {
      version: this.#number(0),
      ciphersuite: this.#number(1),
      resumed: this.#number(2) === 1,
      extendedMasterSecret: this.#number(3) === 1,
      maxFragmentLength: this.#number(4),
      identityHint: hintLength < 0 ? undefined : this.#copy(0, hintLength),
      serverName: this.#text(Math.max(0, hintLength), this.#number(6)),
    };
  }

  /** What `NativeAssociation.sessionOffered` has given. */
  offer(): SessionOffer {
    const idLength = this.#number(0);
    const nameLength = this.#number(1);
    return {
      sessionId: this.#copy(0, idLength),
      ticketName: this.#copy(idLength, nameLength),
      serverName: this.#text(idLength + nameLength, this.#number(2)),
    };
  }

  /** Without arguments, a result, or a method's object to find: those take N-API longer than the call. */
  #call(call: () => void, handle: number, length: number): number {
    this.numbers[handleAt] = handle;
    this.numbers[lengthAt] = length;
    call();
    return this.numbers[resultAt] ?? 0;
  }

  #number(index: number): number {
    return this.numbers[index] ?? 0;
  }

  /** In bytes of its own: it may be kept for long, and must not keep a slab of records with it. */
  #copy(at: number, length: number): Uint8Array {
    return this.memory.slice(this.capacity + at, this.capacity + at + length);
  }

  #datagram(at: number, length: number): Uint8Array {
    const copy = recordBytes(length);
    const start = this.capacity + at;
    copy.set(at === 0 ? this.#view(length) : this.memory.subarray(start, start + length));
    return copy;
  }

  #text(at: number, length: number): string | undefined {
    return length < 0 ? undefined : new TextDecoder().decode(this.#copy(at, length));
  }

  #view(length: number): Uint8Array {
    const kept = this.#views[length];
    if (kept) return kept;
    const view = this.memory.subarray(this.capacity, this.capacity + length);
    if (length <= longestKept) this.#views[length] = view;
    return view;
  }
}
