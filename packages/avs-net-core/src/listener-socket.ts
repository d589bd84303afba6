import { AcceptQueue } from './accept-queue.js';
import type { AcceptedSocketContext } from './accepted-socket.js';
import { checkBytes, checkHost, checkInteger, checkObject, checkPort, invalid } from './argument-checks.js';
import { AssociationTable } from './association-table.js';
import { Attempt } from './attempt.js';
import { checkNotCleanedUp, closeBelow, closeQuietly, releaseQuietly } from './below.js';
import { settled } from './clock-alarm.js';
import type { DtlsListener, ListenerStats } from './datagram-listener.js';
import type { ServerEngineFactory } from './engine.js';
import { type AvsError, errnoError } from './errors.js';
import { asAvsError } from './foreign-error.js';
import { datagramSizeOf, maxPlaintextLength } from './inner-mtu.js';
import { ListenerCounters } from './listener-counters.js';
import { decodeListener, encodeListener } from './listener-state.js';
import type { HandshakeTimeouts, ReadableOption, ReadableOptions, WritableOption, WritableOptions } from './options.js';
import { platformRandom } from './random.js';
import { checkSignal } from './receive-queue.js';
import type { SecureSocket } from './secure-socket.js';
import type { ReceivedDatagram, Socket, WaitOptions } from './socket.js';
import { checkReceiveTimeout, copyHandshakeTimeouts } from './socket-settings.js';
import type { ListenerSettings } from './tls-settings.js';

/** How long `close` waits for the socket below to take the close_notifies, ms. */
const farewellTime = 1_000;

/** A listener as the user sees it: states, arguments, options. The associations are the {@link AssociationTable}'s. */
export class ListenerSocket implements DtlsListener {
  readonly type = 'dtls';
  readonly #engines: ServerEngineFactory;
  readonly #settings: ListenerSettings;
  #backend: Socket | undefined;
  readonly #counters = new ListenerCounters();
  readonly #backlog: AcceptQueue<SecureSocket>;
  #table: AssociationTable | undefined;
  #handshakeTimeouts: HandshakeTimeouts;
  #recvTimeout = 30_000;
  #attempt: Attempt | undefined;
  #cleanedUp = false;
  #closing: Promise<void> | undefined;
  #cleaning: Promise<void> | undefined;

  /** @throws EINVAL `backend` is not a datagram socket. */
  constructor(engines: ServerEngineFactory, settings: ListenerSettings, backend: Socket | undefined) {
    if (backend !== undefined && backend.type !== 'udp') throw invalid('createBackend', 'a maker of datagram sockets');
    this.#engines = engines;
    this.#settings = settings;
    this.#backend = backend;
    this.#handshakeTimeouts = settings.handshakeTimeouts;
    this.#backlog = new AcceptQueue(settings.clock);
  }

  get state(): 'closed' | 'bound' {
    return this.#table === undefined ? 'closed' : 'bound';
  }

  get stats(): ListenerStats {
    return this.#counters.snapshot(this.#table?.associations ?? 0, this.#table?.halfOpen ?? 0);
  }

  async bind(address: string, port: number): Promise<void> {
    this.#checkUsable();
    checkHost('address', address);
    checkInteger('port', port, 0, 65_535);
    if (this.#table !== undefined || this.#attempt !== undefined || this.#closing !== undefined) {
      throw errnoError('EBADF', 'bind: the listener is bound, or being bound or closed');
    }
    const backend = this.#below();
    const attempt = new Attempt(undefined);
    this.#attempt = attempt;
    try {
      await attempt.race(backend.bind(address, port));
      attempt.throwIfFailed();
      this.#open(backend);
    } catch (error) {
      await closeQuietly(backend);
      throw asAvsError(attempt.verdict(error));
    } finally {
      this.#attempt = undefined;
      attempt.done();
    }
  }

  /**
   * Puts the listener on top of a datagram socket instead of one of its own: a closed one, which `bind` binds, or a bound one,
   * which is served at once. The listener owns it from then on.
   * @throws TypeError it is no socket; EINVAL it is no datagram socket; EBADF it is neither closed nor bound, or was cleaned
   * up, or this listener is not closed.
   */
  async decorate(backend: Socket): Promise<void> {
    this.#checkUsable();
    checkObject('backend', backend);
    if (backend.type !== 'udp') throw invalid('backend', 'a datagram socket');
    if (this.#table !== undefined || this.#attempt !== undefined || this.#closing !== undefined) {
      throw errnoError('EBADF', 'decorate: the listener is bound, or being bound or closed');
    }
    if (backend.state !== 'closed' && backend.state !== 'bound') {
      throw errnoError('EBADF', `decorate: the socket is ${backend.state}; it must be closed or bound`);
    }
    checkNotCleanedUp('backend', backend);
    const before = this.#backend;
    this.#backend = backend;
    try {
      if (backend.state === 'bound') this.#open(backend);
    } catch (error) {
      this.#backend = before;
      throw asAvsError(error);
    }
    if (before !== backend) await before?.cleanup().catch(() => undefined);
  }

