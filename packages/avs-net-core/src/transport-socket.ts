import { abortable } from './abortable.js';
import { checkBytes, checkHost, checkInteger, checkObject } from './argument-checks.js';
import type { Clock } from './clock.js';
import type { Endpoint } from './configuration.js';
import { errnoError } from './errors.js';
import { asAvsError } from './foreign-error.js';
import type { ReadableOption, ReadableOptions, WritableOption, WritableOptions } from './options.js';
import { PlainSocket, type SocketPath } from './plain-socket.js';
import type { Socket } from './socket.js';

/** Takes a datagram that has come, and who sent it. The bytes are the socket's to keep. */
export type Arrive = (data: Uint8Array, from: Endpoint) => void;

/**
 * A datagram transport of the caller's: SMS, a serial line, BLE, a test double. A host and a port are whatever it takes for them; where it
 * knows no ports any number from 1 to 65,535 will do. What its operations throw or reject with is what the socket's reject with.
 */
export interface DatagramTransport {
  /** Bytes that one datagram carries. Read again each time: it may change. */
  readonly maxDatagramSize: number;
  /**
   * Begins to take datagrams, at `local` if the caller has bound the socket; gives the address that it is at. Only datagrams that come
   * between `open` and `close` count.
   */
  open(local: Endpoint | undefined, arrive: Arrive): Endpoint | Promise<Endpoint>;
  /** Sends one datagram, whose bytes are the transport's to keep. One that is lost is no error. */
  send(data: Uint8Array, to: Endpoint): void | Promise<void>;
  /** Ends what `open` began, also when that is still under way or has failed. */
  close(): void | Promise<void>;
}

/**
 * Makes a datagram socket, closed, out of a transport of the caller's: all of the contract's states, options, timeouts and queueing, so that
 * a transport is three functions. Put a secure socket or a listener on top of it with `decorate`.
 * @param options.clock Where time comes from; only `recvTimeout` needs it. Default: the platform's.
 * @throws TypeError a member of the transport is missing or has the wrong type.
 */
export function createTransportSocket(
  transport: DatagramTransport,
  options: { readonly clock?: Clock | undefined } = {},
): Socket {
  checkObject('transport', transport);
  for (const method of ['open', 'send', 'close'] as const) {
    if (typeof transport[method] !== 'function') throw new TypeError(`transport.${method} must be a function`);
  }
  checkInteger('transport.maxDatagramSize', transport.maxDatagramSize, 1, 0x7fffffff);
  checkObject('options', options);
  return new TransportSocket(transport, options.clock);
}

class TransportSocket extends PlainSocket {
  readonly type = 'udp';
  readonly system = undefined;
  readonly #transport: DatagramTransport;
  #local: Endpoint | undefined;

  constructor(transport: DatagramTransport, clock: Clock | undefined) {
    super({ clock }, 'datagram');
    this.#transport = transport;
  }

  override getOption<K extends ReadableOption>(key: K): ReadableOptions[K] {
    if (key === 'preferredAddressFamily' || key === 'forcedAddressFamily') this.#refuse(key);
    return super.getOption(key);
  }

  override setOption<K extends WritableOption>(key: K, value: WritableOptions[K]): void {
    if (key === 'preferredAddressFamily' || key === 'forcedAddressFamily') this.#refuse(key);
    super.setOption(key, value);
  }

  protected async openConnected(host: string, port: number, signal: AbortSignal): Promise<SocketPath> {
    const local = this.#local ?? (await this.#open(undefined, signal));
    return this.#path(local, { host, port });
  }

  protected async openBound(host: string, port: number, signal: AbortSignal): Promise<SocketPath> {
    return this.#path(await this.#open({ host, port }, signal), undefined);
  }

  protected async transmit(data: Uint8Array): Promise<void> {
    const remote = this.path?.remote;
    if (remote !== undefined) await this.transmitTo(data, remote.host, remote.port);
  }

  protected async transmitTo(data: Uint8Array, host: string, port: number): Promise<void> {
    try {
      await this.#transport.send(Uint8Array.from(data), { host, port });
    } catch (error) {
      throw asAvsError(error);
    }
  }

  protected async finish(): Promise<void> {
    this.queue.endHere();
  }

  protected async release(): Promise<void> {
    if (this.#local === undefined) return;
    this.#local = undefined;
    await this.#transport.close();
  }

  async #open(wanted: Endpoint | undefined, signal: AbortSignal): Promise<Endpoint> {
    // Until it is known where the transport is, there is something to close all the same.
    const opening: Endpoint = { host: '', port: 0 };
    this.#local = opening;
    const arrive: Arrive = (data, from) => {
      if (this.#local === opening) this.#arrive(data, from);
    };
    try {
      const { host, port } = await abortable(Promise.resolve(this.#transport.open(wanted, arrive)), signal);
      checkHost('the host that transport.open gives', host);
      Object.assign(opening, { host, port });
      return opening;
    } catch (error) {
      throw signal.aborted ? signal.reason : asAvsError(error);
    }
  }

  #arrive(data: Uint8Array, from: Endpoint): void {
    checkBytes('data', data);
    const { host, port } = from;
    const remote = this.path?.remote;
    if (remote === undefined || (host === remote.host && port === remote.port)) this.received(data, host, port);
  }

  #path(local: Endpoint, remote: Endpoint | undefined): SocketPath {
    const transport = this.#transport;
    return {
      local,
      remote,
      family: undefined,
      get mtu() {
        return transport.maxDatagramSize;
      },
    };
  }

  #refuse(key: string): never {
    this.checkUsable();
    throw errnoError('ENOTSUP', `${key}: the addresses of this transport have no family`);
  }
}
