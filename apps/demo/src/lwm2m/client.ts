import { type Clock, systemClock, type TimerHandle } from '@avs-net/core';
import { CoapEndpoint } from '../coap/coap-endpoint.js';
import { CoapClosedError, CoapTimeoutError, describeCode, type Response } from '../coap/messages.js';
import type { ServerSettings } from '../objects/server.js';
import { printable } from '../printable.js';
import type { Connection } from '../transport.js';
import { encodeLinks, type Link } from './codecs/link-format.js';
import { decodeUtf8 } from './codecs/text.js';
import { ContentFormat } from './content-format.js';
import { DeviceManagement } from './device-management.js';
import { Mailbox } from './mailbox.js';
import type { Model } from './model.js';
import { formatPath } from './path.js';

/** How a {@link Lwm2mClient} is set up. */
export interface Lwm2mClientOptions {
  readonly endpointName: string;
  readonly model: Model;
  /** What the Server object holds. */
  readonly settings: ServerSettings;
  /** Opens the connection to the server. */
  connect(signal: AbortSignal): Promise<Connection>;
  /** Takes lines for people: what happens, and details that only some want. */
  log(line: string, detail?: 'detail'): void;
  /** Puts an error into words. Default: its message. */
  readonly describeError?: ((error: unknown) => string) | undefined;
  readonly clock?: Clock | undefined;
  /** Milliseconds to wait for the answer to a request. Default: what CoAP says, 93 s. */
  readonly requestTimeout?: number | undefined;
  /** 0 to 1, for the waits between attempts. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** The server answered a registration with an error. */
export class RegistrationRefusedError extends Error {
  /** As in `4.03`. */
  readonly code: string;

