import type { Alert } from './alerts.js';
import type { Clock } from './clock.js';
import { type AssociationEvent, channels, summaryOf } from './diagnostics.js';
import { noDrops } from './drop-counts.js';
import type {
  DropReason,
  Engine,
  EngineInfo,
  EngineSink,
  ResumableSession,
  RoutabilityCheckTypeCode,
} from './engine.js';
import type { AvsErrnoName } from './errno.js';
import { type AvsError, errnoError, isErrno } from './errors.js';
import { asAvsError } from './foreign-error.js';
import { HeldData, type HeldDataOwner } from './held-data.js';
import { ReceiveQueue, type ReceiveQueueOptions } from './receive-queue.js';
import type { Receiver, Socket } from './socket.js';

/** What a secure socket needs of the socket below once that is connected. */
export type CarrierSocket = Pick<
  Socket,
  | 'state'
  | 'send'
  | 'setReceiver'
  | 'close'
  | 'cleanup'
  | 'system'
  | 'interfaceName'
  | 'remoteHost'
  | 'remoteHostname'
  | 'remotePort'
  | 'localHost'
  | 'localPort'
  | 'getOption'
  | 'setOption'
>;

/** What an {@link Association} tells whoever runs it. Nothing is told after `destroy`. */
export interface AssociationOwner {
  established(): void;
  /** The association is over. Called once. */
  ended(error: AvsError | undefined): void;
  /** As `EngineSink.session`. */
  session(session: ResumableSession): void;
  dropped(reason: DropReason): void;
  /** As `EngineSink.newest`. */
  newest(): void;
  /** As `EngineSink.routabilityCheck`. */
  routabilityCheck(type: RoutabilityCheckTypeCode, cookie: Uint8Array): void;
  /** `timerFired` is wanted at this time, and no longer at any other; undefined: at none. Called only on a change. */
  schedule(at: number | undefined): void;
}

/** What many associations may have in common. */
export interface AssociationSettings {
  readonly role: 'client' | 'server';
  /** Stream: errors of the socket below are final, and what is not read is left in the socket below. */
  readonly kind: 'datagram' | 'stream';
  readonly clock: Clock;
  /** Of the queue that an association makes. */
  readonly queueOptions: ReceiveQueueOptions;
  /** What must settle before what has come may be handed out; undefined: nothing. What has come is lost when it rejects, which is reported. */
  readonly gate?: (() => Promise<void> | undefined) | undefined;
}

/** What an association is made of. */
export interface AssociationOptions {
  readonly owner: AssociationOwner;
  readonly carrier: CarrierSocket;
  /** The peer, as `receiveFrom` reports it. */
  readonly host: string;
  readonly port: number;
  /** Where what is received goes. Without it the association makes one when the first data or reader comes. */
  readonly queue?: ReceiveQueue | undefined;
}

/** Failures to send that say nothing about the peer: during a handshake they count as loss. */
const transient: readonly AvsErrnoName[] = ['EAGAIN', 'EINTR', 'ENOBUFS', 'ENOMEM'];

/** Associations of this process that were begun. */
let begun = 0;

/** Datagrams that wait because they came while the engine was at work: only a socket below that answers at once causes any. */
const longestBacklog = 64;

/**
 * One engine at work on one socket: its sink, the socket's receiver, and the order among their calls. It lets no call into the
 * engine that began inside another but `send` and `close`, and never destroys an engine that is at work.
 */
export class Association implements EngineSink, Receiver {
  readonly #settings: AssociationSettings;
  readonly #owner: AssociationOwner;
  readonly #carrier: CarrierSocket;
  #host: string;
  #port: number;
  #engine: Engine | undefined;
  #queue: ReceiveQueue | undefined;
  #phase: 'handshake' | 'open' | 'closing' | 'over' = 'handshake';
  #endError: AvsError | undefined;
  /** What was negotiated, once the engine is gone. */
  #info: EngineInfo | undefined;
  #wasEstablished = false;
  /** Calls into the engine under way. */
  #depth = 0;
  #waking = false;
  #waiting: Uint8Array[] | undefined;
  /** What has come and waits for the gate. */
  #held: HeldData | undefined;
  #scheduled: number | undefined;
  /** Whether transmissions are gathered in `#gathered` for a promise of the caller's, or are the association's own affair. */
  #gathering = false;
  #gathered: Promise<unknown> | undefined;
  #drops: Record<DropReason, number> | undefined;
  /** Its number, for who observes. */
  #number = 0;
  /** When the handshake under way has begun; undefined when there is none. */
  #handshakeSince: number | undefined;
  #retransmissions = 0;
  /** The last alert sent or received. */
  lastAlert: Alert | undefined;
  /** Something has come from the peer's address, whatever it was. */
  wasHeard = false;
  /** Application bytes. */
  bytesSent = 0;
  /** Application bytes. */
  bytesReceived = 0;

