import { createServer, isIP, type Server, Socket as StreamSocket } from 'node:net';
import { AcceptQueue } from '../accept-queue.js';
import type { SocketConfiguration } from '../configuration.js';
import type { ConnectTrial } from '../connect-trial.js';
import type { EndReason } from '../end-reason.js';
import { type AvsError, errnoError } from '../errors.js';
import { PlainSocket, type SocketPath } from '../plain-socket.js';
import { checkSignal } from '../receive-queue.js';
import type { Socket, WaitOptions } from '../socket.js';
import { interfaceOf, localMtu, refuseUnsupported } from './platform-limits.js';
import { type ResolvedAddress, resolveHost } from './resolve.js';
import { systemError } from './system-error.js';

/** Connections that wait for `accept`; more are turned away. What Node asks of the system. */
const backlog = 511;

/**
 * A TCP socket, closed, over `node:net`. `bind` listens at once, so that `accept` works; a `connect` after it gives up listening and
 * keeps the address.
 * @throws TypeError, EINVAL naming the field; ENOTSUP for what Node cannot set: `dscp`, `priority`, `transparent`, `interfaceName`,
 * and `reusePort` before Node 22.12.
 * avs: `avs_net_tcp_socket_create`.
 */
export async function createTcpSocket(configuration?: SocketConfiguration): Promise<Socket> {
  return new TcpSocket(configuration);
}

class TcpSocket extends PlainSocket {
  readonly type = 'tcp';
  #socket: StreamSocket | undefined;
  #server: Server | undefined;
  readonly #accepted: AcceptQueue<StreamSocket>;

  constructor(configuration: SocketConfiguration | undefined, accepted?: StreamSocket) {
    super(configuration, 'stream', (paused) => {
      if (paused) this.#socket?.pause();
      else this.#socket?.resume();
    });
    refuseUnsupported(this.configuration);
    this.#accepted = new AcceptQueue(this.clock);
    if (accepted === undefined) return;
    this.#socket = accepted;
    this.adopt(pathOf(accepted));
    this.#listenTo(accepted);
    accepted.resume();
  }

