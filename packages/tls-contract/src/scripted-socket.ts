import {
  type Endpoint,
  errnoError,
  type ReadableOption,
  type ReadableOptions,
  type ReceivedDatagram,
  type Receiver,
  type Socket,
  type SocketState,
  type SocketType,
} from '@avs-net/core';

/** How a {@link ScriptedSocket} is made. */
export interface ScriptedSocketOptions {
  /** Default: a datagram socket. */
  readonly type?: SocketType;
  readonly state: SocketState;
  readonly local?: Endpoint;
  readonly remote?: Endpoint;
  /** What `innerMtu` says; without it the socket has no such option. */
  readonly innerMtu?: number;
  /** Takes what is sent. What it throws or rejects with is what `send` rejects with. */
  transmit(data: Uint8Array, to: Endpoint): void | Promise<void>;
}

/**
 * The least that is a whole `Socket`: it sends, hands what arrives to its receiver, and has nothing else. Somebody's own
 * transport, as far as the contract is concerned. It notes which of its operations were called.
 */
export class ScriptedSocket implements Socket {
  readonly type: SocketType;
  readonly calls: string[] = [];
  state: SocketState;
  receiver: Receiver | undefined;
  #local: Endpoint | undefined;
  #remote: Endpoint | undefined;
  readonly #options: ScriptedSocketOptions;

  constructor(options: ScriptedSocketOptions) {
    this.#options = options;
    this.type = options.type ?? 'udp';
    this.state = options.state;
    this.#local = options.local;
    this.#remote = options.remote;
  }

  /** Something comes from the network. */
  arrive(data: Uint8Array, from: Endpoint): void {
    this.receiver?.onData(data, from.host, from.port);
  }

  async connect(host: string, port: number): Promise<void> {
    this.calls.push('connect');
    this.#remote = { host, port };
    this.state = 'connected';
  }

  async bind(host: string, port: number): Promise<void> {
    this.calls.push('bind');
    this.#local = { host, port };
    this.state = 'bound';
  }

  async send(data: Uint8Array): Promise<void> {
    if (this.#remote === undefined) throw errnoError('ENOTCONN', 'no peer');
    await this.#options.transmit(data, this.#remote);
  }

  async sendTo(data: Uint8Array, host: string, port: number): Promise<void> {
    await this.#options.transmit(data, { host, port });
  }

  setReceiver(receiver: Receiver | undefined): void {
    this.receiver = receiver;
  }

  async close(): Promise<void> {
    this.calls.push('close');
    this.state = 'closed';
  }

  async cleanup(): Promise<void> {
    this.calls.push('cleanup');
    this.state = 'closed';
  }

  async shutdown(): Promise<void> {
    this.calls.push('shutdown');
    this.state = 'shutdown';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cleanup();
  }

  decorate(): Promise<void> {
    return Promise.reject(errnoError('ENOTSUP', 'decorate'));
  }

  accept(): Promise<Socket> {
    return Promise.reject(errnoError('ENOTSUP', 'accept'));
  }

  receive(): Promise<Uint8Array> {
    return Promise.reject(errnoError('ENOTSUP', 'receive'));
  }

  receiveFrom(): Promise<ReceivedDatagram> {
    return Promise.reject(errnoError('ENOTSUP', 'receiveFrom'));
  }

  tryReceive(): ReceivedDatagram | undefined {
    return undefined;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    throw errnoError('ENOTSUP', 'iteration');
  }

  get system(): undefined {
    return undefined;
  }

  get interfaceName(): string {
    throw errnoError('EBADF', 'no interface');
  }

  get remoteHost(): string {
    return known(this.#remote).host;
  }

  get remoteHostname(): string {
    return known(this.#remote).host;
  }

  get remotePort(): number {
    return known(this.#remote).port;
  }

  get localHost(): string {
    return known(this.#local).host;
  }

  get localPort(): number {
    return known(this.#local).port;
  }

  getOption<K extends ReadableOption>(key: K): ReadableOptions[K];
  getOption(key: ReadableOption): unknown {
    if (key === 'state') return this.state;
    if (key === 'innerMtu' && this.#options.innerMtu !== undefined) return this.#options.innerMtu;
    throw errnoError('ENOTSUP', `no option ${key}`);
  }

  setOption(): void {
    throw errnoError('ENOTSUP', 'no options');
  }
}

function known(endpoint: Endpoint | undefined): Endpoint {
  if (endpoint === undefined) throw errnoError('EBADF', 'no such end');
  return endpoint;
}
