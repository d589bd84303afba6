import dgram, { type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** What a {@link LossyRelay} does to datagrams: probabilities from 0 to 1. */
export interface Faults {
  readonly loss: number;
  readonly duplication: number;
}

/** Whom a datagram goes to. */
export type Direction = 'toServer' | 'toClient';

// RFC 6347 §4.3.1: the first byte of a record is its content type.
const applicationData = 23;

/**
 * Stands between one client and one server on loopback, and loses and repeats datagrams. The same seed makes the same decisions
 * for the same numbers of datagrams; when which datagram comes is up to the two.
 */
export class LossyRelay implements AsyncDisposable {
  /** Application datagrams lost so far. */
  readonly lost: Record<Direction, number> = { toServer: 0, toClient: 0 };
  faults: Faults;
  readonly #seen: Record<Direction, number> = { toServer: 0, toClient: 0 };
  readonly #waiting = new Set<() => void>();
  readonly #front: Socket;
  readonly #back: Socket;
  readonly #random: () => number;
  #client: RemoteInfo | undefined;

  private constructor(front: Socket, back: Socket, seed: number, faults: Faults) {
    this.#front = front;
    this.#back = back;
    this.#random = randomFrom(seed);
    this.faults = faults;
    front.on('message', (datagram, from) => {
      this.#client = from;
      this.#pass(datagram, 'toServer', () => back.send(datagram));
    });
    back.on('message', (datagram) => {
      const client = this.#client;
      if (client === undefined) return;
      this.#pass(datagram, 'toClient', () => front.send(datagram, client.port, client.address));
    });
    // An ICMP message: the one behind the relay is not there any more, which its own test will notice.
    back.on('error', () => undefined);
  }

  /** A relay to a port of loopback. */
  static async to(serverPort: number, seed: number, faults: Faults): Promise<LossyRelay> {
    const front = dgram.createSocket('udp4');
    const back = dgram.createSocket('udp4');
    front.bind(0, '127.0.0.1');
    await once(front, 'listening');
    back.connect(serverPort, '127.0.0.1');
    await once(back, 'connect');
    return new LossyRelay(front, back, seed, faults);
  }

  /** Where the client is to send to. */
  get port(): number {
    return this.#front.address().port;
  }

  /** Resolves when so many application datagrams have come, whether they were lost or not. */
  async saw(count: number, direction: Direction): Promise<void> {
    while (this.#seen[direction] < count) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      [this.#front, this.#back].map((socket) => new Promise<void>((done) => socket.close(() => done()))),
    );
  }

  #pass(datagram: Buffer, direction: Direction, send: () => void): void {
    const { loss, duplication } = this.faults;
    const lost = this.#random() < loss;
    if (!lost) send();
    if (!lost && this.#random() < duplication) send();
    if (datagram[0] !== applicationData) return;
    if (lost) this.lost[direction] += 1;
    this.#seen[direction] += 1;
    for (const look of this.#waiting) look();
    this.#waiting.clear();
  }
}

/** Numbers from 0 to 1 that a seed determines: xorshift32. */
function randomFrom(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}
