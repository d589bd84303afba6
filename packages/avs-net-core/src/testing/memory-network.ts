import { checkBytes, checkHost, checkObject, checkPort, invalid } from '../argument-checks.js';
import type { Clock } from '../clock.js';
import type { Endpoint, SocketConfiguration } from '../configuration.js';
import { errnoError } from '../errors.js';
import { ipFamily } from '../ip-address.js';
import type { AddressFamily } from '../options.js';
import type { Socket } from '../socket.js';
import { checkFaults, decideFate, type Faults } from './faults.js';
import { MemoryUdpSocket, type NetworkPort } from './memory-udp-socket.js';
import { SeededRandom } from './seeded-random.js';
import { VirtualClock } from './virtual-clock.js';

/** How a {@link MemoryNetwork} is set up. */
export interface MemoryNetworkOptions {
  /** Of the faults' randomness. Default 1. Print it when a random test fails. */
  readonly seed?: number | undefined;
  /** Default: a new {@link VirtualClock}. */
  readonly clock?: Clock | undefined;
  /** What happens to every datagram, unless a link says otherwise. */
  readonly faults?: Faults | undefined;
  /** A datagram to a port where nobody listens is answered as by ICMP: ECONNREFUSED on a connected sender. Default false: silence. */
  readonly refuse?: boolean | undefined;
}

/** A datagram on the wire. */
export interface WireDatagram {
  readonly data: Uint8Array;
  readonly from: Readonly<Endpoint>;
  readonly to: Readonly<Endpoint>;
}

/** What an observer sees: a datagram as it was sent, and what became of it. */
export interface ObservedDatagram extends WireDatagram {
  /** When it was sent, ms of the clock. */
  readonly time: number;
  /** How many copies will arrive: 0 lost, 2 duplicated. */
  readonly copies: number;
}

/** One direction between two hosts, or a part of it: what is left out matches everything. */
export interface LinkSelector {
  readonly from?: Partial<Endpoint> | undefined;
  readonly to?: Partial<Endpoint> | undefined;
}

/** False drops the datagram, bytes replace it, undefined lets it pass. */
export type Interceptor = (datagram: WireDatagram) => Uint8Array | false | undefined;

const wildcards = new Set(['0.0.0.0', '::']);
const firstEphemeralPort = 49_152;

/**
 * A datagram network in memory: as many hosts as there are addresses, with faults that a seed reproduces. Delivery always goes
 * through the clock, so that nothing is received from within a `send`.
 *
 * @example
 * const clock = new VirtualClock();
 * const network = new MemoryNetwork({ seed: 7, clock, faults: { loss: 0.3, delay: { min: 5, max: 20 } } });
 * const server = network.createUdpSocket(undefined, { address: '10.0.0.1' });
 * await server.bind('10.0.0.1', 5684);
 * const client = network.createUdpSocket();
 * await client.connect('10.0.0.1', 5684);
 * await client.send(Uint8Array.of(1));
 * await clock.runUntil(server.receive());
 */
export class MemoryNetwork {
  readonly clock: Clock;
  readonly seed: number;
  readonly #random: SeededRandom;
  readonly #refuse: boolean;
  #faults: Faults;
  readonly #links: { readonly selector: LinkSelector; readonly faults: Faults }[] = [];
  readonly #ports = new Map<string, NetworkPort>();
  readonly #names = new Map<string, readonly string[]>();
  readonly #observers = new Set<(datagram: ObservedDatagram) => void>();
  readonly #interceptors = new Set<Interceptor>();
  #nextAddress = 1;
  #nextPort = firstEphemeralPort;

  /** @throws TypeError, EINVAL naming the option. */
  constructor(options: MemoryNetworkOptions = {}) {
    checkObject('options', options);
    this.clock = options.clock ?? new VirtualClock();
    this.#random = new SeededRandom(options.seed ?? 1);
    this.seed = this.#random.seed;
    this.#refuse = options.refuse ?? false;
    this.#faults = {};
    this.setFaults(options.faults ?? {});
  }

  /**
   * A socket of type `udp`. `address` is the host that it is on: what it binds to by default and sends from. Default: a host of
   * its own, 10.255.0.1 and on; such a socket may bind to any address.
   */
  createUdpSocket(configuration?: SocketConfiguration, options: { readonly address?: string } = {}): Socket {
    const { address } = options;
    if (address !== undefined && ipFamily(address) === undefined) throw invalid('address', 'an IP address');
    return new MemoryUdpSocket(this, { ...configuration, clock: configuration?.clock ?? this.clock }, address);
  }

  /** Replaces the faults: those of every datagram, or of one direction. Of several that match a datagram the last one set counts. */
  setFaults(faults: Faults, link?: LinkSelector): void {
    checkFaults(faults);
    if (link === undefined) this.#faults = { ...faults };
    else this.#links.push({ selector: { from: { ...link.from }, to: { ...link.to } }, faults: { ...faults } });
  }

  /** Gives a name addresses, in the order in which they are tried. Names are not case-sensitive. */
  setName(name: string, ...addresses: readonly string[]): void {
    checkHost('name', name);
    for (const address of addresses) if (ipFamily(address) === undefined) throw invalid('addresses', 'IP addresses');
    this.#names.set(name.toLowerCase(), addresses);
  }

