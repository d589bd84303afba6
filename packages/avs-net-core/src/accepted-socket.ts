import type { Association, CarrierSocket } from './association.js';
import type { Clock } from './clock.js';
import type { ServerEngineFactory } from './engine.js';
import { type AvsError, errnoError } from './errors.js';
import type { HandshakeTimeouts } from './options.js';
import type { ReceiveQueue } from './receive-queue.js';
import { SecureSocketBase } from './secure-socket-base.js';
import type { Socket } from './socket.js';

/** What all sockets that one listener accepts share. */
export interface AcceptedSocketContext {
  readonly clock: Clock;
  readonly handshakeTimeouts: HandshakeTimeouts;
  readonly engines: Pick<ServerEngineFactory, 'maxPlaintext'>;
}

/** A secure socket that a listener hands out. Once closed it stays closed: its peer connects, not it. */
export class AcceptedSocket extends SecureSocketBase {
  readonly #context: AcceptedSocketContext;
  #inbox: ReceiveQueue | undefined;

  constructor(association: Association, carrier: CarrierSocket, context: AcceptedSocketContext) {
    super(context.clock, context.handshakeTimeouts);
    this.#context = context;
    this.association = association;
    this.carrier = carrier;
  }

  get type(): 'dtls' {
    return 'dtls';
  }

  /** @throws ENOTSUP always. */
  async connect(): Promise<void> {
    throw this.refusal('connect');
  }

  /** @throws ENOTSUP always. */
  async decorate(): Promise<void> {
    throw this.refusal('decorate');
  }

  /** @throws ENOTSUP always. */
  async bind(): Promise<void> {
    throw this.refusal('bind');
  }

  /** @throws ENOTSUP always. */
  async accept(): Promise<Socket> {
    throw this.refusal('accept');
  }

  /** @throws ENOTSUP always. */
  async rebind(): Promise<void> {
    throw this.refusal('rebind');
  }

  /** @throws ENOTSUP always: a listener saves its associations together. */
  async suspend(): Promise<void> {
    throw this.refusal('suspend');
  }

  protected get inbox(): ReceiveQueue {
    this.#inbox ??= this.association?.queue;
    if (this.#inbox === undefined) throw errnoError('ENOTCONN', 'the socket was closed');
    return this.#inbox;
  }

  protected get idleState(): 'closed' {
    return 'closed';
  }

  protected get openState(): 'accepted' {
    return 'accepted';
  }

  protected worstMaxPlaintext(size: number): number {
    return this.#context.engines.maxPlaintext(size);
  }

  protected cancelAttempt(): undefined {}

  protected onClosed(): undefined {
    this.carrier = undefined;
  }

  protected onCleanup(): void {}

  private refusal(operation: string): AvsError {
    this.checkUsable();
    return errnoError('ENOTSUP', `${operation}: the socket was accepted by a listener; make a client socket for that`);
  }
}
