import type { SecureSocket } from '@avs-net/core';
import type { SeededRandom, VirtualClock } from '@avs-net/core/testing';

const encoder = new TextEncoder();
const decoder = new TextDecoder('latin1');

/** One side of an association: sends messages that nobody else sends, and checks what it receives. */
export class Endpoint {
  /** What this side has sent, and whether it has arrived. */
  readonly sent = new Map<string, boolean>();
  peer: Endpoint | undefined;
  readonly #name: string;
  readonly #socket: SecureSocket;
  readonly #violation: (what: string) => void;
  readonly #isExcused: (error: unknown) => boolean;
  #said = 0;

  /**
   * @param violation Takes what must not happen: a receiver cannot throw.
   * @param isExcused Whether a `send` may reject with it.
   */
  constructor(
    name: string,
    socket: SecureSocket,
    violation: (what: string) => void,
    isExcused: (error: unknown) => boolean = () => false,
  ) {
    this.#name = name;
    this.#socket = socket;
    this.#violation = violation;
    this.#isExcused = isExcused;
  }

  /** Checks all that is received: it is the peer's, it is whole, and it comes once. */
  listen(onPeerAddress?: (host: string, port: number) => void): void {
    const onData = (data: Uint8Array): void => this.#receive(decoder.decode(data));
    this.#socket.setReceiver(onPeerAddress === undefined ? { onData } : { onData, onPeerAddress });
  }

  /** Sends one message now, of at most so many bytes. @returns What is in `sent`; undefined when the association is over. */
  say(random: SeededRandom, longest: number): string | undefined {
    this.#said += 1;
    return this.#send(`${this.#name} said ${this.#said} ${random.uint32()}`, random, longest);
  }

  /** Sends `count` messages of random lengths within the next seconds. */
  talk(count: number, clock: VirtualClock, random: SeededRandom): void {
    for (let i = 0; i < count; i += 1) {
      clock.setTimeout(() => this.#send(`${this.#name} #${i} ${random.uint32()}`, random), random.integer(0, 3_000));
    }
  }

  #send(label: string, random: SeededRandom, longest = Number.POSITIVE_INFINITY): string | undefined {
    const { state } = this.#socket;
    if (state !== 'connected' && state !== 'accepted') return undefined;
    const largest = Math.min(this.#socket.getOption('innerMtu'), longest);
    const text = label.padEnd(random.integer(label.length, largest), '.');
    this.sent.set(text, false);
    this.#socket.send(encoder.encode(text)).catch((error: unknown) => {
      if (this.#isExcused(error)) return;
      this.#violation(`${this.#name} could not send ${text.length} of ${largest} bytes: ${String(error)}`);
    });
    return text;
  }

  #receive(text: string): void {
    const excerpt = JSON.stringify(text.slice(0, 60));
    const arrived = this.peer?.sent.get(text);
    if (arrived === undefined) this.#violation(`${this.#name} received what its peer has not sent: ${excerpt}`);
    else if (arrived) this.#violation(`${this.#name} received twice: ${excerpt}`);
    else this.peer?.sent.set(text, true);
  }
}