  receiveForwarded(datagram: Uint8Array, host: string, port: number): void {
    this.#checkUsable();
    checkBytes('datagram', datagram);
    checkHost('host', host);
    checkPort('port', port);
    if (this.#table === undefined) throw errnoError('EBADF', 'receiveForwarded: the listener is not bound');
    this.#table.onForwarded(new Uint8Array(datagram), host, port);
  }

  async suspend(key: Uint8Array): Promise<Uint8Array> {
    this.#checkUsable();
    checkKey(key);
    const table = this.#table;
    const { restoreServer, seal } = this.#engines;
    if (table === undefined) throw errnoError('EBADF', 'suspend: the listener is not bound');
    if (restoreServer === undefined || seal === undefined) throw cannotSave('suspend');
    const error = errnoError('ECONNABORTED', 'the listener was suspended');
    const peers = table.suspend(error);
    const cidLength = this.#settings.connectionIds?.length ?? 0;
    const plaintext = encodeListener({ cidLength, peers });
    const sealed = seal.call(this.#engines, plaintext, key);
    plaintext.fill(0);
    for (const { state } of peers) state.fill(0);
    await this.#close(error);
    return sealed;
  }

  async resume(state: Uint8Array, key: Uint8Array): Promise<number> {
    this.#checkUsable();
    checkBytes('state', state);
    checkKey(key);
    const { restoreServer, open } = this.#engines;
    if (this.#table === undefined) throw errnoError('EBADF', 'resume: the listener is not bound');
    if (restoreServer === undefined || open === undefined) throw cannotSave('resume');
    const plaintext = open.call(this.#engines, state, key);
    const saved = plaintext && decodeListener(plaintext);
    if (plaintext === undefined || saved === undefined) {
      throw errnoError('EINVAL', 'state: not the state of a listener, or not of this key');
    }
    try {
      const { length = 0 } = this.#settings.connectionIds ?? {};
      if (saved.cidLength !== length && saved.cidLength > 0) {
        throw invalid('state', `of a listener with connection IDs of ${length} bytes, not ${saved.cidLength}`);
      }
      const resumed = this.#table.resume(saved.peers);
      state.fill(0);
      return resumed;
    } finally {
      plaintext.fill(0);
    }
  }

  async accept(options?: WaitOptions): Promise<SecureSocket> {
    this.#checkUsable();
    return this.#backlog.take(checkSignal(options?.signal), this.#recvTimeout);
  }

  /** Yields what `accept` would, without a timeout, until the listener is closed. */
  [Symbol.asyncIterator](): AsyncIterableIterator<SecureSocket> {
    return this.#backlog.iterate();
  }

  /** Closes every association, also those that were accepted, and lets go of the port. The listener can bind again. */
  async close(): Promise<void> {
    this.#checkUsable();
    await this.#close(errnoError('ECONNABORTED', 'the listener was closed'));
  }

  cleanup(): Promise<void> {
    this.#cleaning ??= this.#cleanup();
    return this.#cleaning;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cleanup();
  }

  /** @throws ENOTSUP always. */
  async connect(): Promise<void> {
    throw this.#refusal('connect', 'a client socket connects');
  }

  /** @throws ENOTSUP always. */
  async send(): Promise<void> {
    throw this.#refusal('send', sayAccept);
  }

  /** @throws ENOTSUP always. */
  async sendTo(): Promise<void> {
    throw this.#refusal('sendTo', sayAccept);
  }

  /** @throws ENOTSUP always. */
  async receive(): Promise<Uint8Array> {
    throw this.#refusal('receive', sayAccept);
  }

  /** @throws ENOTSUP always. */
  async receiveFrom(): Promise<ReceivedDatagram> {
    throw this.#refusal('receiveFrom', sayAccept);
  }

  /** @throws ENOTSUP always. */
  tryReceive(): ReceivedDatagram | undefined {
    throw this.#refusal('tryReceive', sayAccept);
  }

  /** @throws ENOTSUP always. */
  setReceiver(): void {
    throw this.#refusal('setReceiver', sayAccept);
  }

  /** @throws ENOTSUP always. */
  async shutdown(): Promise<void> {
    throw this.#refusal('shutdown', 'close ends a listener');
  }

  get system(): object | undefined {
    return this.#cleanedUp ? undefined : this.#backend?.system;
  }

  get interfaceName(): string {
    return this.#below().interfaceName;
  }

  /** @throws EBADF always: a listener has many peers. */
  get remoteHost(): string {
    throw this.#noPeer();
  }

  /** @throws EBADF always. */
  get remoteHostname(): string {
    throw this.#noPeer();
  }

  /** @throws EBADF always. */
  get remotePort(): number {
    throw this.#noPeer();
  }

  get localHost(): string {
    return this.#below().localHost;
  }

  get localPort(): number {
    return this.#below().localPort;
  }

  getOption<K extends ReadableOption>(key: K): ReadableOptions[K];
  getOption(key: ReadableOption): unknown {
    this.#checkUsable();
    switch (key) {
      case 'recvTimeout':
        return this.#recvTimeout;
      case 'state':
        return this.state;
      case 'innerMtu':
        return Math.min(this.#engines.maxPlaintext(datagramSizeOf(this.#below())), maxPlaintextLength);
      case 'hasBufferedData':
        return this.#backlog.size > 0;
      case 'handshakeTimeouts':
        return { ...this.#handshakeTimeouts };
      case 'addressFamily':
      case 'mtu':
      case 'preferredAddressFamily':
      case 'forcedAddressFamily':
        return this.#below().getOption(key);
      default:
        throw errnoError('ENOTSUP', `a listener has no option ${String(key)} that can be read`);
    }
  }

  setOption<K extends WritableOption>(key: K, value: WritableOptions[K]): void;
  setOption(key: WritableOption, value: unknown): void {
    this.#checkUsable();
    switch (key) {
      case 'recvTimeout':
        checkReceiveTimeout(key, value);
        this.#recvTimeout = value;
        break;
      case 'handshakeTimeouts':
        this.#handshakeTimeouts = copyHandshakeTimeouts(key, value);
        break;
      case 'preferredAddressFamily':
      case 'forcedAddressFamily':
        this.#below().setOption(key, value as WritableOptions[typeof key]);
        break;
      default:
        throw errnoError('ENOTSUP', `a listener has no option ${String(key)} that can be set`);
    }
  }

  #open(backend: Socket): void {
    const size = datagramSizeOf(backend);
    const { minDatagramSize } = this.#engines;
    if (size < minDatagramSize) {
      const text = `a DTLS handshake needs datagrams of at least ${minDatagramSize} bytes; the socket below takes ${size}`;
      throw errnoError('EMSGSIZE', text);
    }
    this.#backlog.open();
    this.#table = new AssociationTable({
      backend,
      engines: this.#engines,
      limits: this.#settings.limits,
      connectionIds: this.#settings.connectionIds,
      random: this.#settings.random ?? platformRandom,
      context: this.#context(),
      backlog: this.#backlog,
      counters: this.#counters,
      onLost: (error) => {
        this.#backlog.fail(error);
        this.#close(error).catch(() => undefined);
      },
    });
    try {
      backend.setReceiver(this.#table);
    } catch (error) {
      this.#table = undefined;
      this.#backlog.close(asAvsError(error));
      throw error;
    }
  }

  /** The handshake timers are looked up at each handshake, so that a change takes effect. */
  #context(): AcceptedSocketContext {
    const timeouts = (): HandshakeTimeouts => this.#handshakeTimeouts;
    return {
      clock: this.#settings.clock,
      engines: this.#engines,
      get handshakeTimeouts() {
        return timeouts();
      },
    };
  }

  #close(error: AvsError): Promise<void> {
    this.#closing ??= this.#end(error).finally(() => {
      this.#closing = undefined;
    });
    return this.#closing;
  }

