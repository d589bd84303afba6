import { checkBytes, checkHost, checkInteger, checkPort } from './argument-checks.js';
import { Attempt } from './attempt.js';
import { type Clock, systemClock } from './clock.js';
import type { Endpoint, SocketConfiguration } from './configuration.js';
import { type ConnectTrial, trialOf } from './connect-trial.js';
import { type EndReason, endReason } from './end-reason.js';
import { type AvsError, errnoError } from './errors.js';
import type { AddressFamily, ReadableOption, ReadableOptions, WritableOption, WritableOptions } from './options.js';
import { checkSignal, ReceiveQueue } from './receive-queue.js';
import type { ReceivedDatagram, ReceiveOptions, Receiver, Socket, SocketState, WaitOptions } from './socket.js';
import { checkFamily, checkReceiveTimeout, copySocketConfiguration } from './socket-settings.js';

/** Where an open plain socket is. */
export interface SocketPath {
  readonly local: Endpoint;
  /** Undefined when only bound. */
  readonly remote: Endpoint | undefined;
  /** Undefined where it is not IP: then datagrams have no headers that count. */
  readonly family: AddressFamily | undefined;
  /** Bytes of a network-layer packet on this path. */
  readonly mtu: number;
}

interface Opening {
  readonly attempt: Attempt;
  readonly finished: Promise<void>;
}

/** The largest payload of a UDP datagram: 65,535 bytes less the headers of IPv4 and UDP. RFC 768, RFC 791 §3.1. */
const largestPayload = 65_507;

/** Bytes of the headers of UDP and of IP without options. RFC 768; RFC 791 §3.1; RFC 8200 §3. */
const headerSizes: Record<AddressFamily, number> = { 4: 20 + 8, 6: 40 + 8 };

/** States in which `send` works. */
const sending: ReadonlySet<SocketState> = new Set(['connected', 'accepted']);

/**
 * What all plain sockets have in common: states, arguments, options, counters, waiting and receiving. A transport extends it and
 * says how to open, send and close; received data goes to {@link queue} through {@link received}.
 */
export abstract class PlainSocket implements Socket {
  abstract readonly type: 'udp' | 'tcp';
  abstract readonly system: object | undefined;
  protected readonly configuration: SocketConfiguration;
  protected readonly clock: Clock;
  protected readonly queue: ReceiveQueue;
  protected preferredFamily: 0 | AddressFamily;
  protected forcedFamily: 0 | AddressFamily;
  protected recvTimeout = 30_000;
  #state: SocketState = 'closed';
  #path: SocketPath | undefined;
  #remoteHostname: string | undefined;
  #opening: Opening | undefined;
  #cleanedUp = false;
  /** Why a bound socket cannot be used any more. */
  #lostBinding: AvsError | undefined;
  #cleaning: Promise<void> | undefined;
  #bytesSent = 0;
  #bytesReceived = 0;

  /** @throws TypeError, EINVAL naming the field of the configuration. */
  protected constructor(
    configuration: SocketConfiguration | undefined,
    kind: 'datagram' | 'stream',
    onPressure?: (paused: boolean) => void,
  ) {
    this.configuration = copySocketConfiguration('configuration', configuration ?? {});
    this.clock = this.configuration.clock ?? systemClock;
    this.queue = new ReceiveQueue({ kind, clock: this.clock, onPressure });
    this.preferredFamily = this.configuration.preferredFamily ?? 0;
    this.forcedFamily = this.configuration.addressFamily ?? 0;
  }

