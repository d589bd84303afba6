import type { HandshakeTimeouts } from '@avs-net/core';

/** Flights that go unanswered this often are sent in smaller datagrams. RFC 6347 §4.1.1.1: the path may carry less than its first hop. */
const attemptsBeforeSmaller = 2;

/** What every IPv4 path carries: 576 bytes less the largest headers in use, IPv6 being no worse. RFC 1122 §3.3.3. */
const smallDatagram = 548;

/**
 * The timer of RFC 6347 §4.2.4: waits `min`, then twice as long each time, and the wait at `max` is the last.
 *
 * Each new flight starts at `min` again. RFC 6347 §4.2.4.1 would rather keep the longer wait after a loss; but then the budget
 * of a flight would depend on the luck of the one before, and a loss says little about the next.
 */
export class RetransmissionTimer {
  deadline: number | undefined;
  /** How often the present flight was sent again. */
  attempts = 0;
  #wait = 0;
  #sentAt = 0;

  constructor(private readonly timeouts: HandshakeTimeouts) {}

  /** A new flight was sent. */
  start(now: number): void {
    this.#wait = this.timeouts.min;
    this.attempts = 0;
    this.#sent(now);
  }

  /** The present flight was answered in full, or nothing is owed. */
  stop(): void {
    this.deadline = undefined;
  }

  /** The wait is over: true, the flight is to be sent again; false, that was the last wait. */
  expire(now: number): boolean {
    if (this.#wait >= this.timeouts.max) return false;
    this.#wait = Math.min(2 * this.#wait, this.timeouts.max);
    this.attempts++;
    this.#sent(now);
    return true;
  }

  /**
   * The peer has repeated its flight, so ours was lost: true, it is to be sent again. The deadline stays, or two sides that answer each
   * other's repetitions would never time out; and the rate is bounded, so that duplicates from the network or a forger do not
   * multiply what we send.
   */
  answer(now: number): boolean {
    if (now - this.#sentAt < answerInterval(this.timeouts)) return false;
    this.attempts++;
    this.#sentAt = now;
    return true;
  }

  /** The size of datagrams to use, given what the first hop carries. */
  datagramSize(largest: number): number {
    return this.attempts > attemptsBeforeSmaller ? Math.min(largest, smallDatagram) : largest;
  }

  #sent(now: number): void {
    this.#sentAt = now;
    this.deadline = now + this.#wait;
  }
}

/** How long a flight is not sent again however often the peer repeats its own, ms. */
export function answerInterval({ min }: HandshakeTimeouts): number {
  return Math.min(min / 2, 500);
}