  async #end(error: AvsError): Promise<void> {
    const table = this.#table;
    this.#table = undefined;
    this.#backlog.close(error);
    const farewells = table?.close(error);
    this.#attempt?.fail(error);
    await this.#attempt?.finished;
    if (farewells !== undefined) await settled(this.#settings.clock, farewells, farewellTime);
    const backend = this.#backend;
    if (backend === undefined) return;
    releaseQuietly(backend);
    await closeBelow(backend);
  }

  async #cleanup(): Promise<void> {
    this.#cleanedUp = true;
    try {
      await this.#close(errnoError('EBADF', 'the listener was cleaned up'));
    } finally {
      try {
        await this.#backend?.cleanup();
      } finally {
        this.#engines.destroy();
      }
    }
  }

  #checkUsable(): void {
    if (this.#cleanedUp) throw errnoError('EBADF', 'the listener was cleaned up');
  }

  #below(): Socket {
    this.#checkUsable();
    if (this.#backend === undefined) {
      throw errnoError('EBADF', 'the listener has no socket below it; give it one with decorate');
    }
    return this.#backend;
  }

  #noPeer(): AvsError {
    this.#checkUsable();
    return errnoError('EBADF', 'a listener has no peer of its own; its accepted sockets have');
  }

  #refusal(operation: string, instead: string): AvsError {
    this.#checkUsable();
    return errnoError('ENOTSUP', `${operation}: not on a listener; ${instead}`);
  }
}

function checkKey(key: unknown): asserts key is Uint8Array {
  checkBytes('key', key);
  if (key.length !== 32) throw invalid('key', '32 bytes');
}

const cannotSave = (operation: string): AvsError =>
  errnoError('ENOTSUP', `${operation}: this backend cannot save associations`);

const sayAccept = 'accept gives a socket for each peer';