  constructor(settings: AssociationSettings, { owner, carrier, host, port, queue }: AssociationOptions) {
    this.#settings = settings;
    this.#owner = owner;
    this.#carrier = carrier;
    this.#host = host;
    this.#port = port;
    this.#queue = queue;
  }

  /** Makes the engine, starts it and takes what the socket below receives. Exceptions of `create` come back. */
  start(create: (sink: EngineSink) => Engine): void {
    begun += 1;
    this.#number = begun;
    this.#engine = create(this);
    if (this.#engine.info === undefined) this.#handshakeBegins();
    this.#run((engine, now) => engine.start(now));
    if (!this.#isOver) this.#carrier.setReceiver(this);
  }

  /** What was negotiated; stays after the end. The engine may put it together for each call. */
  get info(): EngineInfo | undefined {
    return this.#wasEstablished ? (this.#info ?? this.#engine?.info) : undefined;
  }

  /** The handshake was completed. */
  get wasEstablished(): boolean {
    return this.#wasEstablished;
  }

  /** `send` is possible. */
  get isOpen(): boolean {
    return this.#phase === 'open';
  }

  /** Where what was received waits. */
  get queue(): ReceiveQueue {
    if (this.#queue === undefined) {
      this.#queue = new ReceiveQueue(this.#settings.queueOptions);
      this.#queue.open();
      if (this.#phase === 'over') this.#queue.end(this.#endError);
    }
    return this.#queue;
  }

  /** Whether something waits to be received. */
  get hasBufferedData(): boolean {
    return this.#queue !== undefined && this.#queue.length > 0;
  }

  /** Records and datagrams dropped; undefined while there were none. */
  get drops(): Readonly<Record<DropReason, number>> | undefined {
    return this.#drops;
  }

  /** As {@link Engine.maxPlaintext}; undefined when the engine is gone. */
  maxPlaintext(size: number): number | undefined {
    return this.#engine?.maxPlaintext(size);
  }

  /** As {@link Engine.exportKeyingMaterial}. @throws ENOTCONN the association is not there or over; ENOTSUP its keys must not be exported. */
  exportKeyingMaterial(length: number, label: string, context: Uint8Array | undefined): Uint8Array {
    const engine = this.#engine;
    const { info } = this;
    if (engine === undefined || info === undefined || this.#isOver) {
      throw errnoError('ENOTCONN', 'exportKeyingMaterial: there is no association');
    }
    if (!info.extendedMasterSecret) {
      // RFC 7627 §5.4: two associations of one attacker in between could have the same.
      const reason = 'the peer has no extended_master_secret, without which keys must not be exported (RFC 7627 §5.4)';
      throw errnoError('ENOTSUP', `exportKeyingMaterial: ${reason}`);
    }
    return engine.exportKeyingMaterial(length, label, context);
  }

  /** Protects and sends; settles with the socket below. @throws what the engine throws. */
  send(data: Uint8Array): Promise<void> {
    const engine = this.#engine;
    if (engine === undefined || this.#phase !== 'open') throw errnoError('ENOTCONN', 'the association has ended');
    const sent = this.#gather(() => engine.send(data));
    const { length } = data;
    return sent.then(() => {
      this.bytesSent += length;
    });
  }

  /** Sends close_notify, once; settles with the socket below. What arrives is still delivered. */
  close(): Promise<void> {
    const engine = this.#engine;
    if (engine === undefined || this.#phase !== 'open') return Promise.resolve();
    this.#phase = 'closing';
    return this.#gather(() => engine.close(this.#settings.clock.now())).then(() => undefined);
  }

  /** As {@link Engine.save}. */
  save(): Uint8Array | undefined {
    let state: Uint8Array | undefined;
    if (this.#phase === 'open') {
      this.#run((engine) => {
        state = engine.save?.();
      });
    }
    return state;
  }

  /** What was received and not handed out, which is not there any more. */
  drain(): Uint8Array[] {
    const unread: Uint8Array[] = [];
    for (let next = this.#queue?.tryReceive(); next !== undefined; next = this.#queue?.tryReceive())
      unread.push(next.data);
    return unread;
  }

  /** Puts what another association has drained into the queue of this one, which has begun. */
  refill(unread: readonly Uint8Array[]): void {
    for (const data of unread) this.#handOut(data.slice());
  }

  /** Sends a message of a return routability check, if the association is open. RFC 9853 §4. */
  sendRoutabilityCheck(type: RoutabilityCheckTypeCode, cookie: Uint8Array): void {
    if (this.#phase !== 'open') return;
    this.#run((engine) => engine.sendRoutabilityCheck?.(type, cookie));
  }

  /** The peer is at another address from now on. */
  movedTo(host: string, port: number): void {
    this.#host = host;
    this.#port = port;
    this.#queue?.tellPeerAddress(host, port);
  }

  /** Ends the association without another word to the peer; whoever receives is told `error`. The owner is not told. */
  terminate(error: AvsError): void {
    this.#finish(error);
  }

  /** Wipes the engine, now or when it has finished what it is at. Sends nothing and tells nobody. */
  destroy(): void {
    this.#held = undefined;
    this.#doom();
  }

  /** To be called at the time given to `schedule`. */
  timerFired(): void {
    this.#scheduled = undefined;
    this.#run((engine, now) => engine.handleTimeout(now));
  }

  /** Leaves what comes in the socket below, or takes it again. Streams only. */
  pause(paused: boolean): void {
    if (!this.#isOver) this.#carrier.setReceiver(paused ? undefined : this);
  }

  // Receiver: what the socket below has to tell.

  onData(data: Uint8Array): void {
    const engine = this.#engine;
    if (engine === undefined || this.#isOver) return;
    this.wasHeard = true;
    if (this.#depth > 0) {
      this.#waiting ??= [];
      if (this.#waiting.length < longestBacklog) this.#waiting.push(data);
      else this.dropped('overflow');
      return;
    }
    this.#depth += 1;
    try {
      engine.receive(data, this.#settings.clock.now());
    } catch (error) {
      this.#end(asAvsError(error));
    } finally {
      this.#depth -= 1;
      this.#leave();
    }
  }

  onError(error: AvsError): void {
    if (this.#isOver) return;
    const { state } = this.#carrier;
    const survives = this.#settings.kind === 'datagram' && state !== 'closed' && state !== 'shutdown';
    if (this.#phase === 'handshake' || !survives) this.#end(asAvsError(error));
    else this.#queue?.report(asAvsError(error));
  }

  onEnd(): void {
    if (this.#phase === 'closing') this.#end(undefined);
    else this.#end(errnoError('ECONNRESET', 'the connection below ended without close_notify'));
  }

  // EngineSink: what the engine has to tell.

  transmit(datagram: Uint8Array): void {
    if (this.#isOver) return;
    let sent: Promise<unknown>;
    try {
      sent = this.#carrier.send(datagram);
    } catch (error) {
      sent = Promise.reject(error);
    }
    if (!this.#gathering) sent.catch((error: unknown) => this.#transmitFailed(asAvsError(error)));
    else this.#gathered = this.#gathered === undefined ? sent : Promise.all([this.#gathered, sent]);
  }

  deliver(plaintext: Uint8Array): void {
    if (this.#isOver) return;
    const gate = this.#settings.gate?.();
    if (gate === undefined && this.#held === undefined) {
      this.#handOut(plaintext);
      return;
    }
    if (gate !== undefined) this.#held ??= new HeldData(gate, this.#holding());
    if (!this.#held?.push(plaintext)) this.dropped('overflow');
  }

  #holding(): HeldDataOwner {
    return {
      gate: () => this.#settings.gate?.(),
      handOut: (plaintext) => {
        if (this.#held !== undefined) this.#handOut(plaintext);
      },
      lost: (error) => this.#queue?.report(error),
      released: () => {
        if (this.#held === undefined) return;
        this.#held = undefined;
        if (this.#phase === 'over') this.#queue?.end(this.#endError);
      },
    };
  }

  #handOut(plaintext: Uint8Array): void {
    const { length } = plaintext;
    if (this.queue.push(plaintext, this.#host, this.#port)) this.bytesReceived += length;
    else this.dropped('overflow');
  }

  established(): void {
    if (this.#isOver || this.#phase !== 'handshake') return;
    this.#wasEstablished = true;
    this.#phase = 'open';
    this.#handshakeEnds();
    this.#queue?.open();
    this.#owner.established();
  }

  alert(alert: Alert): void {
    this.lastAlert = alert;
    if (channels.alert.hasSubscribers) channels.alert.publish({ ...this.#event, ...alert });
  }

  session(session: ResumableSession): void {
    if (this.#isOver) session.destroy();
    else this.#owner.session(session);
  }

  dropped(reason: DropReason): void {
    if (this.#isOver) return;
    this.#drops ??= noDrops();
    this.#drops[reason] += 1;
    if (channels.drop.hasSubscribers) channels.drop.publish({ ...this.#event, reason });
    this.#owner.dropped(reason);
  }

  retransmitted(): void {
    this.#retransmissions += 1;
    const { retransmission } = channels;
    if (retransmission.hasSubscribers) retransmission.publish({ ...this.#event, count: this.#retransmissions });
  }

  newest(): void {
    if (!this.#isOver) this.#owner.newest();
  }

  routabilityCheck(type: RoutabilityCheckTypeCode, cookie: Uint8Array): void {
    if (!this.#isOver) this.#owner.routabilityCheck(type, cookie);
  }

  wake(): void {
    if (this.#waking) return;
    this.#waking = true;
    queueMicrotask(() => {
      this.#waking = false;
      this.#run((engine, now) => engine.handleTimeout(now));
    });
  }

  closed(error?: AvsError): void {
    this.#end(error);
  }

  #end(error: AvsError | undefined): void {
    if (this.#finish(error)) this.#owner.ended(error);
  }

  /** False: it was over already. */
  #finish(error: AvsError | undefined): boolean {
    if (this.#phase === 'over') return false;
    this.#endError = error;
    this.#doom();
    // What was held comes first.
    if (this.wasEstablished && this.#held === undefined) this.#queue?.end(error);
    return true;
  }

  get #isOver(): boolean {
    return this.#phase === 'over';
  }

  #doom(): void {
    this.#phase = 'over';
    this.#handshakeEnds();
    this.#waiting = undefined;
    this.#leave();
  }

  // What who observes is told.

  get #event(): AssociationEvent {
    return { association: this.#number, role: this.#settings.role, host: this.#host, port: this.#port };
  }

  #handshakeBegins(): void {
    this.#handshakeSince = this.#settings.clock.now();
    if (channels.handshakeStart.hasSubscribers) channels.handshakeStart.publish(this.#event);
  }

  #handshakeEnds(): void {
    const since = this.#handshakeSince;
    this.#handshakeSince = undefined;
    if (since === undefined || !channels.handshakeEnd.hasSubscribers) return;
    const info = this.info && summaryOf(this.info);
    const duration = this.#settings.clock.now() - since;
    channels.handshakeEnd.publish({ ...this.#event, duration, info, error: this.#endError });
  }

  #transmitFailed(error: AvsError): void {
    if (this.#phase === 'handshake') {
      if (!transient.some((errno) => isErrno(error, errno))) this.#end(error);
    } else if (this.#settings.kind === 'stream') {
      this.#end(error);
    } else if (isErrno(error, 'ECONNREFUSED') && !this.#isOver) {
      this.#queue?.report(error);
    }
  }

  #run(call: (engine: Engine, now: number) => void): void {
    const engine = this.#engine;
    if (engine === undefined || this.#isOver) return;
    this.#depth += 1;
    try {
      call(engine, this.#settings.clock.now());
    } catch (error) {
      this.#end(asAvsError(error));
    } finally {
      this.#depth -= 1;
      this.#leave();
    }
  }

  /** Runs a call whose transmissions settle the promise that is returned. Exceptions come back. */
  #gather(call: () => void): Promise<unknown> {
    const outer = this.#gathering;
    this.#gathering = true;
    this.#depth += 1;
    try {
      call();
      return this.#gathered ?? Promise.resolve();
    } catch (error) {
      this.#gathered?.catch(() => undefined);
      throw error;
    } finally {
      this.#gathered = undefined;
      this.#gathering = outer;
      this.#depth -= 1;
      this.#leave();
    }
  }

  /** After every call into the engine: what had to wait until none is under way. */
  #leave(): void {
    const engine = this.#engine;
    if (this.#depth > 0 || engine === undefined) return;
    if (!this.#isOver && this.#waiting !== undefined) {
      const waiting = this.#waiting.shift();
      if (waiting !== undefined) {
        this.onData(waiting);
        return;
      }
      this.#waiting = undefined;
    }
    this.#reschedule(this.#isOver ? undefined : engine.nextTimeout);
    if (!this.#isOver) return;
    if (this.#wasEstablished) this.#info = engine.info;
    this.#engine = undefined;
    engine.destroy();
  }

  #reschedule(at: number | undefined): void {
    if (at === this.#scheduled) return;
    this.#scheduled = at;
    this.#owner.schedule(at);
  }
}
