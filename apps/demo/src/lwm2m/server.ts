import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import { type Clock, systemClock } from '@avs-net/core';
import { CoapEndpoint } from '../coap/coap-endpoint.js';
import type { Answer, IncomingRequest, Peer } from '../coap/messages.js';
import { encodeUtf8 } from './codecs/text.js';
import { DeviceHandle } from './device-handle.js';
import { badRequest, Lwm2mError, notAllowed, notFound } from './lwm2m-error.js';
import { parseObjects, parseRegistration, type Registration, registrationDefaults } from './registration.js';

/** How an {@link Lwm2mServer} is set up. */
export interface Lwm2mServerOptions {
  readonly clock?: Clock | undefined;
  /** Milliseconds to wait for a device's answer. Default: what CoAP says, 93 s. */
  readonly requestTimeout?: number | undefined;
  /** How many devices may be registered. Default 10,000. */
  readonly largestRegistrations?: number | undefined;
}

/** What a server tells; `error` is not among them. */
export interface Lwm2mServerEvents {
  registered: [Registration];
  updated: [Registration];
  /** The device has resumed its security session, from wherever: the registration goes on over the new association. */
  resumed: [Registration];
  deregistered: [Registration];
  /** The lifetime has ended without an Update. */
  expired: [Registration];
}

/** The longest delay of a timer, ms. */
const longestDelay = 0x7fff_ffff;

/** Whom a server has at the other end of a socket. */
export interface Attachment {
  /** Whom the peer has proven to be; undefined for a plain socket, where everyone is believed. */
  readonly identity?: string | undefined;
  /** Where it is when the socket is attached, if the socket has one peer. */
  readonly peer?: Peer | undefined;
  /** The peer has resumed its security session from before. */
  readonly isResumed?: boolean | undefined;
}

/**
 * An LwM2M server: devices register with it over any datagram socket that is attached, and it manages them.
 * LwM2M 1.1 Core §6.2. A registration belongs to the PSK identity that made it, wherever that comes from: addresses mean nothing.
 */
export class Lwm2mServer extends EventEmitter<Lwm2mServerEvents> {
  readonly #options: Lwm2mServerOptions;
  readonly #clock: Clock;
  readonly #byName = new Map<string, Registration>();
  readonly #byId = new Map<string, Registration>();
  readonly #devices = new Map<string, DeviceHandle>();
  readonly #timers = new Map<string, unknown>();

  constructor(options: Lwm2mServerOptions = {}) {
    super();
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Serves what arrives at `socket`, until the returned function is called or the socket closes. */
  attach(socket: Socket, { identity, peer, isResumed = false }: Attachment = {}): () => void {
    const endpoint: CoapEndpoint = new CoapEndpoint(socket, {
      handle: (request) => this.#handle(request, endpoint, identity),
      peer,
      clock: this.#clock,
      timeout: this.#options.requestTimeout,
    });
    const detach = (): void => endpoint.close();
    socket.once('close', detach);
    socket.on('error', () => {});
    if (identity !== undefined && peer !== undefined && isResumed) this.#goOn(identity, endpoint, peer);
    return detach;
  }

  /**
   * The registration of an identity that has resumed its session goes on over the new association. Devices that share an identity cannot be
   * told apart by it: for those it takes an Update, which names the registration.
   */
  #goOn(identity: string, endpoint: CoapEndpoint, peer: Peer): void {
    const [before, ...others] = this.registrations.filter((one) => one.identity === identity);
    if (before === undefined || others.length > 0) return;
    const registration = { ...before, endpoint, peer };
    this.#store(registration);
    process.nextTick(() => this.emit('resumed', registration));
  }

