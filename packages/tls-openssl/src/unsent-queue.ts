import { constants } from 'node:os';
import { type Endpoint, errnoError } from '@avs-net/core';

/** What the system says when it has no room for a datagram yet, as libuv has it. */
export const noRoom = -constants.errno.EAGAIN;

/** Bytes that wait, each datagram counting {@link entryCost} besides its own: as much as a queue of received ones holds. */
const limit = 212_992;
const entryCost = 64;

/** What an {@link UnsentQueue} sends by. Codes are 0, or an errno with a minus. */
export interface UnsentOwner {
  send(data: Uint8Array, to: Endpoint | undefined): number;
  /** Asks for a `flush` when there may be room. */
  awaitRoom(): number;
  failure(code: number, to: Endpoint | undefined): Error;
}

interface Unsent {
  readonly data: Uint8Array;
  readonly to: Endpoint | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What the system had no room for, in order, until it has. Bounded. */
export class UnsentQueue {
  readonly #owner: UnsentOwner;
  #waiting: Unsent[] = [];
  #held = 0;

  constructor(owner: UnsentOwner) {
    this.#owner = owner;
  }

  /** Whether what is sent now has to wait behind others. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Keeps a copy until it is sent. @throws ENOBUFS too much waits already. */
  add(data: Uint8Array, to: Endpoint | undefined): Promise<void> {
    const cost = data.length + entryCost;
    if (this.#held + cost > limit) throw errnoError('ENOBUFS', `send: ${this.#held} bytes wait for the system already`);
    this.#held += cost;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ data: data.slice(), to, resolve, reject });
      if (this.#waiting.length === 1) this.#await();
    });
  }

  /** Sends as much as there is room for. */
  flush(): void {
    const waiting = this.#waiting;
    let sent = 0;
    for (const { data, to, resolve, reject } of waiting) {
      const code = this.#owner.send(data, to);
      if (code === noRoom) break;
      sent += 1;
      this.#held -= data.length + entryCost;
      if (code === 0) resolve();
      else reject(this.#owner.failure(code, to));
    }
    this.#waiting = waiting.slice(sent);
    if (this.isWaiting) this.#await();
  }

  /** Gives up on what waits. */
  close(): void {
    this.#fail(() => errnoError('ENOTCONN', 'the socket was closed'));
  }

  #await(): void {
    const code = this.#owner.awaitRoom();
    if (code !== 0) this.#fail((to) => this.#owner.failure(code, to));
  }

  #fail(failure: (to: Endpoint | undefined) => Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#held = 0;
    for (const { to, reject } of waiting) reject(failure(to));
  }
}
