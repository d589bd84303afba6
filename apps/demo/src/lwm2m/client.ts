import { type Clock, systemClock, type TimerHandle } from '@avs-net/core';
import { CoapEndpoint } from '../coap/coap-endpoint.js';
import { CoapClosedError, CoapTimeoutError, describeCode } from '../coap/messages.js';
import type { Connection } from '../transport.js';
import { DeviceManagement } from './device-management.js';
import { Mailbox } from './mailbox.js';
import { type Memory, nothingReported } from './memory.js';
import type { Model } from './model.js';
import { describeLocation, farewell, messageOf, Session } from './session.js';

/** How a {@link Lwm2mClient} is set up. */
export interface Lwm2mClientOptions {
  readonly endpointName: string;
  readonly model: Model;
  /** What the device knows from before, what the Server object holds among it. */
  readonly memory: Memory;
  /** Opens the connection to the server. */
  connect(signal: AbortSignal): Promise<Connection>;
  /** Takes lines for people: what happens, and details that only some want. */
  log(line: string, detail?: 'detail'): void;
  /** Puts an error into words: of an attempt to connect and register, or what ended a connection. Default: its message. */
  readonly describeError?: ((error: unknown, when: 'connecting' | 'connected') => string) | undefined;
  /** Told of what made a connection fail, or ended it. */
  readonly failed?: ((error: unknown) => void) | undefined;
  readonly clock?: Clock | undefined;
  /** Milliseconds to wait for the answer to a request. Default: what CoAP says, 93 s. */
  readonly requestTimeout?: number | undefined;
  /** 0 to 1, for the waits between attempts. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

type Event = 'update' | 'reboot' | 'reconnect' | 'stop' | 'leave' | 'lost';

/** Why a session with the server has ended. */
type Ending = Exclude<Event, 'update'>;

/** Waits between attempts: 1 s, doubled up to this, ms. */
const longestWait = 60_000;

/** How long a server may take to answer over an association from before, ms: three repetitions of CoAP's fit in. */
const proving = 20_000;

/** How long a device waits before it connects again after a loss or a reboot, ms. */
const pause = 1_000;

/**
 * A device: connects, registers, keeps its registration alive, answers the server, and starts again when the server has forgotten it
 * or the connection is lost. LwM2M 1.1 Core §6.2. Over a resumed session its registration and the observations of the server go on.
 */
export class Lwm2mClient {
  readonly #options: Lwm2mClientOptions;
  readonly #clock: Clock;
  readonly #mailbox: Mailbox<Event>;
  readonly #stop = new AbortController();
  /** Follows `#stop` after a while: a registration that is under way should end in a Deregister. */
  readonly #giveUp = new AbortController();
  #farewell: TimerHandle | undefined;
  #registeredOnce = false;
  #connection: Connection | undefined;

  constructor(options: Lwm2mClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#mailbox = new Mailbox(this.#clock);
  }

  /** Sends an Update soon. */
  update(): void {
    this.#mailbox.post('update');
  }

  /** Connects and registers anew, as after a reboot. */
  reboot(): void {
    this.#mailbox.post('reboot');
  }

  /** Gives the connection up and connects again, as after a loss. */
  reconnect(): void {
    this.#mailbox.post('reconnect');
  }

  /** Goes on from another port. Resolves when a line has said how that went. */
  async rebind(): Promise<void> {
    const { log, describeError = messageOf } = this.#options;
    const line = this.#connection?.rebind() ?? 'the device is not connected';
    log(await Promise.resolve(line).catch((error: unknown) => describeError(error, 'connected')));
  }

  /** Deregisters and ends `run`. */
  stop(): void {
    this.#end('stop');
  }

  /** Ends `run` and keeps the registration, for a device that comes back with the same memory. */
  leave(): void {
    this.#end('leave');
  }

  #end(ending: 'stop' | 'leave'): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#mailbox.post(ending);
    this.#farewell = this.#clock.setTimeout(() => this.#giveUp.abort(), farewell);
  }

  /**
   * Runs until `stop`.
   * @throws what went wrong, if the first attempt to connect and register fails. Later failures are reported as lines, and tried again.
   */
  async run(): Promise<void> {
    try {
      await this.#run();
    } finally {
      this.#clock.clearTimeout(this.#farewell);
    }
  }

