import { createSocket, type Socket as DatagramSocket, type RemoteInfo } from 'node:dgram';
import { isIP } from 'node:net';
import type { Endpoint, SocketConfiguration } from '../configuration.js';
import type { ConnectTrial } from '../connect-trial.js';
import { type AvsError, errnoError } from '../errors.js';
import type { AddressFamily } from '../options.js';
import { PlainSocket, type SocketPath } from '../plain-socket.js';
import type { Socket } from '../socket.js';
import { interfaceOf, localMtu, refuseUnsupported } from './platform-limits.js';
import { type ResolvedAddress, resolveHost } from './resolve.js';
import { systemError } from './system-error.js';

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
  return new UdpSocket(configuration);
}

/** All addresses are resolved before they get to dgram: answering at once saves it a turn of the event loop for each datagram. */
function answerLiteral(
  host: string,
  _options: unknown,
  callback: (error: null, address: string, family: number) => void,
): void {
  callback(null, host, isIP(host));
}

class UdpSocket extends PlainSocket {
  readonly type = 'udp';
  #socket: DatagramSocket | undefined;
  #family: AddressFamily = 4;

  constructor(configuration: SocketConfiguration | undefined) {
    super(configuration, 'datagram');
    refuseUnsupported(this.configuration);
  }

  get system(): DatagramSocket | undefined {
    return this.#socket;
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
    const bound = this.#socket;
    let failure: AvsError | undefined;
    for (const target of addresses) {
      const address = bound === undefined ? target.address : this.#asSeenFrom(bound, target);
      if (address === undefined) continue;
      trial?.tried.add(target.address);
      const socket = bound ?? this.#create(target.family);
      try {
        await settled((done) => socket.connect(port, address, done as () => void), socket);
        signal.throwIfAborted();
        const remote = socket.remoteAddress();
        const endpoint = { host: remote.address, port: remote.port };
        this.rememberEndpoint(target.address, port, trial);
        if (trial !== undefined) trial.hasMore = addresses.at(-1) !== target;
        return this.#path(socket, endpoint);
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
    const socket = this.#create(target.family);
    try {
      await settled((done) => socket.bind({ port, address: target.address }, done), socket);
    } catch (error) {
      throw systemError(error, `bind ${address}:${port}`);
    }
    return this.#path(socket, undefined);
  }

  protected transmit(data: Uint8Array): Promise<void> {
    return sent('send', (done) => this.#open().send(copyOf(data), done));
  }

  protected async transmitTo(data: Uint8Array, host: string, port: number): Promise<void> {
    const copy = copyOf(data);
    const direct = isIP(host) === this.#family;
    const address = direct ? host : await this.#resolveFor(host, port);
    await sent(`send to ${host}:${port}`, (done) => this.#open().send(copy, port, address, done));
  }

  protected async finish(): Promise<void> {
    this.queue.endHere();
  }

  protected async release(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    await new Promise<void>((resolve) => {
      try {
        socket.close(() => resolve());
      } catch {
        resolve(); // Whoever holds `system` has closed it.
      }
    });
  }

  #open(): DatagramSocket {
    if (this.#socket === undefined) throw errnoError('ENOTCONN', 'the socket was closed');
    return this.#socket;
  }

  #create(family: AddressFamily): DatagramSocket {
    const socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      reuseAddr: this.configuration.reuseAddress ?? false,
      // Node 20 takes it for an unknown option, and gets no further than the check before.
      ...(this.configuration.reusePort ? { reusePort: true } : undefined),
      lookup: answerLiteral as never,
    });
    socket.on('message', (data, sender) => this.#onMessage(data, sender));
    socket.on('error', (error) => {
      const remote = this.path?.remote;
      const action = remote === undefined ? 'receive' : `receive from ${remote.host}:${remote.port}`;
      this.queue.report(systemError(error, action));
    });
    socket.on('close', () => {
      if (this.#socket === socket) this.lost(errnoError('EBADF', 'the system socket was closed'));
    });
    this.#socket = socket;
    this.#family = family;
    return socket;
  }

  #onMessage(data: Uint8Array, sender: RemoteInfo): void {
    const remote = this.path?.remote;
    // What strangers sent before the kernel knew the peer.
    if (remote !== undefined && (sender.port !== remote.port || sender.address !== remote.host)) return;
    this.received(
      new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.length),
      sender.address,
      sender.port,
    );
  }

  #path(socket: DatagramSocket, remote: Endpoint | undefined): SocketPath {
    const { address, port } = socket.address();
    return { local: { host: address, port }, remote, family: this.#family, mtu: localMtu(address) };
  }

  #resolve(host: string, port: number, signal: AbortSignal): Promise<readonly ResolvedAddress[]> {
    const { preferredEndpoint: endpoint } = this.configuration;
    return resolveHost(host, port, { forced: this.forcedFamily, preferred: this.preferredFamily, endpoint }, signal);
  }

  async #resolveFor(host: string, port: number): Promise<string> {
    const addresses = await this.#resolve(host, port, new AbortController().signal);
    const socket = this.#open();
    for (const target of addresses) {
      const address = this.#asSeenFrom(socket, target);
      if (address !== undefined) return address;
    }
    throw errnoError('EADDRNOTAVAIL', `${host} has no address of the bound socket's family`);
  }

  /** An IPv6 socket bound to all addresses reaches IPv4 as well. RFC 4291 §2.5.5.2. */
  #asSeenFrom(socket: DatagramSocket, target: ResolvedAddress): string | undefined {
    if (target.family === this.#family) return target.address;
    return this.#family === 6 && socket.address().address === '::' ? `::ffff:${target.address}` : undefined;
  }
}

/** dgram may look at the bytes after `send` has returned. From the pool of small Buffers, which takes a third of the time of an array of its own. */
function copyOf(data: Uint8Array): Uint8Array {
  return Buffer.from(data);
}

/** Settles with what a `send` of dgram's calls back with, or throws. */
function sent(action: string, send: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    try {
      send((error) => {
        if (error) reject(systemError(error, action));
        else resolve();
      });
    } catch (error) {
      reject(systemError(error, action));
    }
  });
}

/** Runs an operation that calls back, or emits an error, or throws. */
function settled(start: (done: (error?: Error) => void) => void, socket: DatagramSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error): void => {
      socket.off('error', reject);
      if (error) reject(error);
      else resolve();
    };
    socket.once('error', reject);
    try {
      start(done);
    } catch (error) {
      socket.off('error', reject);
      throw error;
    }
  });
}
