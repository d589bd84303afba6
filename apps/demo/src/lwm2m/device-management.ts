import { type Clock, systemClock } from '@avs-net/core';
import type { Answer, IncomingRequest, Observer } from '../coap/messages.js';
import { printable } from '../printable.js';
import { AttributeStore, type Attributes, linkAttributes, parseAttributes } from './attributes.js';
import { encodeLinks } from './codecs/link-format.js';
import { encodeUtf8 } from './codecs/text.js';
import { ContentFormat, decodeData, encodeData } from './content-format.js';
import { badRequest, Lwm2mError, notAllowed } from './lwm2m-error.js';
import type { RememberedObservation, Reporting } from './memory.js';
import type { Model } from './model.js';
import { Observation } from './observations.js';
import { formatPath, isWithin, type Path, pathFromSegments } from './path.js';
import type { Datum } from './value.js';

/** How many observations a device keeps. */
const largestObservations = 64;

/** How a {@link DeviceManagement} is set up. */
export interface DeviceManagementOptions {
  readonly model: Model;
  /** What applies where no server has set an attribute. */
  defaults(): Attributes;
  readonly clock?: Clock | undefined;
  /** Told of each request and what it was answered. */
  readonly served?: ((operation: string, code: string) => void) | undefined;
  /** Told of an error that is not the server's fault. */
  readonly failed?: ((error: unknown) => void) | undefined;
  /** Told when a server has begun or ended an observation or set attributes, or an observer has gone. */
  readonly changed?: ((reporting: Reporting) => void) | undefined;
}

interface Watch {
  readonly observation: Observation;
  readonly observer: Observer;
  readonly origin: RememberedObservation;
}

/**
 * The device's side of device management and information reporting for one server: requests in, answers out. LwM2M 1.1 Core §6.3 and
 * §6.4.
 */
export class DeviceManagement {
  readonly #options: DeviceManagementOptions;
  readonly #model: Model;
  readonly #attributes = new AttributeStore();
  readonly #watches = new Map<string, Watch>();
  readonly #clock: Clock;
  readonly #stopListening: () => void;

  constructor(options: DeviceManagementOptions) {
    this.#options = options;
    this.#model = options.model;
    this.#clock = options.clock ?? systemClock;
    this.#stopListening = this.#model.changes.listen((path) => {
      for (const { observation } of [...this.#watches.values()]) observation.changed(path);
    });
  }

  /** Answers a request of a server. Never throws. */
  handle = (request: IncomingRequest): Answer => {
    let operation = printable(`${request.method ?? 'unknown method'} /${request.path.join('/')}`.slice(0, 80));
    let answer: Answer;
    try {
      const path = pathFromSegments(request.path);
      const chosen = this.#choose(path, request);
      operation = `${chosen.name} ${formatPath(path)}`;
      answer = chosen.run();
    } catch (error) {
      answer = this.#refuse(error);
    }
    this.#options.served?.(operation, answer.code);
    return answer;
  };

  /** How many observations there are. */
  get observations(): number {
    return this.#watches.size;
  }

  /**
   * Goes on with what servers have set before. `resume` finds the observer of an observation; the present values are notified as soon as
   * they may be.
   */
  restore({ observations, attributes }: Reporting, resume: (observation: RememberedObservation) => Observer): void {
    this.reset();
    this.#attributes.restore(attributes);
    for (const origin of observations) this.#watch(origin, undefined, resume(origin));
  }