  async #run(): Promise<void> {
    const { log, describeError = messageOf } = this.#options;
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        const ending = await this.#connectAndServe(() => {
          failures = 0;
        });
        if (ending === 'stop' || ending === 'leave') return;
        if (ending === 'reconnect') continue;
        log(`connecting again in ${pause / 1_000} s`);
        await this.#mailbox.next(pause);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#options.failed?.(error);
        if (!this.#registeredOnce) throw error;
        const wait = this.#backoff(failures++);
        log(`${describeError(error, 'connecting')}; trying again in ${Math.ceil(wait / 1_000)} s`);
        await this.#mailbox.next(wait);
      }
    }
  }

  #backoff(failures: number): number {
    const random = (this.#options.random ?? Math.random)();
    return Math.min(longestWait, 1_000 * 2 ** Math.min(failures, 6)) * (0.75 + random / 2);
  }

  async #connectAndServe(registered: () => void): Promise<Ending> {
    const { model, memory, log, describeError = messageOf } = this.#options;
    const { settings } = memory;
    const connection = await this.#options.connect(this.#stop.signal);
    this.#connection = connection;
    log(connection.summary);
    this.#mailbox.drop('lost');
    this.#mailbox.drop('reconnect');
    const management = new DeviceManagement({
      model,
      defaults: () => ({ pmin: settings.defaultMinimumPeriod, pmax: settings.defaultMaximumPeriod }),
      clock: this.#clock,
      served: (operation, code) => log(`served: ${operation} → ${describeCode(code)}`),
      failed: (error) => log(`internal error: ${messageOf(error)}`),
      changed: (reporting) => {
        memory.reporting = reporting;
      },
    });
    const endpoint = new CoapEndpoint(connection.socket, {
      handle: management.handle,
      peer: connection.peer,
      clock: this.#clock,
      timeout: this.#options.requestTimeout,
      sendFailed: (error) => log(`could not send: ${error.message}`, 'detail'),
      numbers: memory,
    });
    connection.onLost((error) => {
      log(`the connection was lost${error === undefined ? '' : `: ${describeError(error, 'connected')}`}`);
      if (error !== undefined) this.#options.failed?.(error);
      management.close();
      endpoint.close(error);
      this.#mailbox.post('lost');
    });
    const { peer } = connection;
    const session = new Session({ ...this.#options, endpoint, peer, clock: this.#clock });
    // Of an association from before nobody knows yet whether the server has it: that shall not take as long as CoAP would.
    let patience = connection.isContinued ? proving : undefined;
    try {
      let isKnown = false;
      if (connection.isResumed && session.takeUp()) {
        management.restore(memory.reporting, ({ token, path, accept }) =>
          endpoint.resume({ token, path: path.map(String), accept, peer }),
        );
        log(`the registration ${describeLocation(session.location)} goes on, without a Register`);
        isKnown = await this.#update(session, patience);
        patience = undefined;
      }
      for (;;) {
        if (!isKnown) {
          management.reset();
          memory.reporting = nothingReported;
          await session.register(this.#giveUp.signal, patience);
          patience = undefined;
        }
        this.#registeredOnce = true;
        registered();
        const ending = await this.#keep(session);
        if (ending === 'leave') await connection.suspend();
        if (ending !== 'forgotten') return ending;
        isKnown = false;
      }
    } catch (error) {
      if (error instanceof CoapClosedError && this.#registeredOnce) return 'lost';
      if (error instanceof CoapTimeoutError && patience !== undefined) {
        log(`${messageOf(error)} over the association from before; connecting anew`);
        return 'reconnect';
      }
      throw error;
    } finally {
      this.#connection = undefined;
      management.close();
      endpoint.close();
      await connection.close();
    }
  }

  /** Keeps a registration alive until something ends it. */
  async #keep(session: Session): Promise<Ending | 'forgotten'> {
    for (;;) {
      const event = (await this.#mailbox.next(session.timeToUpdate())) ?? 'update';
      if (event === 'lost' || event === 'reconnect' || event === 'leave') return event;
      if (event === 'stop' || event === 'reboot') {
        await session.deregister();
        return event;
      }
      if (!(await this.#update(session))) return 'forgotten';
    }
  }

  /** False if the server does not know the registration any more. A server learns of a device's new address by it, too. */
  async #update(session: Session, timeout?: number): Promise<boolean> {
    const isKnown = await session.update(this.#giveUp.signal, timeout);
    if (!isKnown) this.#options.log('the server does not know the registration any more; registering again');
    return isKnown;
  }
}
