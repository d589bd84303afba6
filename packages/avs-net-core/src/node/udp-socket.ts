import { isIP } from 'node:net';
import type { Endpoint, SocketConfiguration } from '../configuration.js';
import type { ConnectTrial } from '../connect-trial.js';
import { type AvsError, errnoError } from '../errors.js';
import type { AddressFamily } from '../options.js';
import { PlainSocket, type SocketPath } from '../plain-socket.js';
import type { Socket } from '../socket.js';
import { createDgramPort } from './dgram-port.js';
import { interfaceOf, localMtu, refuseUnsupported } from './platform-limits.js';
import { type ResolvedAddress, resolveHost } from './resolve.js';
import { systemError } from './system-error.js';
import type { UdpPort, UdpPortMaker } from './udp-port.js';

/**
 * A UDP socket, closed, over `node:dgram`. Once connected it hears its peer only, and ICMP errors surface as ECONNREFUSED
 * in a pending `receive`, a later `send`, or the receiver's `onError`; it survives them.
 *
 * `mtu` is the forced one, or 65,536 on loopback and 1,500 elsewhere: Node does not tell the path's.
 * @throws TypeError, EINVAL naming the field; ENOTSUP for what Node cannot set: `dscp`, `priority`, `transparent`, `interfaceName`,
 * and `reusePort` before Node 22.12.
 * avs: `avs_net_udp_socket_create`.
 */
export async function createUdpSocket(configuration?: SocketConfiguration): Promise<Socket> {
  return new UdpSocket(configuration, createDgramPort);
}

/**
 * As {@link createUdpSocket}, but over another implementation of UDP than `node:dgram`. What differs by implementation is in {@link UdpPort};
 * addresses, names, options and states are the same.
 */
export function createUdpSocketOver(
  createPort: UdpPortMaker,
): (configuration?: SocketConfiguration) => Promise<Socket> {
  return async (configuration) => new UdpSocket(configuration, createPort);
}

class UdpSocket extends PlainSocket {
  readonly type = 'udp';
  readonly #createPort: UdpPortMaker;
  #port: UdpPort | undefined;
  #family: AddressFamily = 4;

  constructor(configuration: SocketConfiguration | undefined, createPort: UdpPortMaker) {
    super(configuration, 'datagram');
    refuseUnsupported(this.configuration);
    this.#createPort = createPort;
  }

  get system(): object | undefined {
    return this.#port?.system;
  }

  override get interfaceName(): string {
    return interfaceOf(this.localHost) ?? super.interfaceName;
  }

  protected async openConnected(
    host: string,
    port: number,
    signal: AbortSignal,
    trial: ConnectTrial | undefined,
  ): Promise<SocketPath> {
    const all = await this.#resolve(host, port, signal);
    const addresses = all.filter(({ address }) => !trial?.tried.has(address));
    const bound = this.#port;
    let failure: AvsError | undefined;
    for (const target of addresses) {
      const address = bound === undefined ? target.address : this.#asSeenFrom(bound, target);
      if (address === undefined) continue;
      trial?.tried.add(target.address);
      const udp = bound ?? this.#create(target.family);
      try {
        const endpoint = await udp.connect(address, port);
        signal.throwIfAborted();
        this.rememberEndpoint(target.address, port, trial);
        if (trial !== undefined) trial.hasMore = addresses.at(-1) !== target;
        return this.#path(udp, endpoint);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        failure = systemError(error, `connect ${target.address}:${port}`);
        if (bound === undefined) await this.release();
      }
    }
    throw failure ?? errnoError('EADDRNOTAVAIL', `${host} has no address of the bound socket's family`);
  }

  protected async openBound(address: string, port: number, signal: AbortSignal): Promise<SocketPath> {
    const [target] = await this.#resolve(address, port, signal);
    if (target === undefined) throw errnoError('EADDRNOTAVAIL', address);
    const udp = this.#create(target.family);
    try {
      await udp.bind(target.address, port);
    } catch (error) {
      throw systemError(error, `bind ${address}:${port}`);
    }
    return this.#path(udp, undefined);
  }

  protected transmit(data: Uint8Array): Promise<void> | undefined {
    return this.#open().send(data);
  }

  protected transmitTo(data: Uint8Array, host: string, port: number): Promise<void> | undefined {
    if (isIP(host) === this.#family) return this.#open().sendTo(data, host, port);
    return this.#resolveAndSend(data.slice(), host, port);
  }

  protected async finish(): Promise<void> {
    this.queue.endHere();
  }

  protected async release(): Promise<void> {
    const port = this.#port;
    this.#port = undefined;
    await port?.close();
  }

  #open(): UdpPort {
    if (this.#port === undefined) throw errnoError('ENOTCONN', 'the socket was closed');
    return this.#port;
  }

  #create(family: AddressFamily): UdpPort {
    const { reuseAddress = false, reusePort = false } = this.configuration;
    const created = this.#createPort(
      { family, reuseAddress, reusePort },
      {
        received: (data, host, port) => this.#onMessage(data, host, port),
        failed: (error) => {
          const remote = this.path?.remote;
          const action = remote === undefined ? 'receive' : `receive from ${remote.host}:${remote.port}`;
          this.queue.report(systemError(error, action));
        },
        lost: () => {
          if (this.#port === created) this.lost(errnoError('EBADF', 'the system socket was closed'));
        },
      },
    );
    this.#port = created;
    this.#family = family;
    return created;
  }

  #onMessage(data: Uint8Array, host: string, port: number): void {
    const remote = this.path?.remote;
    // What strangers sent before the kernel knew the peer.
    if (remote !== undefined && (port !== remote.port || host !== remote.host)) return;
    this.received(data, host, port);
  }

  #path({ local }: UdpPort, remote: Endpoint | undefined): SocketPath {
    return { local, remote, family: this.#family, mtu: localMtu(local.host) };
  }

  #resolve(host: string, port: number, signal: AbortSignal): Promise<readonly ResolvedAddress[]> {
    const { preferredEndpoint: endpoint } = this.configuration;
    return resolveHost(host, port, { forced: this.forcedFamily, preferred: this.preferredFamily, endpoint }, signal);
  }

  async #resolveAndSend(data: Uint8Array, host: string, port: number): Promise<void> {
    const address = await this.#resolveFor(host, port);
    await this.#open().sendTo(data, address, port);
  }

  async #resolveFor(host: string, port: number): Promise<string> {
    const addresses = await this.#resolve(host, port, new AbortController().signal);
    const udp = this.#open();
    for (const target of addresses) {
      const address = this.#asSeenFrom(udp, target);
      if (address !== undefined) return address;
    }
    throw errnoError('EADDRNOTAVAIL', `${host} has no address of the bound socket's family`);
  }

  /** An IPv6 socket bound to all addresses reaches IPv4 as well. RFC 4291 §2.5.5.2. */
  #asSeenFrom(udp: UdpPort, target: ResolvedAddress): string | undefined {
    if (target.family === this.#family) return target.address;
    return this.#family === 6 && udp.local.host === '::' ? `::ffff:${target.address}` : undefined;
  }
}