  /**
   * Opens a path to `host`, also from a bound socket. Rejects with the signal's reason, and soon, when it aborts. With a trial it
   * passes over the addresses that were tried, and adds its own.
   */
  protected abstract openConnected(
    host: string,
    port: number,
    signal: AbortSignal,
    trial: ConnectTrial | undefined,
  ): Promise<SocketPath>;
  /** Binds. Rejects with the signal's reason, and soon, when it aborts. */
  protected abstract openBound(address: string, port: number, signal: AbortSignal): Promise<SocketPath>;
  /** Sends on a connected path; does not keep `data`. Undefined: it is sent. */
  protected abstract transmit(data: Uint8Array): Promise<void> | undefined;
  /** Sends one datagram from a bound socket; does not keep `data`. Undefined: it is sent. */
  protected abstract transmitTo(data: Uint8Array, host: string, port: number): Promise<void> | undefined;
  /** Ends the sending direction. */
  protected abstract finish(): Promise<void>;
  /** Lets go of everything that opening took; who waits for something rejects with the reason. Harmless when nothing is open. */
  protected abstract release(reason?: EndReason): Promise<void>;

  get state(): SocketState {
    return this.#state;
  }

  async connect(host: string, port: number, options?: WaitOptions): Promise<void> {
    this.checkUsable();
    checkHost('host', host);
    checkPort('port', port);
    const signal = checkSignal(options?.signal);
    if ((this.#state !== 'closed' && this.#state !== 'bound') || this.#opening !== undefined) {
      throw errnoError('EBADF', `connect needs a closed or bound socket; this one is ${this.#stateText()}`);
    }
    const trial = trialOf(options);
    const attempt = trial?.attempt ?? new Attempt(signal);
    try {
      await this.#open('connected', attempt, (aborted) => this.openConnected(host, port, aborted, trial));
    } finally {
      if (trial === undefined) attempt.done();
    }
    this.#remoteHostname = host;
  }

  async bind(address: string, port: number): Promise<void> {
    this.checkUsable();
    checkHost('address', address);
    checkInteger('port', port, 0, 65_535);
    if (this.#state !== 'closed' || this.#opening !== undefined) {
      throw errnoError('EBADF', `bind needs a closed socket; this one is ${this.#stateText()}`);
    }
    await this.#open('bound', new Attempt(undefined), (aborted) => this.openBound(address, port, aborted));
  }

  async decorate(): Promise<void> {
    this.checkUsable();
    throw errnoError('ENOTSUP', `decorate: a ${this.type} socket cannot be put on top of another; a secure socket can`);
  }

  async accept(_options?: WaitOptions): Promise<Socket> {
    this.checkUsable();
    throw errnoError('ENOTSUP', `accept: a ${this.type} socket has no connections to accept; a DTLS listener has`);
  }

  async send(data: Uint8Array): Promise<void> {
    this.checkUsable();
    checkBytes('data', data);
    if (!sending.has(this.#state)) throw errnoError('ENOTCONN', `send: the socket is ${this.#stateText()}`);
    this.#checkSize(data);
    const reported = this.queue.takeReported();
    if (reported !== undefined) throw reported;
    const pending = this.transmit(data);
    if (pending !== undefined) await pending;
    this.#bytesSent += data.length;
  }

  async sendTo(data: Uint8Array, host: string, port: number): Promise<void> {
    this.checkUsable();
    checkBytes('data', data);
    checkHost('host', host);
    checkPort('port', port);
    if (this.type !== 'udp') throw errnoError('ENOTSUP', 'sendTo: a stream has one peer only');
    if (this.#state === 'connected') {
      const { remote } = this.#openPath();
      if ((host === remote?.host || host === this.#remoteHostname) && port === remote?.port) return this.send(data);
      throw errnoError('EISCONN', `sendTo ${host}:${port}: the socket is connected to another address`);
    }
    if (this.#state !== 'bound') {
      throw this.#lostBinding ?? errnoError('ENOTCONN', `sendTo: the socket is ${this.#stateText()}, not bound`);
    }
    this.#checkSize(data);
    const pending = this.transmitTo(data, host, port);
    if (pending !== undefined) await pending;
    this.#bytesSent += data.length;
  }

  async receive(options?: ReceiveOptions): Promise<Uint8Array> {
    return this.queue.receive(options, this.recvTimeout);
  }

  async receiveFrom(options?: ReceiveOptions): Promise<ReceivedDatagram> {
    return this.queue.receiveFrom(options, this.recvTimeout);
  }

  tryReceive(): ReceivedDatagram | undefined {
    this.checkUsable();
    return this.queue.tryReceive();
  }

  setReceiver(receiver: Receiver | undefined): void {
    this.checkUsable();
    this.queue.setReceiver(receiver);
  }

  async shutdown(): Promise<void> {
    this.checkUsable();
    if (this.#state === 'shutdown') return;
    if (!sending.has(this.#state)) throw errnoError('ENOTCONN', `shutdown: the socket is ${this.#stateText()}`);
    this.#state = 'shutdown';
    await this.finish();
  }

  async close(): Promise<void> {
    this.checkUsable();
    await this.#close(endReason(() => errnoError('ENOTCONN', 'the socket was closed')));
  }

  cleanup(): Promise<void> {
    this.#cleaning ??= this.#cleanup();
    return this.#cleaning;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cleanup();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    return this.queue.iterate();
  }

  get interfaceName(): string {
    const { local } = this.#openPath();
    throw errnoError('EBADF', `the network interface of ${local.host} is not known`);
  }

  get remoteHost(): string {
    return this.#remote().host;
  }

  get remoteHostname(): string {
    return this.#remoteHostname ?? this.remoteHost;
  }

  get remotePort(): number {
    return this.#remote().port;
  }

  get localHost(): string {
    return this.#openPath().local.host;
  }

  get localPort(): number {
    return this.#openPath().local.port;
  }

  getOption<K extends ReadableOption>(key: K): ReadableOptions[K];
  getOption(key: ReadableOption): unknown {
    this.checkUsable();
    switch (key) {
      case 'recvTimeout':
        return this.recvTimeout;
      case 'state':
        return this.#state;
      case 'addressFamily':
        return this.#family();
      case 'mtu':
        return this.configuration.forcedMtu ?? this.#openPath().mtu;
      case 'innerMtu':
        return this.#innerMtu();
      case 'bytesSent':
        return this.#bytesSent;
      case 'bytesReceived':
        return this.#bytesReceived;
      case 'hasBufferedData':
        return this.queue.length > 0;
      case 'preferredAddressFamily':
        return this.preferredFamily;
      case 'forcedAddressFamily':
        return this.forcedFamily;
      default:
        throw errnoError('ENOTSUP', `a ${this.type} socket has no option ${String(key)}`);
    }
  }

  setOption<K extends WritableOption>(key: K, value: WritableOptions[K]): void;
  setOption(key: WritableOption, value: unknown): void {
    this.checkUsable();
    switch (key) {
      case 'recvTimeout':
        checkReceiveTimeout(key, value);
        this.recvTimeout = value;
        break;
      case 'preferredAddressFamily':
        checkFamily(key, value);
        this.preferredFamily = value;
        break;
      case 'forcedAddressFamily':
        checkFamily(key, value);
        this.forcedFamily = value;
        break;
      default:
        throw errnoError('ENOTSUP', `a ${this.type} socket has no option ${String(key)} that can be set`);
    }
  }

  /** @throws EBADF after cleanup. */
  protected checkUsable(): void {
    if (this.#cleanedUp) throw cleanedUp();
  }

  /** Where the socket is, if it is open. */
  protected get path(): SocketPath | undefined {
    return this.#path;
  }

  /** Writes where a connect has ended up to the caller's preferred endpoint, if it can be written to; on trial, once it has answered. */
  protected rememberEndpoint(host: string, port: number, trial: ConnectTrial | undefined): void {
    const { preferredEndpoint } = this.configuration;
    if (preferredEndpoint === undefined) return;
    const write = (): void => {
      Reflect.set(preferredEndpoint, 'host', host);
      Reflect.set(preferredEndpoint, 'port', port);
    };
    if (trial === undefined) write();
    else trial.confirm = write;
  }

  /** Takes what came from the network; the bytes must be the socket's to keep. False: dropped. */
  protected received(data: Uint8Array, host: string, port: number): boolean {
    const taken = this.queue.push(data, host, port);
    if (taken) this.#bytesReceived += data.length;
    return taken;
  }

  /** The connection, or the bound socket, is gone by itself: nothing can be sent any more. */
  protected lost(error: AvsError | undefined): void {
    if (this.#state === 'bound') this.#lostBinding = error;
    if (this.#state !== 'closed') this.#state = 'shutdown';
    this.queue.end(error);
  }

  /** For sockets that come open into being. */
  protected adopt(path: SocketPath): void {
    this.#path = path;
    this.#state = 'accepted';
    this.queue.open();
  }

  async #open(
    state: 'bound' | 'connected',
    attempt: Attempt,
    open: (aborted: AbortSignal) => Promise<SocketPath>,
  ): Promise<void> {
    const run = async (): Promise<void> => {
      try {
        attempt.throwIfFailed();
        const path = await open(attempt.signal);
        attempt.throwIfFailed();
        this.#path = path;
        this.#state = state;
        this.openQueue(state);
      } catch (error) {
        this.#reset();
        this.queue.close(endReason(() => errnoError('ENOTCONN', 'the socket is closed')));
        await this.release();
        throw error;
      } finally {
        this.#opening = undefined;
      }
    };
    const running = run();
    this.#opening = { attempt, finished: running.catch(() => undefined) };
    await running;
  }

  /** Begins to receive, when bound or connected. A stream that listens has nothing to receive. */
  protected openQueue(_state: 'bound' | 'connected'): void {
    this.queue.open();
  }

  async #close(reason: EndReason): Promise<void> {
    const opening = this.#opening;
    // Without one at once: of what the transport has taken from the system at a time, no more is handed out.
    if (opening !== undefined) {
      opening.attempt.fail(reason());
      await opening.finished;
    }
    this.#reset();
    this.queue.close(reason);
    await this.release(reason);
  }

  async #cleanup(): Promise<void> {
    this.#cleanedUp = true;
    try {
      await this.#close(endReason(cleanedUp));
    } finally {
      this.queue.setReceiver(undefined);
    }
  }

  #reset(): void {
    this.#state = 'closed';
    this.#path = undefined;
    this.#remoteHostname = undefined;
    this.#lostBinding = undefined;
  }

  #stateText(): string {
    return this.#opening === undefined ? this.#state : 'being opened';
  }

  #openPath(): SocketPath {
    this.checkUsable();
    if (this.#path === undefined) throw errnoError('EBADF', 'the socket is closed');
    return this.#path;
  }

  #remote(): Endpoint {
    const { remote } = this.#openPath();
    if (remote === undefined) throw errnoError('EBADF', 'the socket has no peer');
    return remote;
  }

  #checkSize(data: Uint8Array): void {
    if (this.type === 'udp' && data.length > this.#innerMtu()) {
      throw errnoError('EMSGSIZE', `${data.length} bytes are more than the inner MTU (${this.#innerMtu()})`);
    }
  }

  #family(): AddressFamily {
    const { family } = this.#openPath();
    if (family === undefined) throw errnoError('ENOTSUP', 'the addresses of this transport have no family');
    return family;
  }

  #innerMtu(): number {
    if (this.type !== 'udp') throw errnoError('ENOTSUP', 'a stream has no innerMtu');
    const { family, mtu } = this.#openPath();
    const size = (this.configuration.forcedMtu ?? mtu) - (family === undefined ? 0 : headerSizes[family]);
    return Math.max(0, Math.min(size, largestPayload));
  }
}

const cleanedUp = (): AvsError => errnoError('EBADF', 'the socket was cleaned up');