  /** Who is registered, the longest first. */
  get registrations(): Registration[] {
    return [...this.#byName.values()];
  }

  /** The device registered by this name. @throws Error that names it when there is none. */
  device(endpointName: string): DeviceHandle {
    const registration = this.#byName.get(endpointName);
    const device = registration && this.#devices.get(registration.id);
    if (device === undefined) throw new Error(`no device named ${endpointName} is registered`);
    return device;
  }

  /** Forgets every registration. */
  close(): void {
    for (const registration of this.registrations) this.#forget(registration);
  }

  #handle(request: IncomingRequest, endpoint: CoapEndpoint, identity: string | undefined): Answer {
    try {
      const [root, id, ...rest] = request.path;
      if (root !== 'rd' || rest.length > 0) throw notFound('there is only /rd here');
      if (id === undefined) {
        if (request.method !== 'POST') throw notAllowed('POST /rd registers');
        return this.#register(request, endpoint, identity);
      }
      const registration = this.#byId.get(id);
      if (registration === undefined || registration.identity !== identity) throw notFound('no such registration');
      if (request.method === 'POST') return this.#update(registration, request, endpoint);
      if (request.method === 'DELETE') return this.#deregister(registration);
      throw notAllowed('POST updates, DELETE deregisters');
    } catch (error) {
      if (!(error instanceof Lwm2mError)) return { code: '5.00' };
      return { code: error.code, payload: encodeUtf8(error.message) };
    }
  }

  #register(request: IncomingRequest, endpoint: CoapEndpoint, identity: string | undefined): Answer {
    const { endpointName, lifetime, version, binding } = parseRegistration(request.query);
    if (endpointName === undefined) throw badRequest('ep is missing');
    const objects = parseObjects(request.payload);
    const before = this.#byName.get(endpointName);
    if (before !== undefined && before.identity !== identity) {
      throw new Lwm2mError('4.03', 'the name belongs to another identity');
    }
    if (before === undefined && this.#byName.size >= (this.#options.largestRegistrations ?? 10_000)) {
      throw new Lwm2mError('5.03', 'too many devices');
    }
    if (before !== undefined) this.#forget(before);
    const defined = {
      lifetime: lifetime ?? registrationDefaults.lifetime,
      version: version ?? registrationDefaults.version,
      binding: binding ?? registrationDefaults.binding,
    };
    const registration: Registration = {
      endpointName,
      id: randomBytes(6).toString('base64url'),
      identity,
      ...defined,
      ...objects,
      endpoint,
      peer: request.peer,
      expiresAt: this.#clock.now() + defined.lifetime * 1_000,
    };
    this.#devices.set(registration.id, new DeviceHandle(registration));
    this.#store(registration);
    // After the answer, so that what listeners send comes after it.
    process.nextTick(() => this.emit('registered', registration));
    return { code: '2.01', location: ['rd', registration.id] };
  }

  #update(before: Registration, request: IncomingRequest, endpoint: CoapEndpoint): Answer {
    const { lifetime = before.lifetime, binding = before.binding } = parseRegistration(request.query);
    const objects = request.payload.length === 0 ? {} : parseObjects(request.payload);
    const registration: Registration = {
      ...before,
      ...objects,
      lifetime,
      binding,
      endpoint,
      peer: request.peer,
      expiresAt: this.#clock.now() + lifetime * 1_000,
    };
    this.#store(registration);
    process.nextTick(() => this.emit('updated', registration));
    return { code: '2.04' };
  }

  #deregister(registration: Registration): Answer {
    this.#forget(registration);
    process.nextTick(() => this.emit('deregistered', registration));
    return { code: '2.02' };
  }

  #store(registration: Registration): void {
    this.#byName.set(registration.endpointName, registration);
    this.#byId.set(registration.id, registration);
    this.#devices.get(registration.id)?.renew(registration);
    this.#arm(registration.id);
  }

  #forget({ endpointName, id }: Registration): void {
    this.#clock.clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#byName.delete(endpointName);
    this.#byId.delete(id);
    this.#devices.delete(id);
  }

  #arm(id: string): void {
    const registration = this.#byId.get(id);
    if (registration === undefined) return;
    this.#clock.clearTimeout(this.#timers.get(id));
    const left = registration.expiresAt - this.#clock.now();
    if (left > 0) {
      this.#timers.set(
        id,
        this.#clock.setTimeout(() => this.#arm(id), Math.min(left, longestDelay)),
      );
      return;
    }
    this.#forget(registration);
    this.emit('expired', registration);
  }
}
