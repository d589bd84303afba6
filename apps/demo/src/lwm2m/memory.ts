import type { MessageNumbers } from '../coap/messages.js';
import type { ServerSettings } from '../objects/server.js';
import type { Attributes } from './attributes.js';
import type { Path } from './path.js';

/** An observation that a server has begun. */
export interface RememberedObservation {
  /** Of the request that began it, hexadecimal. */
  readonly token: string;
  readonly path: Path;
  /** The content format that was asked for. */
  readonly accept: number | undefined;
}

/** What servers have set on a device that reports to them. */
export interface Reporting {
  readonly observations: readonly RememberedObservation[];
  readonly attributes: readonly { readonly path: Path; readonly attributes: Attributes }[];
}

/** A registration, as a device must know it to keep it alive. */
export interface RememberedRegistration {
  /** The segments of its location. */
  readonly location: readonly string[];
  /** Seconds. */
  readonly lifetime: number;
  /** When it is over unless renewed, milliseconds since 1970. */
  readonly expires: number;
}

/** All that a device has to remember to go on with its registration over a resumed session. It can be written as JSON. */
export interface MemoryContent {
  readonly registration: RememberedRegistration | undefined;
  readonly reporting: Reporting;
  readonly settings: ServerSettings;
  /** No number from here on has been given to a message. */
  readonly unused: number;
}

/** How many numbers are reserved at a time: a message has a number that the memory that was kept last does not give out again. */
const reserve = 64;

/** No server has set anything. */
export const nothingReported: Reporting = { observations: [], attributes: [] };

/** What a device remembers from one connection to the next, and from one process to the next if its content is kept. */
export class Memory implements MessageNumbers {
  #registration: RememberedRegistration | undefined;
  #reporting: Reporting;
  #next: number;
  #unused: number;
  readonly #keep: () => void;
  /** What the Server object holds. Whoever changes it calls {@link changed}. */
  readonly settings: ServerSettings;

  /**
   * `before` is what was kept last. `keep` is called when {@link content} has changed, and has kept it when it returns: a number that is
   * given out twice, because of a crash, makes a peer take a message for a copy of another.
   */
  constructor(before: Partial<MemoryContent> & Pick<MemoryContent, 'settings'>, keep: () => void = () => {}) {
    this.#registration = before.registration;
    this.#reporting = before.reporting ?? nothingReported;
    this.settings = { ...before.settings };
    this.#next = before.unused ?? Math.floor(Math.random() * 0x1_0000);
    this.#unused = this.#next;
    this.#keep = keep;
  }

  get registration(): RememberedRegistration | undefined {
    return this.#registration;
  }

  set registration(registration: RememberedRegistration | undefined) {
    this.#registration = registration;
    this.changed();
  }

  get reporting(): Reporting {
    return this.#reporting;
  }

  set reporting(reporting: Reporting) {
    this.#reporting = reporting;
    this.changed();
  }

  nextMessageId(): number {
    return this.#take() & 0xffff;
  }

  nextObserve(): number {
    return 1 + (this.#take() % 0xff_ffff);
  }

  /** What is to be kept. */
  get content(): MemoryContent {
    const [registration, reporting] = [this.#registration, this.#reporting];
    return { registration, reporting, settings: { ...this.settings }, unused: this.#unused };
  }

  /** Keeps everything as it is now. */
  changed(): void {
    this.#keep();
  }

  #take(): number {
    if (this.#next === this.#unused) {
      this.#unused += reserve;
      this.changed();
    }
    this.#next += 1;
    return this.#next - 1;
  }
}
