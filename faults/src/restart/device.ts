import type { SecureSocket } from '@avs-net/core';
import type { VirtualClock } from '@avs-net/core/testing';

/** A device that asks its server something every so often, as CoAP does: RFC 7252 §4.8. */
export interface DeviceOptions {
  readonly clock: VirtualClock;
  readonly host: string;
  readonly port: number;
  /** The port that it had before it was restarted: the server knows it. */
  readonly localHost: string;
  readonly localPort: number;
  /** Makes a closed socket. */
  readonly open: () => Promise<SecureSocket>;
}

/** ms between two requests that are answered. */
const interval = 1_000;
/** ACK_TIMEOUT, doubled MAX_RETRANSMIT times: 2, 4, 8, 16 and 32 s. */
const waits = [2_000, 4_000, 8_000, 16_000, 32_000];
/** ms before another attempt to connect. */
const pause = 5_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Connects, asks, and when nothing comes back connects again; says what happened. */
export class Device {
  /** Answers that came. */
  answers = 0;
  /** What happened, in the user's words, with the time. */
  readonly events: string[] = [];
  readonly #options: DeviceOptions;
  #socket: SecureSocket | undefined;
  #answered: ((text: string) => void) | undefined;
  #stopped = false;
  #requests = 0;

  constructor(options: DeviceOptions) {
    this.#options = options;
  }

  /** Runs until it is stopped. */
  async run(): Promise<void> {
    const { open, host, port, localHost, localPort } = this.#options;
    const socket = await open();
    this.#socket = socket;
    while (!this.#stopped) {
      try {
        await socket.bind(localHost, localPort);
        await socket.connect(host, port);
        this.#say('connected');
        await this.#converse(socket);
      } catch (error) {
        if (this.#stopped) break;
        this.#say(error instanceof Error ? error.message : String(error));
        if (socket.state !== 'closed') await socket.close();
        await this.#sleep(pause);
      }
    }
    await socket.cleanup();
  }

  /** Ends it; nothing of what its socket then sends must get through if it is to look like a power cut. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#answered?.('');
    await this.#socket?.cleanup();
  }

  async #converse(socket: SecureSocket): Promise<void> {
    let failure: Error | undefined;
    socket.setReceiver({
      onData: (data) => this.#answered?.(decoder.decode(data)),
      onError: (error) => {
        failure = error;
        this.#answered?.('');
      },
    });
    while (!this.#stopped) {
      this.#requests += 1;
      await this.#request(socket, `request ${this.#requests}`);
      if (failure !== undefined) throw failure;
      this.answers += 1;
      await this.#sleep(interval);
    }
  }

  async #request(socket: SecureSocket, text: string): Promise<void> {
    for (const wait of waits) {
      if (this.#stopped) return;
      await socket.send(encoder.encode(text));
      if (await this.#answer(text, wait)) return;
    }
    throw new Error('no answer within 62 s');
  }

  #answer(text: string, wait: number): Promise<boolean> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const timer = clock.setTimeout(() => resolve(false), wait);
      this.#answered = (answer) => {
        // Anything else is late, and an answer to what was asked before.
        if (answer !== text && answer !== '') return;
        clock.clearTimeout(timer);
        this.#answered = undefined;
        resolve(true);
      };
    });
  }

  #sleep(time: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.setTimeout(resolve, time);
    });
  }

  #say(what: string): void {
    this.events.push(`${(this.#options.clock.now() / 1_000).toFixed(1)} s ${what}`);
  }
}
