import type { Clock } from '@avs-net/core';
import type { CoapEndpoint } from '../coap/coap-endpoint.js';
import { CoapTimeoutError, describeCode, type Peer, type Response } from '../coap/messages.js';
import { printable } from '../printable.js';
import { encodeLinks, type Link } from './codecs/link-format.js';
import { decodeUtf8 } from './codecs/text.js';
import { ContentFormat } from './content-format.js';
import type { Memory, RememberedRegistration } from './memory.js';
import type { Model } from './model.js';
import { formatPath } from './path.js';

/** How long a device that is stopped waits for the answers that it still needs, ms. */
export const farewell = 5_000;

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

/** What a {@link Session} is made of. */
export interface SessionOptions {
  readonly endpointName: string;
  readonly model: Model;
  /** Holds the registration from one session to the next. */
  readonly memory: Memory;
  readonly endpoint: CoapEndpoint;
  readonly peer: Peer;
  readonly clock: Clock;
  log(line: string): void;
}

/** A device's registration over one connection. LwM2M 1.1 Core §6.2. */
export class Session {
  readonly #options: SessionOptions;
  #registration: RememberedRegistration = { location: [], lifetime: 0, expires: 0 };
  /** On the clock, which does not jump as dates do. */
  #renewed = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Takes up the registration that was made over another connection. False if there is none whose lifetime has not ended. */
  takeUp(): boolean {
    const { registration } = this.#options.memory;
    if (registration === undefined || registration.expires <= this.#date()) return false;
    this.#registration = registration;
    return true;
  }

  /** The segments of the registration's location. */
  get location(): readonly string[] {
    return this.#registration.location;
  }

  /** Registers; `timeout` is in milliseconds. @throws RegistrationRefusedError; as `CoapEndpoint.request`. */
  async register(signal: AbortSignal, timeout?: number): Promise<void> {
    const { endpointName, memory, model, endpoint, peer, log } = this.#options;
    const { lifetime } = memory.settings;
    const response = await endpoint.request({
      method: 'POST',
      path: ['rd'],
      query: [`ep=${endpointName}`, `lt=${lifetime}`, 'lwm2m=1.1', 'b=U'],
      contentFormat: ContentFormat.linkFormat,
      payload: encodeLinks(registrationLinks(model)),
      peer,
      signal,
      timeout,
    });
    const { code, location } = response;
    if (code !== '2.01') throw new RegistrationRefusedError(code, diagnosticOf(response));
    if (location.length === 0) throw new RegistrationRefusedError(code, 'it gave no location');
    this.#renew(location, lifetime);
    log(`Register → ${describeCode(code)}, location ${describeLocation(location)}, lifetime ${lifetime} s`);
  }

  /** False if the server does not know the registration any more. @throws if there is no answer. `timeout` is in milliseconds. */
  async update(signal: AbortSignal, timeout?: number): Promise<boolean> {
    const { memory, endpoint, peer, log } = this.#options;
    const { location, lifetime: before } = this.#registration;
    const { lifetime } = memory.settings;
    const query = lifetime === before ? [] : [`lt=${lifetime}`];
    const { code } = await endpoint.request({ method: 'POST', path: location, query, peer, signal, timeout });
    log(`Update → ${describeCode(code)}${lifetime === before ? '' : `, lifetime ${lifetime} s`}`);
    if (code !== '2.04') {
      memory.registration = undefined;
      return false;
    }
    this.#renew(location, lifetime);
    return true;
  }

  /** Says goodbye, and does not mind if nobody answers. */
  async deregister(): Promise<void> {
    const { memory, endpoint, peer, log } = this.#options;
    const { location } = this.#registration;
    memory.registration = undefined;
    try {
      const { code } = await endpoint.request({ method: 'DELETE', path: location, peer, timeout: farewell });
      log(`Deregister → ${describeCode(code)}`);
    } catch (error) {
      log(`Deregister: ${messageOf(error)}`);
    }
  }

  /** Milliseconds until an Update is due: half of the lifetime before it ends, or as long as CoAP may take to deliver it. */
  timeToUpdate(): number {
    const lifetime = this.#registration.lifetime * 1_000;
    return Math.max(0, this.#renewed + Math.max(lifetime / 2, lifetime - 93_000) - this.#options.clock.now());
  }

  #renew(location: readonly string[], lifetime: number): void {
    this.#registration = { location, lifetime, expires: this.#date() + lifetime * 1_000 };
    this.#renewed = this.#options.clock.now();
    this.#options.memory.registration = this.#registration;
  }

  #date(): number {
    return this.#options.clock.date?.() ?? Date.now();
  }
}

/** `/rd/5a3f`, whatever the server has put into it. */
export function describeLocation(location: readonly string[]): string {
  return printable(`/${location.join('/')}`);
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

/** An error in words. */
export function messageOf(error: unknown): string {
  if (error instanceof CoapTimeoutError) return `the server gave ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
