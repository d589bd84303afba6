import { type RemoteInfo, Socket as SystemDatagramSocket } from 'node:dgram';
import type { DtlsListener } from '../datagram-listener.js';
import { type AvsError, errnoError, isErrno } from '../errors.js';
import { ipFamily } from '../ip-address.js';
import type { SecureSocket } from '../secure-socket.js';
import type { Socket } from '../socket.js';
import { parseAddressCall, parseSend, type SendCall } from './dgram-arguments.js';
import { DgramPeers } from './dgram-peers.js';
import { EarlySends } from './early-sends.js';
import { resolveHost } from './resolve.js';
import { systemError } from './system-error.js';

/** Options of {@link dgramView}. */
export interface DgramViewOptions {
  /** What the view's `type` says before it is bound or connected. Default `'udp4'`. */
  readonly type?: 'udp4' | 'udp6' | undefined;
}

/**
 * A socket, or a listener with all its associations, as a `dgram.Socket`: an instance of it, so that code written for `dgram`
 * speaks DTLS unchanged. The view sets the receiver of the socket and accepts for the listener; nobody else should.
 *
 * - Over a socket it sends to the one peer; an address given to `send` must be the peer's. An end by the peer is 'close'.
 * - As with dgram, `send` on a view that is not bound binds it; over a DTLS socket it is ENOTCONN. What is sent while the view is
 *   being opened waits for that, up to 212,992 bytes; more is ENOBUFS.
 * - Over a listener it sends to the associations by address and port. What is sent to a peer without an association is lost, as
 *   on UDP, and the callback hears of no error. What goes wrong with one association is the event 'associationError' (error,
 *   remote), never 'error'; 'association' (socket) announces each one.
 * - Errors are as Node's: `code` is a name such as `'ECONNREFUSED'`; `cause` is the {@link AvsError}.
 * - `close` closes the socket or listener, which its maker can use again or clean up.
 *
 * @throws TypeError not a socket of a datagram type.
 */
export function dgramView(socket: Socket | DtlsListener, options: DgramViewOptions = {}): DgramView {
  const type: unknown = socket?.type;
  if (type !== 'udp' && type !== 'dtls')
    throw new TypeError('socket: expected a Socket of type udp or dtls, or a DtlsListener');
  return new DgramView(socket, options);
}

const isListener = (socket: Socket | DtlsListener): socket is DtlsListener => 'stats' in socket;

/** See {@link dgramView}. */
export class DgramView extends SystemDatagramSocket {
  type: 'udp4' | 'udp6';
  readonly #listener: DtlsListener | undefined;
  readonly #socket: Socket | undefined;
  readonly #peers = new DgramPeers(this);
  #phase: 'idle' | 'opening' | 'open' | 'closed' = 'idle';
  #referenced = true;
  /** What was sent while opening: it goes out then. */
  readonly #early = new EarlySends();

