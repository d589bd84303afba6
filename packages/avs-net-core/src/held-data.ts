import type { AvsError } from './errors.js';
import { asAvsError } from './foreign-error.js';

/** Plaintexts that are kept at most. */
const maxHeld = 64;

/** Whom {@link HeldData} tells. */
export interface HeldDataOwner {
  /** What must settle before anything is handed out; undefined: nothing. */
  gate(): Promise<void> | undefined;
  handOut(plaintext: Uint8Array): void;
  /** The gate has rejected: what was held is lost. */
  lost(error: AvsError): void;
  /** Nothing is held any more. */
  released(): void;
}

/** What has come and may not be handed out before a gate opens; in order. */
export class HeldData {
  #plaintexts: Uint8Array[] = [];

  constructor(
    gate: Promise<void>,
    private readonly owner: HeldDataOwner,
  ) {
    this.#await(gate);
  }

  /** False: too much is held. */
  push(plaintext: Uint8Array): boolean {
    if (this.#plaintexts.length >= maxHeld) return false;
    this.#plaintexts.push(plaintext);
    return true;
  }

  #await(gate: Promise<void>): void {
    gate.then(
      () => this.#open(),
      (error: unknown) => {
        this.#plaintexts = [];
        this.owner.lost(asAvsError(error));
        this.#open();
      },
    );
  }

  #open(): void {
    // It may have been closed anew, for what has come later.
    const gate = this.#plaintexts.length > 0 ? this.owner.gate() : undefined;
    if (gate !== undefined) {
      this.#await(gate);
      return;
    }
    for (const plaintext of this.#plaintexts) this.owner.handOut(plaintext);
    this.#plaintexts = [];
    this.owner.released();
  }
}