  constructor(code: string, diagnostic: string) {
    super(`the server refused the registration: ${describeCode(code)}${diagnostic === '' ? '' : ` (${diagnostic})`}`);
    this.name = 'RegistrationRefusedError';
    this.code = code;
  }
}

type Event = 'update' | 'reboot' | 'stop' | 'lost';

/** Why a session with the server has ended. */
type Ending = 'stop' | 'reboot' | 'lost';

/** Waits between attempts: 1 s, doubled up to this, ms. */
const longestWait = 60_000;

/** How long a device that is stopped waits for the answers that it still needs, ms. */
const farewell = 5_000;

/** How long a device waits before it connects again after a loss or a reboot, ms. */
const pause = 1_000;

/**
 * A device: connects, registers, keeps its registration alive, answers the server, and starts again when the server has forgotten it
 * or the connection is lost. LwM2M 1.1 Core §6.2.
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

  /** Deregisters and ends `run`. */
  stop(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#mailbox.post('stop');
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
        if (ending === 'stop') return;
        log(`connecting again in ${pause / 1_000} s`);
        await this.#mailbox.next(pause);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (!this.#registeredOnce) throw error;
        const wait = this.#backoff(failures++);
        log(`${describeError(error)}; trying again in ${Math.ceil(wait / 1_000)} s`);
        await this.#mailbox.next(wait);
      }
    }
  }

  #backoff(failures: number): number {
    const random = (this.#options.random ?? Math.random)();
    return Math.min(longestWait, 1_000 * 2 ** Math.min(failures, 6)) * (0.75 + random / 2);
  }

  async #connectAndServe(registered: () => void): Promise<Ending> {
    const { model, settings, log } = this.#options;
    const connection = await this.#options.connect(this.#stop.signal);
    log(connection.summary);
    this.#mailbox.drop('lost');
    const management = new DeviceManagement({
      model,
      defaults: () => ({ pmin: settings.defaultMinimumPeriod, pmax: settings.defaultMaximumPeriod }),
      clock: this.#clock,
      served: (operation, code) => log(`served: ${operation} → ${describeCode(code)}`),
      failed: (error) => log(`internal error: ${messageOf(error)}`),
    });
    const endpoint = new CoapEndpoint(connection.socket, {
      handle: (request) =>
        request.peer.host === connection.peer.host && request.peer.port === connection.peer.port
          ? management.handle(request)
          : { code: '4.01' },
      clock: this.#clock,
      timeout: this.#options.requestTimeout,
      sendFailed: (error) => log(`could not send: ${error.message}`, 'detail'),
    });
    connection.onLost((error) => {
      log(`the connection was lost${error === undefined ? '' : `: ${error.message}`}`);
      endpoint.close(error);
      this.#mailbox.post('lost');
    });
    const session = new Session(this.#options, connection, endpoint, this.#clock);
    try {
      for (;;) {
        management.reset();
        await session.register(this.#giveUp.signal);
        this.#registeredOnce = true;
        registered();
        const ending = await this.#keep(session);
        if (ending !== 'forgotten') return ending;
        log('the server does not know the registration any more; registering again');
      }
    } catch (error) {
      if (error instanceof CoapClosedError && this.#registeredOnce) return 'lost';
      throw error;
    } finally {
      management.close();
      endpoint.close();
      await connection.close();
    }
  }

  /** Keeps a registration alive until something ends it. */
  async #keep(session: Session): Promise<Ending | 'forgotten'> {
    for (;;) {
      const event = (await this.#mailbox.next(session.timeToUpdate())) ?? 'update';
      if (event === 'lost') return 'lost';
      if (event === 'stop' || event === 'reboot') {
        await session.deregister();
        return event;
      }
      if (!(await session.update(this.#giveUp.signal))) return 'forgotten';
    }
  }
}

/** One registration over one connection. */
class Session {
  readonly #options: Lwm2mClientOptions;
  readonly #connection: Connection;
  readonly #endpoint: CoapEndpoint;
  readonly #clock: Clock;
  #location: readonly string[] = [];
  #lifetime = 0;
  #renewed = 0;

  constructor(options: Lwm2mClientOptions, connection: Connection, endpoint: CoapEndpoint, clock: Clock) {
    this.#options = options;
    this.#connection = connection;
    this.#endpoint = endpoint;
    this.#clock = clock;
  }

  async register(signal: AbortSignal): Promise<void> {
    const { endpointName, settings, model, log } = this.#options;
    const { lifetime } = settings;
    const response = await this.#endpoint.request({
      method: 'POST',
      path: ['rd'],
      query: [`ep=${endpointName}`, `lt=${lifetime}`, 'lwm2m=1.1', 'b=U'],
      contentFormat: ContentFormat.linkFormat,
      payload: encodeLinks(registrationLinks(model)),
      peer: this.#connection.peer,
      signal,
    });
    if (response.code !== '2.01') throw new RegistrationRefusedError(response.code, diagnosticOf(response));
    if (response.location.length === 0) throw new RegistrationRefusedError(response.code, 'it gave no location');
    this.#location = response.location;
    this.#renew(lifetime);
    log(
      `Register → ${describeCode(response.code)}, location /${printable(response.location.join('/'))}, lifetime ${lifetime} s`,
    );
  }

  /** False if the server does not know the registration any more. @throws if there is no answer, or the wrong one. */
  async update(signal: AbortSignal): Promise<boolean> {
    const { settings, log } = this.#options;
    const { lifetime } = settings;
    const response = await this.#endpoint.request({
      method: 'POST',
      path: this.#location,
      query: lifetime === this.#lifetime ? [] : [`lt=${lifetime}`],
      peer: this.#connection.peer,
      signal,
    });
    log(`Update → ${describeCode(response.code)}${lifetime === this.#lifetime ? '' : `, lifetime ${lifetime} s`}`);
    if (response.code !== '2.04') return false;
    this.#renew(lifetime);
    return true;
  }

  /** Says goodbye, and does not mind if nobody answers. */
  async deregister(): Promise<void> {
    const { peer } = this.#connection;
    try {
      const request = { method: 'DELETE', path: this.#location, peer, timeout: farewell } as const;
      const { code } = await this.#endpoint.request(request);
      this.#options.log(`Deregister → ${describeCode(code)}`);
    } catch (error) {
      this.#options.log(`Deregister: ${messageOf(error)}`);
    }
  }

  /** Milliseconds until an Update is due: half of the lifetime before it ends, or as long as CoAP may take to deliver it. */
  timeToUpdate(): number {
    const lifetime = this.#lifetime * 1_000;
    return Math.max(0, this.#renewed + Math.max(lifetime / 2, lifetime - 93_000) - this.#clock.now());
  }

  #renew(lifetime: number): void {
    this.#lifetime = lifetime;
    this.#renewed = this.#clock.now();
  }
}

function registrationLinks(model: Model): Link[] {
  const formats = [ContentFormat.text, ContentFormat.opaque, ContentFormat.senmlJson, ContentFormat.tlv].join(' ');
  const root = {
    target: '/',
    attributes: new Map([
      ['rt', 'oma.lwm2m'],
      ['ct', formats],
    ] as const),
  };
  return [root, ...model.listInstances().map((path) => ({ target: formatPath(path), attributes: new Map() }))];
}

function diagnosticOf({ payload }: Response): string {
  try {
    return printable(decodeUtf8(payload.subarray(0, 200)));
  } catch {
    return '';
  }
}

function messageOf(error: unknown): string {
  if (error instanceof CoapTimeoutError) return `the server gave ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