  /** Ends all observations and forgets what servers have set. */
  reset(): void {
    for (const key of [...this.#watches.keys()]) this.#cancel(key);
    this.#attributes.clear();
  }

  /** The end: nothing is observed any more. */
  close(): void {
    this.reset();
    this.#stopListening();
  }

  #choose(path: Path, request: IncomingRequest): { name: string; run(): Answer } {
    const { method, contentFormat, payload, query } = request;
    if (method === 'GET') {
      if (request.accept === ContentFormat.linkFormat) return { name: 'discover', run: () => this.#discover(path) };
      if (request.observe === 0) return { name: 'observe', run: () => this.#observe(path, request) };
      const name = request.observe === 1 ? 'cancel observation of' : 'read';
      return { name, run: () => this.#read(path, request) };
    }
    const bare = payload.length === 0 && contentFormat === undefined;
    if (method === 'PUT' && bare && query.length > 0) {
      return { name: 'write attributes of', run: () => this.#writeAttributes(path, query) };
    }
    if (method === 'PUT' || (method === 'POST' && path.length === 2)) {
      return { name: 'write', run: () => this.#write(path, request) };
    }
    if (method === 'POST' && path.length === 3) {
      return { name: 'execute', run: () => this.#execute(path, payload) };
    }
    const name = method === 'POST' ? 'create' : (method?.toLowerCase() ?? 'unknown method');
    return { name, run: () => this.#refuseOperation(path, name) };
  }

  #read(path: Path, request: IncomingRequest): Answer {
    if (request.observe === 1 && this.#cancel(request.token)) this.#changed();
    return content(path, this.#model.read(path), request.accept);
  }

  #observe(path: Path, request: IncomingRequest): Answer {
    const data = this.#model.read(path);
    const answer = content(path, data, request.accept);
    const { token, accept } = request;
    if (!this.#watches.has(token) && this.#watches.size >= largestObservations) {
      throw new Lwm2mError('5.03', 'too many observations');
    }
    const observed = (observer: Observer): void => {
      this.#watch({ token, path, accept }, data, observer);
      this.#changed();
    };
    return { ...answer, observed };
  }

  #watch(origin: RememberedObservation, first: readonly Datum[] | undefined, observer: Observer): void {
    const { token, path, accept } = origin;
    this.#cancel(token);
    const source = {
      read: () => this.#model.read(path),
      attributes: () => ({ ...this.#options.defaults(), ...this.#attributes.effective(path) }),
      notify: (data: readonly Datum[]) => observer.notify(content(path, data, accept)),
      failed: (error: unknown) => {
        this.#options.failed?.(error);
        observer.end('5.00');
      },
    };
    const observation = new Observation(path, first, source, this.#clock);
    const watch = { observation, observer, origin };
    this.#watches.set(token, watch);
    observer.onEnd = () => {
      observation.cancel();
      if (this.#watches.get(token) !== watch) return;
      this.#watches.delete(token);
      this.#changed();
    };
  }

  #cancel(token: string): boolean {
    const watch = this.#watches.get(token);
    if (watch === undefined) return false;
    this.#watches.delete(token);
    watch.observation.cancel();
    watch.observer.end();
    return true;
  }

  #changed(): void {
    const observations = [...this.#watches.values()].map(({ origin }) => origin);
    this.#options.changed?.({ observations, attributes: this.#attributes.all() });
  }

  #write(path: Path, { payload, contentFormat }: IncomingRequest): Answer {
    this.#model.assertExists(path);
    if (path.length < 2) throw notAllowed('write needs an object instance or a resource');
    this.#model.write(path, decodeData(path, payload, contentFormat, this.#model.typeOf));
    return { code: '2.04' };
  }

  #writeAttributes(path: Path, query: readonly string[]): Answer {
    this.#model.assertExists(path);
    const type = path.length > 2 ? this.#model.typeOf(path[0] ?? 0, path[2] ?? 0) : undefined;
    this.#attributes.change(
      path,
      parseAttributes(query),
      type === 'float' || type === 'integer' || type === 'unsigned',
    );
    for (const { observation } of [...this.#watches.values()]) {
      if (isWithin(observation.path, path)) observation.attributesChanged();
    }
    this.#changed();
    return { code: '2.04' };
  }

  #execute(path: Path, argument: Uint8Array): Answer {
    if (argument.length > 1_024) throw badRequest('the argument is too long');
    this.#model.execute(path, argument);
    return { code: '2.04' };
  }

  #discover(path: Path): Answer {
    const links = this.#model.discover(path).map((found) => {
      const attributes = new Map<string, string | true>();
      if (found.dimension !== undefined) attributes.set('dim', String(found.dimension));
      // What the request is about shows all that applies to it, what lies below only its own.
      const isTarget = found.path.length === path.length;
      const own = isTarget ? this.#attributes.effective(found.path) : this.#attributes.own(found.path);
      for (const [name, value] of linkAttributes(own)) attributes.set(name, value);
      return { target: formatPath(found.path), attributes };
    });
    return { code: '2.05', contentFormat: ContentFormat.linkFormat, payload: encodeLinks(links) };
  }

  /** Create and Delete (no object here can have more or fewer instances), and what LwM2M 1.1 has as optional. */
  #refuseOperation(path: Path, name: string): never {
    this.#model.assertExists(path);
    throw notAllowed(`${name} is not supported here`);
  }

  #refuse(error: unknown): Answer {
    if (error instanceof Lwm2mError) return { code: error.code, payload: encodeUtf8(error.message) };
    this.#options.failed?.(error);
    return { code: '5.00' };
  }
}

function content(path: Path, data: readonly Datum[], accept: number | undefined): Answer {
  const { format, payload } = encodeData(path, data, accept);
  return { code: '2.05', contentFormat: format, payload };
}
