import { DurableBuffer } from './durable-buffer.js';
import type { AssociationPersistence } from './engine.js';
import { type AvsError, errnoError } from './errors.js';
import type { StoredSession } from './session-buffer.js';
import type { PersistenceSettings } from './tls-settings.js';

/** An association that was kept, and where its server was. */
export interface KeptState {
  readonly address: string;
  /** For {@link ClientEngineFactory.restoreClient}. */
  readonly state: Uint8Array;
}

/** The association of one client socket in its caller's buffer, which the caller makes durable. */
export class KeptAssociation {
  readonly #stored: StoredSession;
  readonly #settings: PersistenceSettings;
  readonly #durable: DurableBuffer;
  #address = '';
  #isLive = false;
  /** What was to be kept before the association was established. */
  #early: Uint8Array | undefined;
  /** Why nothing may be sent any more. */
  #lost: AvsError | undefined;

  constructor(stored: StoredSession, buffer: Uint8Array, settings: PersistenceSettings) {
    this.#stored = stored;
    this.#settings = settings;
    this.#durable = new DurableBuffer(buffer, settings.persist);
  }

  /** What is in the buffer, which is not there any more. */
  take(): KeptState | undefined {
    const slot = this.#stored.takeAssociation();
    if (slot === undefined) return undefined;
    const [length = 0] = slot;
    return { address: String.fromCharCode(...slot.subarray(1, 1 + length)), state: slot.subarray(1 + length) };
  }

  /** It was not used: it can be taken again. */
  putBack({ address, state }: KeptState): void {
    this.#stored.returnAssociation(slotOf(address, state));
  }

  /** For the engine of an association that begins, with a server at this address. */
  begin(address: string): AssociationPersistence {
    const { writeReserve, readReserve } = this.#settings;
    this.#address = address;
    this.#isLive = false;
    this.#early = undefined;
    this.#lost = undefined;
    return { writeReserve, readReserve, keep: (state) => this.#keep(state) };
  }

  /** The association can be used. */
  established(): void {
    this.#isLive = true;
    if (this.#early !== undefined) this.#write(this.#early);
    this.#early = undefined;
  }

  /** The buffer was changed by others. */
  changed(): void {
    this.#durable.changed();
  }

  /**
   * What must settle before anything that was covered may be sent or handed out; undefined: nothing.
   * @throws EIO `persist` fails; EBUSY another socket has used the buffer.
   */
  gate(): Promise<void> | undefined {
    return this.#lost === undefined ? this.#durable.whenDurable() : Promise.reject(this.#lost);
  }

  /**
   * Keeps the last state of an association that nobody goes on with here.
   * @throws EMSGSIZE it does not fit in the buffer; EIO, EBUSY as `gate`.
   */
  async suspend(state: Uint8Array): Promise<void> {
    if (!this.#write(state)) {
      await this.gate();
      throw errnoError('EMSGSIZE', 'suspend: sessionResumptionBuffer has no room for the association');
    }
    await this.gate();
    this.#isLive = false;
    this.#stored.disownAssociation();
  }

  /** The association is over: it is removed. Settles when that is durable, or cannot be. */
  end(): Promise<void> | undefined {
    if (!this.#isLive) return undefined;
    this.#isLive = false;
    if (this.#lost !== undefined) return undefined;
    if (this.#stored.writeAssociation(undefined)) this.#durable.changed();
    this.#stored.disownAssociation();
    return this.#durable.whenDurable()?.catch(() => undefined);
  }

  #keep(state: Uint8Array): void {
    if (this.#isLive) this.#write(state);
    else this.#early = state;
  }

  /** Whether it is in the buffer. */
  #write(state: Uint8Array): boolean {
    if (this.#lost !== undefined) return false;
    if (!this.#stored.writeAssociation(slotOf(this.#address, state))) {
      // Whoever has taken the state there goes on with the numbers that it covers no more.
      this.#lost = errnoError('EBUSY', 'another socket has used the sessionResumptionBuffer of this association');
      return false;
    }
    this.#durable.changed();
    return this.#stored.hasAssociation;
  }
}

/** The length of the address, the address, the state. */
function slotOf(address: string, state: Uint8Array): Uint8Array {
  const slot = new Uint8Array(1 + address.length + state.length);
  slot[0] = address.length;
  for (let i = 0; i < address.length; i += 1) slot[1 + i] = address.charCodeAt(i);
  slot.set(state, 1 + address.length);
  return slot;
}