  /** @internal Use {@link dgramView}. */
  constructor(socket: Socket | DtlsListener, options: DgramViewOptions) {
    // A handle without a descriptor: nothing is bound or connected by it.
    super({ type: options.type ?? 'udp4' } as never);
    this.type = options.type ?? 'udp4';
    if (isListener(socket)) this.#listener = socket;
    else this.#socket = socket;
    if (socket.state === 'closed') return;
    this.#phase = 'opening';
    process.nextTick(() => this.#opened());
  }

  /** The association with a peer, as its 'message' events name it; over a socket, the socket. Undefined when there is none. */
  association(remote: Pick<RemoteInfo, 'address' | 'port'>): Socket | undefined {
    return this.#socket ?? this.#peers.find(remote.address, remote.port);
  }

  override bind(...given: unknown[]): this {
    const { port = 0, address, callback } = parseAddressCall(given, 0);
    this.#checkRunning();
    if (this.#phase !== 'idle') throw nodeError(errnoError('EINVAL', 'bind: the view is bound already'));
    this.#bind(port, address, callback);
    return this;
  }

  override connect(...given: unknown[]): void {
    const { port, address, callback } = parseAddressCall(given, 1);
    this.#checkRunning();
    if (port === undefined) throw new TypeError('port: expected a number');
    if (this.#socket === undefined) throw nodeError(errnoError('ENOTSUP', 'connect: the view is of a listener'));
    const opening = this.#socket.connect(address ?? this.#loopback, port).then(() => {
      if (callback !== undefined) this.once('connect', callback as () => void);
    });
    this.#open(opening, 'connect', callback);
  }

  override disconnect(): void {
    throw nodeError(errnoError('ENOTSUP', 'disconnect: close the view, and connect the socket again'));
  }

  override send(message: unknown, ...given: unknown[]): void {
    const call = parseSend(message, given);
    this.#checkRunning();
    const canBind = call.port !== undefined && this.#socket?.type !== 'dtls';
    if (this.#phase === 'idle' && canBind) this.#bind(0, undefined, undefined);
    if (this.#phase === 'open') this.#send(call);
    else if (this.#phase === 'opening') {
      if (!this.#early.add(call))
        this.#afterSend(call, errnoError('ENOBUFS', 'send: too much waits for the view to open'));
    } else this.#afterSend(call, errnoError('ENOTCONN', 'send: the view is neither bound nor connected'));
  }

  override close(callback?: () => void): this {
    this.#checkRunning();
    if (callback !== undefined) this.once('close', callback);
    this.#close();
    return this;
  }

  override address(): { address: string; family: string; port: number } {
    this.#checkRunning();
    return asNode('address', () => endpointInfo(this.#below.localHost, this.#below.localPort));
  }

  override remoteAddress(): { address: string; family: string; port: number } {
    this.#checkRunning();
    return asNode('remoteAddress', () => endpointInfo(this.#below.remoteHost, this.#below.remotePort));
  }

  override ref(): this {
    this.#referenced = true;
    this.#applyReference();
    return this;
  }

  override unref(): this {
    this.#referenced = false;
    this.#applyReference();
    return this;
  }

  override setTTL(ttl: number): number {
    return this.#system()?.setTTL(ttl) ?? ttl;
  }

  override setBroadcast(flag: boolean): void {
    if (flag) throw nodeError(errnoError('ENOTSUP', 'setBroadcast: an association has one peer'));
  }

  /** Without effect: nothing is ever sent to a group. */
  override setMulticastTTL(ttl: number): number {
    return ttl;
  }

  /** Without effect: nothing is ever sent to a group. */
  override setMulticastLoopback(flag: boolean): boolean {
    return flag;
  }

  /** Without effect: nothing is ever sent to a group. */
  override setMulticastInterface(): void {}

  override addMembership(): void {
    throw noGroups('addMembership');
  }

  override dropMembership(): void {
    throw noGroups('dropMembership');
  }

  override addSourceSpecificMembership(): void {
    throw noGroups('addSourceSpecificMembership');
  }

  override dropSourceSpecificMembership(): void {
    throw noGroups('dropSourceSpecificMembership');
  }

  override getRecvBufferSize(): number {
    return this.#knownSystem().getRecvBufferSize();
  }

  override getSendBufferSize(): number {
    return this.#knownSystem().getSendBufferSize();
  }

  override setRecvBufferSize(size: number): void {
    this.#knownSystem().setRecvBufferSize(size);
  }

  override setSendBufferSize(size: number): void {
    this.#knownSystem().setSendBufferSize(size);
  }

  override getSendQueueSize(): number {
    return this.#system()?.getSendQueueSize() ?? 0;
  }

  override getSendQueueCount(): number {
    return this.#system()?.getSendQueueCount() ?? 0;
  }

  #bind(port: number, address: string | undefined, callback: (() => void) | undefined): void {
    const any = this.type === 'udp6' ? '::' : '0.0.0.0';
    const opening = this.#below.bind(address ?? any, port).then(() => {
      if (callback !== undefined) this.once('listening', callback);
    });
    this.#open(opening);
  }

  #open(opening: Promise<void>, event?: 'connect', callback?: (error: Error) => void): void {
    const before = this.#phase;
    if (before !== 'open') this.#phase = 'opening';
    opening.then(
      () => {
        this.#opened(before === 'open');
        if (event !== undefined && this.#phase === 'open') this.emit(event);
      },
      (error: unknown) => {
        if (this.#phase === 'closed') return;
        const reason = systemError(error, event ?? 'bind');
        this.#phase = before === 'open' && this.#below.state !== 'closed' ? 'open' : 'idle';
        for (const call of this.#early.take()) this.#afterSend(call, reason);
        if (callback !== undefined) process.nextTick(callback, nodeError(reason));
        else process.nextTick(() => this.emit('error', nodeError(reason)));
      },
    );
  }

  #opened(wasOpen = false): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'open';
    try {
      this.type = ipFamily(this.#below.localHost) === 6 ? 'udp6' : 'udp4';
    } catch {
      // A socket below that does not know its address: what was configured stands.
    }
    this.#applyReference();
    if (!wasOpen) this.emit('listening');
    for (const call of this.#early.take()) this.#send(call);
    if (this.#listener !== undefined && !wasOpen) this.#accept(this.#listener);
    if (this.#socket !== undefined) this.#receiveFrom(this.#socket);
  }

  #receiveFrom(socket: Socket): void {
    try {
      socket.setReceiver({
        onData: (data, host, port) => this.deliver(data, host, port),
        onError: (error) => {
          if (hasEnded(socket)) this.#close();
          this.emit('error', nodeError(error));
        },
        onEnd: () => this.#close(),
      });
    } catch {
      this.#close(); // Cleaned up by its maker while the view was opening.
    }
  }

  async #accept(listener: DtlsListener): Promise<void> {
    try {
      for await (const socket of listener) this.#peers.add(socket);
    } catch (error) {
      if (this.#phase !== 'closed') this.emit('error', nodeError(systemError(error, 'accept')));
    } finally {
      this.#close();
    }
  }

  /** @internal */
  deliver(data: Uint8Array, address: string, port: number): void {
    const message = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const family = familyName(address);
    this.emit('message', message, { address, family, port, size: message.length } satisfies RemoteInfo);
  }

  /** @internal */
  tellAssociation(socket: SecureSocket): void {
    this.#emitSafely('association', socket);
  }

  /** @internal */
  tellAssociationError(error: AvsError, address: string, port: number): void {
    this.#emitSafely('associationError', nodeError(error), { address, family: familyName(address), port });
  }

  /** An exception of a listener surfaces as uncaught, as others do, but whoever has told it goes on. */
  #emitSafely(event: 'association' | 'associationError', ...values: unknown[]): void {
    try {
      this.emit(event, ...values);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #send(call: SendCall): void {
    const { data, port, address } = call;
    const sending =
      this.#socket === undefined ? this.#sendToPeer(call) : this.#sendOn(this.#socket, data, port, address);
    sending.then(
      () => this.#afterSend(call, undefined),
      (error: unknown) => this.#afterSend(call, systemError(error, 'send')),
    );
  }

  async #sendOn(socket: Socket, data: Buffer, port: number | undefined, address: string | undefined): Promise<void> {
    if (port === undefined) return socket.send(data);
    if (address !== undefined) return socket.sendTo(data, address, port);
    return socket.sendTo(data, socket.state === 'bound' ? this.#loopback : socket.remoteHost, port);
  }

  async #sendToPeer({ data, port, address = this.#loopback }: SendCall): Promise<void> {
    if (port === undefined)
      throw errnoError('EDESTADDRREQ', 'send: the view of a listener needs an address and a port');
    const peer = this.#peers.find(address, port) ?? (await this.#findByName(address, port));
    try {
      if (peer === undefined) throw errnoError('ENOTCONN', `send: no association with ${address}:${port}`);
      await peer.send(data);
    } catch (error) {
      if (!isLoss(error)) throw error;
      this.tellAssociationError(error, address, port);
    }
  }

  /** The association with one of the addresses of a name. @throws EADDRNOTAVAIL the name does not resolve. */
  async #findByName(host: string, port: number): Promise<SecureSocket | undefined> {
    if (ipFamily(host) !== undefined) return undefined;
    const { signal } = new AbortController();
    for (const { address } of await resolveHost(host, port, { forced: 0, preferred: 0 }, signal)) {
      const peer = this.#peers.find(address, port);
      if (peer !== undefined) return peer;
    }
    return undefined;
  }

  /** Where dgram sends and connects to when no address is given. */
  get #loopback(): string {
    return this.type === 'udp6' ? '::1' : '127.0.0.1';
  }

  #afterSend({ callback, data, port, address }: SendCall, error: AvsError | undefined): void {
    if (error === undefined) {
      if (callback !== undefined) process.nextTick(callback, null, data.length);
    } else if (callback !== undefined) process.nextTick(callback, nodeError(error), 0);
    else if (this.#phase === 'closed') return;
    else if (this.#listener !== undefined) this.tellAssociationError(error, address ?? '', port ?? 0);
    else process.nextTick(() => this.emit('error', nodeError(error)));
  }

  #close(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    for (const call of this.#early.take()) this.#afterSend(call, errnoError('ENOTCONN', 'send: the view was closed'));
    const closing = async (): Promise<void> => {
      try {
        this.#socket?.setReceiver(undefined);
        await this.#peers.close();
        await this.#below.close();
      } catch {
        // Cleaned up by its maker already: there is nothing to close.
      }
      super.close();
    };
    void closing();
  }

  #checkRunning(): void {
    if (this.#phase !== 'closed') return;
    throw Object.assign(new Error('Not running'), { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' });
  }

  get #below(): Socket | DtlsListener {
    const below = this.#socket ?? this.#listener;
    if (below === undefined) throw errnoError('EBADF', 'the view has nothing below');
    return below;
  }

  #system(): SystemDatagramSocket | undefined {
    const { system } = this.#below;
    return system instanceof SystemDatagramSocket ? system : undefined;
  }

  #knownSystem(): SystemDatagramSocket {
    const system = this.#system();
    if (system === undefined) throw nodeError(errnoError('EBADF', 'there is no system socket below'));
    return system;
  }

  #applyReference(): void {
    if (this.#referenced) this.#system()?.ref();
    else this.#system()?.unref();
  }
}

function endpointInfo(address: string, port: number): { address: string; family: string; port: number } {
  return { address, family: familyName(address), port };
}

function asNode<T>(action: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw nodeError(systemError(error, action));
  }
}

const familyName = (address: string): 'IPv4' | 'IPv6' => (ipFamily(address) === 6 ? 'IPv6' : 'IPv4');

const hasEnded = (socket: Socket): boolean => socket.state === 'closed' || socket.state === 'shutdown';

/** Errors that on UDP would be a datagram lost. */
const isLoss = (error: unknown): error is AvsError =>
  isErrno(error, 'ENOTCONN') ||
  isErrno(error, 'EBADF') ||
  isErrno(error, 'ECONNREFUSED') ||
  isErrno(error, 'ECONNRESET');

const noGroups = (operation: string): Error =>
  nodeError(errnoError('ENOTSUP', `${operation}: an association has one peer, and no groups`));

/** An error as Node's own are, with a name as its `code`. */
function nodeError(error: AvsError): Error {
  return Object.assign(new Error(error.message, { cause: error }), { code: error.errno ?? 'EPROTO' });
}
