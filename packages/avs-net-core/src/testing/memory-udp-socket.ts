import type { Endpoint, SocketConfiguration } from '../configuration.js';
import type { ConnectTrial } from '../connect-trial.js';
import { errnoError } from '../errors.js';
import { ipFamily } from '../ip-address.js';
import type { AddressFamily } from '../options.js';
import { PlainSocket, type SocketPath } from '../plain-socket.js';
import type { MemoryNetwork } from './memory-network.js';

/** What a network delivers to. */
export interface NetworkPort {
  arrive(data: Uint8Array, from: Endpoint): void;
  /** Nobody listens where this port has sent to. */
  refused(to: Endpoint): void;
}

/** What sockets report as the MTU where a network sets none: Ethernet's. */
const usualMtu = 1500;

const headerSizes: Record<AddressFamily, number> = { 4: 28, 6: 48 };

/** A UDP socket of a {@link MemoryNetwork}. */
export class MemoryUdpSocket extends PlainSocket implements NetworkPort {
  readonly type = 'udp';
  readonly #network: MemoryNetwork;
  readonly #address: string | undefined;
  #local: Endpoint | undefined;

  constructor(network: MemoryNetwork, configuration: SocketConfiguration, address: string | undefined) {
    super(configuration, 'datagram');
    this.#network = network;
    this.#address = address;
  }

  get system(): undefined {
    return undefined;
  }

  arrive(data: Uint8Array, from: Endpoint): void {
    const remote = this.path?.remote;
    if (remote !== undefined && (from.host !== remote.host || from.port !== remote.port)) return;
    this.received(data, from.host, from.port);
  }

  refused(to: Endpoint): void {
    const remote = this.path?.remote;
    if (remote === undefined || to.host !== remote.host || to.port !== remote.port) return;
    this.queue.report(errnoError('ECONNREFUSED', `nobody listens at ${to.host}:${to.port}`));
  }

  protected async openConnected(
    host: string,
    port: number,
    _signal: AbortSignal,
    trial: ConnectTrial | undefined,
  ): Promise<SocketPath> {
    const own = this.#local?.host ?? this.#address;
    const bound = own === undefined ? undefined : ipFamily(own);
    const addresses = this.#network
      .resolve(host, this.forcedFamily, this.preferredFamily)
      .filter((address) => (bound === undefined || ipFamily(address) === bound) && !trial?.tried.has(address));
    const preferred = this.configuration.preferredEndpoint;
    const isPreferred = preferred?.port === undefined || preferred.port === port;
    const chosen = addresses.find((address) => isPreferred && address === preferred?.host) ?? addresses[0];
    if (chosen === undefined) throw errnoError('EADDRNOTAVAIL', `${host} has no address of this socket's family`);
    const family = ipFamily(chosen) ?? 4;
    const remote = { host: chosen, port };
    this.#local ??= this.#network.attach(this, this.#address, family === 6 ? '::' : '0.0.0.0', 0);
    this.rememberEndpoint(chosen, port, trial);
    trial?.tried.add(chosen);
    if (trial !== undefined) trial.hasMore = addresses.length > 1;
    return { local: this.#local, remote, family, mtu: this.#mtu(this.#local, remote) };
  }

  protected async openBound(address: string, port: number): Promise<SocketPath> {
    const [wanted = address] = this.#network.resolve(address, this.forcedFamily, this.preferredFamily);
    this.#local = this.#network.attach(this, this.#address, wanted, port);
    const family = ipFamily(this.#local.host) ?? 4;
    return { local: this.#local, remote: undefined, family, mtu: this.#mtu(this.#local, undefined) };
  }

  protected async transmit(data: Uint8Array): Promise<void> {
    const remote = this.path?.remote;
    if (remote !== undefined) this.#send(data, remote);
  }

  protected async transmitTo(data: Uint8Array, host: string, port: number): Promise<void> {
    const [address = host] = this.#network.resolve(host, this.forcedFamily, this.preferredFamily);
    this.#send(data, { host: address, port });
  }

  protected async finish(): Promise<void> {
    this.queue.endHere();
  }

  protected async release(): Promise<void> {
    if (this.#local !== undefined) this.#network.detach(this, this.#local);
    this.#local = undefined;
  }

  #send(data: Uint8Array, to: Endpoint): void {
    const from = this.#local;
    if (from === undefined) return;
    const { mtu, oversized } = this.#network.faultsBetween(from, to);
    const size = data.length + headerSizes[ipFamily(to.host) ?? 4];
    if (mtu !== undefined && size > mtu) {
      if (oversized === 'drop') return;
      throw errnoError('EMSGSIZE', `a packet of ${size} bytes is larger than the MTU (${mtu})`);
    }
    this.#network.carry(data, from, to, this);
  }

  #mtu(from: Endpoint, to: Endpoint | undefined): number {
    return this.#network.faultsBetween(from, to ?? { host: '', port: 0 }).mtu ?? usualMtu;
  }
}
