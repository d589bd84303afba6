import type { Alert } from './alerts.js';
import { checkBytes, checkHost, checkPort } from './argument-checks.js';
import type { Association, CarrierSocket } from './association.js';
import { closeBelow } from './below.js';
import type { Clock } from './clock.js';
import { settled } from './clock-alarm.js';
import { addDrops, noDrops } from './drop-counts.js';
import { type EndReason, endReason } from './end-reason.js';
import type { DropReason, EngineInfo } from './engine.js';
import { type AvsError, errnoError } from './errors.js';
import { checkExport } from './exporter.js';
import { datagramSizeOf, maxPlaintextLength } from './inner-mtu.js';
import type { HandshakeTimeouts, ReadableOption, ReadableOptions, WritableOption, WritableOptions } from './options.js';
import type { ReceiveQueue } from './receive-queue.js';
import type { RebindOptions, SecureSocket } from './secure-socket.js';
import type { ReceivedDatagram, ReceiveOptions, Receiver, Socket, SocketState, WaitOptions } from './socket.js';
import { checkReceiveTimeout, copyHandshakeTimeouts } from './socket-settings.js';

/** How long `close` waits for the socket below to take the close_notify, ms. */
const farewellTime = 1_000;

/**
 * What client and accepted secure sockets have in common: everything once there is an association. The sockets differ in how
 * they come by one.
 */
export abstract class SecureSocketBase implements SecureSocket {
  abstract readonly type: 'dtls' | 'tls';
  readonly #clock: Clock;
  #association: Association | undefined;
  #carrier: CarrierSocket | undefined;
  #info: EngineInfo | undefined;
  #recvTimeout = 30_000;
  #handshakeTimeouts: HandshakeTimeouts;
  #cleanedUp = false;
  #closing: Promise<void> | undefined;
  #cleaning: Promise<void> | undefined;
  /** Of the associations before the present one. */
  #earlier: { bytesSent: number; bytesReceived: number; dropped: Record<DropReason, number> } | undefined;

  protected constructor(clock: Clock, handshakeTimeouts: HandshakeTimeouts) {
    this.#clock = clock;
    this.#handshakeTimeouts = handshakeTimeouts;
  }

  abstract connect(host: string, port: number, options?: WaitOptions): Promise<void>;
  abstract decorate(backend: Socket, options?: WaitOptions): Promise<void>;
  abstract bind(address: string, port: number): Promise<void>;
  abstract accept(options?: WaitOptions): Promise<Socket>;
  abstract rebind(options?: RebindOptions): Promise<void>;
  abstract suspend(): Promise<void>;

  /** Where what is received waits. */
  protected abstract get inbox(): ReceiveQueue;
  /** The state when there is no association. */
  protected abstract get idleState(): 'closed' | 'bound';
  /** The state when the association is whole. */
  protected abstract get openState(): 'accepted' | 'connected';
  /** The worst case of {@link Engine.maxPlaintext}, before one is negotiated. */
  protected abstract worstMaxPlaintext(size: number): number;
  /** Ends a `connect`, `decorate` or `bind` that is under way, and waits until it has put everything in order. */
  protected abstract cancelAttempt(reason: EndReason): Promise<void> | undefined;
  /** Called when the socket is closed, before the socket below is. What it gives back is waited for, for a while. */
  protected abstract onClosed(): Promise<void> | undefined;
  /** Called last by `cleanup`. */
  protected abstract onCleanup(): void;

  /** The last connect went on with an association that was kept. */
  protected get connectionIdResumed(): boolean {
    return false;
  }

  protected get association(): Association | undefined {
    return this.#association;
  }