  get #reusePort(): { reusePort?: boolean } {
    return this.configuration.reusePort ? { reusePort: true } : {};
  }

  get system(): StreamSocket | Server | undefined {
    return this.#socket ?? this.#server;
  }

  override get interfaceName(): string {
    return interfaceOf(this.localHost) ?? super.interfaceName;
  }

  override async accept(options?: WaitOptions): Promise<Socket> {
    this.checkUsable();
    const signal = checkSignal(options?.signal);
    if (this.state !== 'bound') throw errnoError('EBADF', `accept needs a bound socket; this one is ${this.state}`);
    const socket = await this.#accepted.take(signal, this.recvTimeout);
    const { clock, forcedMtu, addressFamily, preferredFamily } = this.configuration;
    return new TcpSocket({ clock, forcedMtu, addressFamily, preferredFamily }, socket);
  }

  protected async openConnected(
    host: string,
    port: number,
    signal: AbortSignal,
    trial: ConnectTrial | undefined,
  ): Promise<SocketPath> {
    const addresses = await this.#resolve(host, port, signal);
    const local = this.#stopListening();
    let failure: AvsError | undefined;
    for (const target of addresses) {
      if (local !== undefined && isIP(local.address) !== target.family) continue;
      const socket = new StreamSocket({ allowHalfOpen: true });
      this.#socket = socket;
      try {
        await connected(socket, target, port, local, signal);
        this.rememberEndpoint(target.address, port, trial);
        this.#listenTo(socket);
        return pathOf(socket);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        failure = systemError(error, `connect ${target.address}:${port}`);
        await this.release();
      }
    }
    throw failure ?? errnoError('EADDRNOTAVAIL', `${host} has no address of the bound socket's family`);
  }

  protected async openBound(address: string, port: number, signal: AbortSignal): Promise<SocketPath> {
    const [target] = await this.#resolve(address, port, signal);
    if (target === undefined) throw errnoError('EADDRNOTAVAIL', address);
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    this.#server = server;
    server.on('connection', (socket) => {
      // One that breaks while it waits is not worth accepting.
      socket.on('error', () => this.#accepted.withdraw(socket));
      if (this.#server !== server || this.#accepted.size >= backlog) socket.destroy();
      else this.#accepted.offer(socket);
    });
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ port, host: target.address, backlog, ...this.#reusePort }, () => {
          server.off('error', reject);
          // Running out of descriptors must not end the process: the connection is lost, the listener is not.
          server.on('error', () => undefined);
          resolve();
        });
      });
    } catch (error) {
      throw systemError(error, `bind ${address}:${port}`);
    }
    this.#accepted.open();
    const local = serverAddress(server);
    if (local === undefined) throw errnoError('ENOTCONN', 'the socket was closed');
    const { address: localHost, port: localPort } = local;
    return {
      local: { host: localHost, port: localPort },
      remote: undefined,
      family: target.family,
      mtu: localMtu(localHost),
    };
  }

  /** A listening socket has nothing to receive. */
  protected override openQueue(state: 'bound' | 'connected'): void {
    if (state === 'connected') this.queue.open();
  }

  protected transmit(data: Uint8Array): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const socket = this.#socket;
      if (socket === undefined) throw errnoError('ENOTCONN', 'the socket was closed');
      socket.write(new Uint8Array(data), (error) => {
        if (error) reject(systemError(error, 'send'));
        // Node reports no error for a write that a local close has cut off.
        else if (socket.destroyed) reject(errnoError('ENOTCONN', 'the socket was closed before all was sent'));
        else resolve();
      });
    });
  }

  protected async transmitTo(): Promise<void> {
    throw errnoError('ENOTSUP', 'sendTo: a stream has one peer only');
  }

  protected async finish(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#socket === undefined) resolve();
      else this.#socket.end(() => resolve());
    });
  }

  protected async release(reason?: EndReason): Promise<void> {
    this.#stopListening(reason);
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined || socket.closed) return;
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.destroy();
    });
  }

  /** Ends listening, and turns away who was not accepted yet. The address that it was on, if it was. */
  #stopListening(
    reason: EndReason = () => errnoError('ENOTCONN', 'the socket was closed'),
  ): { address: string; port: number } | undefined {
    const server = this.#server;
    if (server === undefined) return undefined;
    this.#server = undefined;
    const address = serverAddress(server);
    server.close();
    for (const socket of this.#accepted.close(reason())) socket.destroy();
    return address;
  }

  #listenTo(socket: StreamSocket): void {
    const { remoteAddress: host = '', remotePort: port = 0 } = socket;
    socket.on('data', (data: Uint8Array) => {
      this.received(new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.length), host, port);
    });
    socket.on('end', () => this.queue.end());
    socket.on('error', (error) => {
      if (this.#socket === socket) this.lost(systemError(error, 'receive'));
    });
    socket.on('close', () => {
      if (this.#socket === socket) this.lost(undefined);
    });
  }

  #resolve(host: string, port: number, signal: AbortSignal): Promise<readonly ResolvedAddress[]> {
    const { preferredEndpoint: endpoint } = this.configuration;
    return resolveHost(host, port, { forced: this.forcedFamily, preferred: this.preferredFamily, endpoint }, signal);
  }
}

function serverAddress(server: Server): { address: string; port: number } | undefined {
  const address = server.address();
  return address === null || typeof address === 'string' ? undefined : address;
}

function pathOf(socket: StreamSocket): SocketPath {
  const { localAddress, localPort, remoteAddress, remotePort, remoteFamily } = socket;
  if (
    localAddress === undefined ||
    localPort === undefined ||
    remoteAddress === undefined ||
    remotePort === undefined
  ) {
    throw errnoError('ECONNRESET', 'the connection ended at once');
  }
  return {
    local: { host: localAddress, port: localPort },
    remote: { host: remoteAddress, port: remotePort },
    family: remoteFamily === 'IPv6' ? 6 : 4,
    mtu: localMtu(localAddress),
  };
}

/** Resolves when connected; rejects when that fails or the signal aborts, and then the socket is destroyed. */
function connected(
  socket: StreamSocket,
  { address, family }: ResolvedAddress,
  port: number,
  local: { address: string; port: number } | undefined,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown): void => {
      signal.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect);
      socket.off('error', onError);
      if (error === undefined) {
        resolve();
        return;
      }
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => settle(signal.reason ?? new Error('aborted'));
    const onConnect = (): void => settle();
    const onError = (error: Error): void => settle(error);
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort);
    socket.once('connect', onConnect);
    socket.once('error', onError);
    socket.connect({ host: address, port, family, localAddress: local?.address, localPort: local?.port });
  });
}
