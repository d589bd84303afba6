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

  /** @param violation Takes what must not happen: a receiver cannot throw. */
  constructor(name: string, socket: SecureSocket, violation: (what: string) => void) {
    this.#name = name;
    this.#socket = socket;
    this.#violation = violation;
  }

  /** Checks all that is received: it is the peer's, it is whole, and it comes once. */
  listen(): void {
    this.#socket.setReceiver({ onData: (data) => this.#receive(decoder.decode(data)) });
  }

  /** Sends `count` messages of random lengths within the next seconds. */
  talk(count: number, clock: VirtualClock, random: SeededRandom): void {
    for (let i = 0; i < count; i += 1) {
      clock.setTimeout(() => this.#send(`${this.#name} #${i} ${random.uint32()}`, random), random.integer(0, 3_000));
    }
  }

  #send(label: string, random: SeededRandom): void {
    const { state } = this.#socket;
    if (state !== 'connected' && state !== 'accepted') return;
    const largest = this.#socket.getOption('innerMtu');
    const text = label.padEnd(random.integer(label.length, largest), '.');
    this.sent.set(text, false);
    this.#socket.send(encoder.encode(text)).catch((error: unknown) => {
      this.#violation(`${this.#name} could not send ${text.length} of ${largest} bytes: ${String(error)}`);
    });
  }

  #receive(text: string): void {
    const excerpt = JSON.stringify(text.slice(0, 60));
    const arrived = this.peer?.sent.get(text);
    if (arrived === undefined) this.#violation(`${this.#name} received what its peer has not sent: ${excerpt}`);
    else if (arrived) this.#violation(`${this.#name} received twice: ${excerpt}`);
    else this.peer?.sent.set(text, true);
  }
}
