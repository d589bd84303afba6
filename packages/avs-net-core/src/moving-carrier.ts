import type { CarrierSocket } from './association.js';
import { closeBelow, closeQuietly, peerOf, releaseQuietly } from './below.js';
import type { Clock } from './clock.js';
import type { Endpoint } from './configuration.js';
import type { AvsErrnoName } from './errno.js';
import { type AvsError, errnoError, isErrno } from './errors.js';
import { asAvsError } from './foreign-error.js';
import { datagramSizeOf } from './inner-mtu.js';
import type { ReadableOption, ReadableOptions, WritableOption, WritableOptions } from './options.js';
import type { Receiver, Socket, SocketState } from './socket.js';

/** What the socket below says when the network has changed under it. */
const networkChanges: readonly AvsErrnoName[] = ['ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL', 'EHOSTUNREACH'];

/** What a {@link MovingCarrier} is made of. */
export interface MovingCarrierOptions {
  readonly clock: Clock;
  /** Whether the association goes on from another address. */
  canMove(): boolean;
  /** How long after a move of its own accord there is no other, ms. */
  pause(): number;
  /** What must settle before anything may be sent; undefined: nothing. `send` rejects with what it rejects with. */
  gate?(): Promise<void> | undefined;
}

/**
 * The socket below of an association that outlives it: with a connection ID the peer knows the association from whatever address. It
 * can be opened anew, by the caller or when the network has changed, or another can take its place. What is sent meanwhile waits.
 */
export class MovingCarrier implements CarrierSocket, Receiver {
  #below: Socket;
  #receiver: Receiver | undefined;
  /** Settles when the move under way is over, well or not. */
  #moving: Promise<void> | undefined;
  #abort: AbortController | undefined;
  #lastMove = Number.NEGATIVE_INFINITY;
  #isClosed = false;
  /** What `connect` was told. */
  readonly #hostname: string;
  #remote: Endpoint;
  #size: number;

  constructor(
    below: Socket,
    hostname: string | undefined,
    private readonly options: MovingCarrierOptions,
  ) {
    this.#below = below;
    this.#remote = peerOf(below);
    this.#hostname = hostname ?? this.#remote.host;
    this.#size = datagramSizeOf(below);
  }