  /** Puts a datagram on the network as if `from` had sent it. It passes interceptors, faults and observers. */
  inject(data: Uint8Array, from: Endpoint, to: Endpoint): void {
    checkBytes('data', data);
    for (const [name, endpoint] of Object.entries({ from, to })) {
      checkHost(`${name}.host`, endpoint.host);
      checkPort(`${name}.port`, endpoint.port);
    }
    this.carry(data, { host: from.host, port: from.port }, { host: to.host, port: to.port }, undefined);
  }

  /** Shows every datagram as it is sent, with a copy of its bytes. Returns a function that ends it. */
  observe(observer: (datagram: ObservedDatagram) => void): () => void {
    this.#observers.add(observer);
    return () => {
      this.#observers.delete(observer);
    };
  }

  /** Lets a test drop or replace datagrams of its choice, before any faults. Returns a function that ends it. */
  intercept(interceptor: Interceptor): () => void {
    this.#interceptors.add(interceptor);
    return () => {
      this.#interceptors.delete(interceptor);
    };
  }

  /** @internal The faults between two endpoints. */
  faultsBetween(from: Endpoint, to: Endpoint): Faults {
    for (let i = this.#links.length - 1; i >= 0; i -= 1) {
      const link = this.#links[i];
      if (link !== undefined && matches(link.selector.from, from) && matches(link.selector.to, to)) return link.faults;
    }
    return this.#faults;
  }

  /** @internal The addresses of a name, or the address itself. @throws EADDRNOTAVAIL */
  resolve(host: string, forced: 0 | AddressFamily, preferred: 0 | AddressFamily): readonly string[] {
    const known = ipFamily(host) === undefined ? (this.#names.get(host.toLowerCase()) ?? []) : [host];
    const allowed = known.filter((address) => forced === 0 || ipFamily(address) === forced);
    if (allowed.length === 0) throw errnoError('EADDRNOTAVAIL', `${host} does not resolve to an address to use`);
    const rank = (address: string): number => (ipFamily(address) === preferred ? 0 : 1);
    return [...allowed].sort((a, b) => rank(a) - rank(b));
  }

  /** @internal Takes a port for a socket. @throws EADDRINUSE, EADDRNOTAVAIL */
  attach(port: NetworkPort, address: string | undefined, wanted: string | undefined, number: number): Endpoint {
    const own = address ?? (wanted === undefined || wildcards.has(wanted) ? this.#hostAddress(wanted) : wanted);
    if (wanted !== undefined && !wildcards.has(wanted) && wanted !== own) {
      throw errnoError('EADDRNOTAVAIL', `${wanted} is not an address of this host (${own})`);
    }
    const endpoint = { host: own, port: number === 0 ? this.#ephemeralPort(own) : number };
    if (this.#ports.has(key(endpoint))) throw errnoError('EADDRINUSE', `${own}:${endpoint.port}`);
    this.#ports.set(key(endpoint), port);
    return endpoint;
  }

  /** @internal */
  detach(port: NetworkPort, endpoint: Endpoint): void {
    if (this.#ports.get(key(endpoint)) === port) this.#ports.delete(key(endpoint));
  }

  /** @internal Sends a datagram on its way; `sender` hears of a refusal. */
  carry(sent: Uint8Array, from: Endpoint, to: Endpoint, sender: NetworkPort | undefined): void {
    const data = this.#intercepted(new Uint8Array(sent), from, to);
    const fate = data === undefined ? [] : decideFate(data, this.faultsBetween(from, to), this.#random);
    for (const observer of this.#observers) {
      observer({ data: new Uint8Array(sent), from, to, time: this.clock.now(), copies: fate.length });
    }
    for (const copy of fate) {
      this.clock.setTimeout(() => this.#deliver(copy.data, from, to, sender), copy.delay);
    }
  }

  #intercepted(data: Uint8Array, from: Endpoint, to: Endpoint): Uint8Array | undefined {
    let current = data;
    for (const interceptor of this.#interceptors) {
      const verdict = interceptor({ data: current, from, to });
      if (verdict === false) return undefined;
      if (verdict !== undefined) current = new Uint8Array(verdict);
    }
    return current;
  }

  #deliver(data: Uint8Array, from: Endpoint, to: Endpoint, sender: NetworkPort | undefined): void {
    const port = this.#ports.get(key(to));
    if (port !== undefined) port.arrive(data, from);
    else if (this.#refuse) sender?.refused(to);
  }

  #hostAddress(wanted: string | undefined): string {
    const number = this.#nextAddress;
    this.#nextAddress += 1;
    const [high, low] = [(number >> 8) & 0xff, number & 0xff];
    return wanted === '::' ? `fd00::${number.toString(16)}` : `10.255.${high}.${low}`;
  }

  #ephemeralPort(host: string): number {
    for (let tries = firstEphemeralPort; tries <= 65_535; tries += 1) {
      const port = this.#nextPort;
      this.#nextPort = port === 65_535 ? firstEphemeralPort : port + 1;
      if (!this.#ports.has(key({ host, port }))) return port;
    }
    throw errnoError('EADDRINUSE', `${host} has no ephemeral port left`);
  }
}

function key(endpoint: Endpoint): string {
  return `${endpoint.host}|${endpoint.port}`;
}

function matches(selector: Partial<Endpoint> | undefined, endpoint: Endpoint): boolean {
  if (selector?.host !== undefined && selector.host !== endpoint.host) return false;
  return selector?.port === undefined || selector.port === endpoint.port;
}
