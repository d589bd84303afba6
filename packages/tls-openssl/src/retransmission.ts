import type { HandshakeTimeouts } from '@avs-net/core';

/** Flights that go unanswered this often are sent in smaller datagrams. RFC 6347 §4.1.1.1: the path may carry less than its first hop. */
const attemptsBeforeSmaller = 2;

/** What every IPv4 path carries: 576 bytes less the largest headers in use. RFC 1122 §3.3.3. */
const smallDatagram = 548;

/** How often a flight is sent again at most: the waits are `min`, then twice as long each time, and the one at `max` is the last. */
export function mostRetransmissions({ min, max }: HandshakeTimeouts): number {
  let count = 0;
  for (let wait = min; wait < max; wait *= 2) count++;
  return count;
}

/** When a flight is due again. RFC 6347 §4.2.4.1. OpenSSL's own timer is not used; native/association.h tells why. */
export class RetransmissionTimer {
  deadline: number | undefined;
  /** How often the present flight was sent again. */
  attempts = 0;
  #wait = 0;

  constructor(private readonly timeouts: HandshakeTimeouts) {}

  /** A flight was sent that wants an answer. */
  start(now: number): void {
    this.attempts = 0;
    this.#wait = this.timeouts.min;
    this.deadline = now + this.#wait;
  }

  /** Nothing is awaited. */
  stop(): void {
    this.deadline = undefined;
  }

  /** The wait is over: true, the flight is to be sent again; false, that was the last wait. */
  expire(now: number): boolean {
    if (this.#wait >= this.timeouts.max) return false;
    this.#wait = Math.min(2 * this.#wait, this.timeouts.max);
    this.attempts++;
    this.deadline = now + this.#wait;
    return true;
  }

  /** The size of datagrams to use, given what the first hop carries. */
  datagramSize(largest: number): number {
    return this.attempts > attemptsBeforeSmaller ? Math.min(largest, smallDatagram) : largest;
  }
}