  /** Bytes of the largest datagram, on the path that is in use or was last. */
  get datagramSize(): number {
    if (this.#isReady) this.#size = datagramSizeOf(this.#below);
    return this.#size;
  }

  /** Whether a move is under way. */
  get isMoving(): boolean {
    return this.#moving !== undefined;
  }

  /**
   * Opens the socket below anew, on `local` if that is given: to the peer's address, or to another one of its name where that is out of reach.
   * @throws what the socket below rejects with, which is closed then; the association goes on, and the next `send` tries again.
   */
  reopen(local: Endpoint | undefined, signal: AbortSignal | undefined): Promise<void> {
    return this.#move(signal, (aborted) => this.#reopen(local, aborted));
  }

  /** Puts a connected socket in the place of the one below, which is cleaned up. */
  replace(below: Socket, signal: AbortSignal | undefined): Promise<void> {
    return this.#move(signal, async () => {
      const before = this.#below;
      this.#below = below;
      if (before === below) return;
      releaseQuietly(before);
      await before.cleanup().catch(() => undefined);
    });
  }

  get state(): SocketState {
    return this.#isClosed ? 'closed' : 'connected';
  }

  send(data: Uint8Array): Promise<void> {
    const gate = this.options.gate?.();
    return gate === undefined ? this.#send(data) : gate.then(() => this.#send(data));
  }

  #send(data: Uint8Array): Promise<void> {
    if (this.#moving !== undefined || !this.#isReady) return this.#sendLater(data);
    return this.#below.send(data).catch((error: unknown) => this.#sendAgain(data, asAvsError(error)));
  }

  setReceiver(receiver: Receiver | undefined): void {
    this.#receiver = receiver;
    this.#below.setReceiver(receiver && this);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#abort?.abort(errnoError('ENOTCONN', 'the socket was closed'));
    await this.#moving;
    releaseQuietly(this.#below);
    await closeBelow(this.#below);
  }

  async cleanup(): Promise<void> {
    this.#isClosed = true;
    this.#abort?.abort(errnoError('EBADF', 'the socket was cleaned up'));
    await this.#moving;
    await this.#below.cleanup();
  }

  get system(): object | undefined {
    return this.#below.system;
  }

  get interfaceName(): string {
    return this.#below.interfaceName;
  }

  get remoteHost(): string {
    return this.#known((below) => below.remoteHost, this.#remote.host);
  }

  get remoteHostname(): string {
    return this.#known(() => this.#hostname, this.#hostname);
  }

  get remotePort(): number {
    return this.#known((below) => below.remotePort, this.#remote.port);
  }

  get localHost(): string {
    return this.#below.localHost;
  }

  get localPort(): number {
    return this.#below.localPort;
  }

  getOption<K extends ReadableOption>(key: K): ReadableOptions[K];
  getOption(key: ReadableOption): unknown {
    if (key === 'innerMtu' && !this.#isClosed) return this.datagramSize;
    return this.#below.getOption(key);
  }

  setOption<K extends WritableOption>(key: K, value: WritableOptions[K]): void {
    this.#below.setOption(key, value);
  }

  // Receiver: what the socket below has to tell.

  onData(data: Uint8Array, host: string, port: number): void {
    this.#receiver?.onData(data, host, port);
  }

  onError(error: AvsError): void {
    const tell = (): void => this.#receiver?.onError?.(error);
    if (this.#shouldMove(error)) this.#moveByItself().catch(tell);
    else if (this.#moving === undefined) tell();
  }

  onEnd(): void {
    if (this.#moving === undefined) this.#receiver?.onEnd?.();
  }

  get #isReady(): boolean {
    const { state } = this.#below;
    return state === 'connected' || state === 'accepted';
  }

  /** What the socket below says, or what it said last while it is being moved. */
  #known<T>(ask: (below: Socket) => T, last: T): T {
    if (!this.#isClosed && !this.#isReady) return last;
    return ask(this.#below);
  }

  async #sendLater(data: Uint8Array): Promise<void> {
    await this.#moving;
    if (!this.#isReady && this.#shouldMove(undefined)) await this.#moveByItself();
    await this.#below.send(data);
  }

  async #sendAgain(data: Uint8Array, error: AvsError): Promise<void> {
    if (!this.#shouldMove(error)) throw error;
    await this.#moveByItself();
    await this.#below.send(data);
  }

  /** Whether an error, or a socket below that is not open, is a reason to move that has not been tried just now. */
  #shouldMove(error: AvsError | undefined): boolean {
    if (this.#isClosed || !this.options.canMove()) return false;
    const isChange = !this.#isReady || networkChanges.some((errno) => error !== undefined && isErrno(error, errno));
    if (!isChange) return false;
    return this.#moving !== undefined || this.options.clock.now() - this.#lastMove >= this.options.pause();
  }

  #moveByItself(): Promise<void> {
    if (this.#moving !== undefined) return this.#moving;
    this.#lastMove = this.options.clock.now();
    return this.reopen(undefined, undefined);
  }

  #move(signal: AbortSignal | undefined, run: (aborted: AbortSignal) => Promise<void>): Promise<void> {
    const abort = new AbortController();
    const onAbort = (): void => abort.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort);
    const moved = run(abort.signal).then(() => {
      if (this.#isClosed) throw errnoError('ENOTCONN', 'the socket was closed');
      this.#remote = peerOf(this.#below);
      if (this.#receiver !== undefined) this.#below.setReceiver(this);
    });
    this.#abort = abort;
    this.#moving = moved
      .catch(() => undefined)
      .finally(() => {
        signal?.removeEventListener('abort', onAbort);
        this.#moving = undefined;
        this.#abort = undefined;
      });
    return moved;
  }

  async #reopen(local: Endpoint | undefined, signal: AbortSignal): Promise<void> {
    const below = this.#below;
    await closeBelow(below);
    let failure: unknown;
    for (const host of new Set([this.#remote.host, this.#hostname])) {
      try {
        signal.throwIfAborted();
        if (local !== undefined) await below.bind(local.host, local.port);
        await below.connect(host, this.#remote.port, { signal });
        return;
      } catch (error) {
        failure = error;
        await closeQuietly(below);
      }
    }
    throw asAvsError(failure);
  }
}