  /** The present association, alive or not; the one before goes into the counts. */
  protected set association(association: Association | undefined) {
    const before = this.#association;
    if (before !== undefined) {
      this.#earlier ??= { bytesSent: 0, bytesReceived: 0, dropped: noDrops() };
      this.#earlier.bytesSent += before.bytesSent;
      this.#earlier.bytesReceived += before.bytesReceived;
      addDrops(this.#earlier.dropped, before.drops);
      this.#info = before.info ?? this.#info;
      before.destroy();
    }
    this.#association = association;
  }

  protected get carrier(): CarrierSocket | undefined {
    return this.#carrier;
  }

  protected set carrier(carrier: CarrierSocket | undefined) {
    this.#carrier = carrier;
  }

  protected get handshakeTimeouts(): HandshakeTimeouts {
    return this.#handshakeTimeouts;
  }

  protected get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Whether this socket is `backend`, or is below it at any depth. */
  protected isUnder(backend: unknown): boolean {
    for (let above = backend; ; above = above.#carrier) {
      if (above === this) return true;
      if (typeof above !== 'object' || above === null || !(#carrier in above)) return false;
    }
  }

  /** @throws EBADF after cleanup. */
  protected checkUsable(): void {
    if (this.#cleanedUp) throw cleanedUp();
  }

  get state(): SocketState {
    const association = this.#association;
    if (association === undefined || !association.wasEstablished) return this.#cleanedUp ? 'closed' : this.idleState;
    return association.isOpen ? this.openState : 'shutdown';
  }

  get info(): EngineInfo | undefined {
    return this.#association?.info ?? this.#info;
  }

  get dropped(): Readonly<Record<DropReason, number>> {
    const total = noDrops();
    addDrops(total, this.#earlier?.dropped);
    addDrops(total, this.#association?.drops);
    return total;
  }

  get lastAlert(): Alert | undefined {
    return this.#association?.lastAlert;
  }

  exportKeyingMaterial(length: number, label: string, context?: Uint8Array): Uint8Array {
    this.checkUsable();
    checkExport(length, label, context);
    const association = this.#association;
    if (association === undefined) throw errnoError('ENOTCONN', `exportKeyingMaterial: the socket is ${this.state}`);
    return association.exportKeyingMaterial(length, label, context);
  }

  async send(data: Uint8Array): Promise<void> {
    this.checkUsable();
    checkBytes('data', data);
    const association = this.#association;
    if (association === undefined || !association.isOpen) {
      throw errnoError('ENOTCONN', `send: the socket is ${this.state}`);
    }
    if (this.type === 'dtls' && data.length > this.#innerMtu()) {
      throw errnoError('EMSGSIZE', `${data.length} bytes are more than the inner MTU (${this.#innerMtu()})`);
    }
    await association.send(data);
  }

  /** As `send` if host and port are the peer's. @throws ENOTSUP they are not. */
  async sendTo(data: Uint8Array, host: string, port: number): Promise<void> {
    this.checkUsable();
    checkBytes('data', data);
    checkHost('host', host);
    checkPort('port', port);
    const carrier = this.#carrier;
    if (carrier === undefined || !this.#association?.isOpen) {
      throw errnoError('ENOTCONN', `sendTo: the socket is ${this.state}`);
    }
    const isPeer = port === carrier.remotePort && (host === carrier.remoteHost || host === this.remoteHostname);
    if (!isPeer) throw errnoError('ENOTSUP', `sendTo ${host}:${port}: a secure socket sends to its peer only`);
    await this.send(data);
  }

  async receive(options?: ReceiveOptions): Promise<Uint8Array> {
    this.checkUsable();
    return this.inbox.receive(options, this.#recvTimeout);
  }

  async receiveFrom(options?: ReceiveOptions): Promise<ReceivedDatagram> {
    this.checkUsable();
    return this.inbox.receiveFrom(options, this.#recvTimeout);
  }

  tryReceive(): ReceivedDatagram | undefined {
    this.checkUsable();
    return this.inbox.tryReceive();
  }

  setReceiver(receiver: Receiver | undefined): void {
    this.checkUsable();
    this.inbox.setReceiver(receiver);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    return this.inbox.iterate();
  }

  async shutdown(): Promise<void> {
    this.checkUsable();
    const association = this.#association;
    if (association === undefined || !association.wasEstablished) {
      throw errnoError('ENOTCONN', `shutdown: the socket is ${this.state}`);
    }
    await association.close();
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

  get system(): object | undefined {
    return this.#carrier?.system;
  }

  get interfaceName(): string {
    return this.#below().interfaceName;
  }

  get remoteHost(): string {
    return this.#below().remoteHost;
  }

  get remoteHostname(): string {
    return this.#below().remoteHostname;
  }

  get remotePort(): number {
    return this.#below().remotePort;
  }

  get localHost(): string {
    return this.#below().localHost;
  }

  get localPort(): number {
    return this.#below().localPort;
  }

  getOption<K extends ReadableOption>(key: K): ReadableOptions[K];
  getOption(key: ReadableOption): unknown {
    this.checkUsable();
    switch (key) {
      case 'recvTimeout':
        return this.#recvTimeout;
      case 'state':
        return this.state;
      case 'innerMtu':
        if (this.type === 'tls') throw errnoError('ENOTSUP', 'a stream has no innerMtu');
        return this.#innerMtu();
      case 'sessionResumed':
        return this.connectionIdResumed || (this.info?.resumed ?? false);
      case 'connectionIdResumed':
        return this.connectionIdResumed;
      case 'bytesSent':
        return (this.#earlier?.bytesSent ?? 0) + (this.#association?.bytesSent ?? 0);
      case 'bytesReceived':
        return (this.#earlier?.bytesReceived ?? 0) + (this.#association?.bytesReceived ?? 0);
      case 'hasBufferedData':
        return this.#association?.hasBufferedData ?? false;
      case 'handshakeTimeouts':
        return { ...this.#handshakeTimeouts };
      case 'addressFamily':
      case 'mtu':
        return this.#below().getOption(key);
      case 'preferredAddressFamily':
      case 'forcedAddressFamily':
        return this.#resolving(key).getOption(key);
      default:
        throw errnoError('ENOTSUP', `a ${this.type} socket has no option ${String(key)} that can be read`);
    }
  }

  /** @throws ENOTSUP also for `daneTlsaRecords`: no configuration asks for DANE yet. */
  setOption<K extends WritableOption>(key: K, value: WritableOptions[K]): void;
  setOption(key: WritableOption, value: unknown): void {
    this.checkUsable();
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
        this.#resolving(key).setOption(key, value as WritableOptions[typeof key]);
        break;
      case 'daneTlsaRecords':
        throw errnoError('ENOTSUP', 'daneTlsaRecords: the socket is not configured for DANE');
      default:
        throw errnoError('ENOTSUP', `a ${this.type} socket has no option ${String(key)} that can be set`);
    }
  }

  #innerMtu(): number {
    const size = datagramSizeOf(this.#below());
    const exact = this.#association?.maxPlaintext(size);
    if (exact !== undefined) return Math.min(exact, maxPlaintextLength);
    const negotiated = this.#association?.info?.maxFragmentLength ?? maxPlaintextLength;
    return Math.min(this.worstMaxPlaintext(size), negotiated);
  }

  /** The socket below, where there are names to resolve. */
  #resolving(key: string): CarrierSocket {
    this.checkUsable();
    if (this.openState === 'accepted') throw errnoError('ENOTSUP', `an accepted socket has no option ${key}`);
    return this.#below();
  }

  #below(): CarrierSocket {
    this.checkUsable();
    if (this.#carrier === undefined) throw errnoError('EBADF', 'there is no socket below');
    return this.#carrier;
  }

  #close(reason: EndReason): Promise<void> {
    this.#closing ??= this.#end(reason).finally(() => {
      this.#closing = undefined;
    });
    return this.#closing;
  }

  async #end(reason: EndReason): Promise<void> {
    this.inbox.close(reason);
    const association = this.#association;
    const farewell = association?.isOpen ? association.close().catch(() => undefined) : undefined;
    this.association = undefined;
    await this.cancelAttempt(reason);
    if (farewell !== undefined) await settled(this.#clock, farewell, farewellTime);
    const carrier = this.#carrier;
    const closed = this.onClosed();
    if (carrier !== undefined) await closeBelow(carrier);
    if (closed !== undefined) await settled(this.#clock, closed, farewellTime);
  }

  async #cleanup(): Promise<void> {
    this.#cleanedUp = true;
    try {
      await this.#close(endReason(cleanedUp));
    } finally {
      try {
        await this.#carrier?.cleanup();
      } finally {
        this.#carrier = undefined;
        this.onCleanup();
      }
    }
  }
}

const cleanedUp = (): AvsError => errnoError('EBADF', 'the socket was cleaned up');
