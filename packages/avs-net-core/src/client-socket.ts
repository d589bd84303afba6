import { checkHost, checkInteger, checkObject, checkPort, invalid } from './argument-checks.js';
import { Association, type AssociationOwner, type AssociationSettings } from './association.js';
import { Attempt } from './attempt.js';
import { checkNotCleanedUp, closeQuietly, hostnameOf, localOf, peerOf, releaseQuietly } from './below.js';
import { ClockAlarm } from './clock-alarm.js';
import type { Endpoint } from './configuration.js';
import { ConnectTrial } from './connect-trial.js';
import { newConnectionId } from './connection-ids.js';
import type { EndReason } from './end-reason.js';
import {
  type ClientAssociationOptions,
  type ClientEngineFactory,
  type ResumableSession,
  RoutabilityCheckType,
  routabilityCookieLength,
} from './engine.js';
import { type AvsError, AvsErrorCategory, errnoError, isErrno } from './errors.js';
import { asAvsError } from './foreign-error.js';
import { datagramSizeOf } from './inner-mtu.js';
import { ipFamily } from './ip-address.js';
import { KeptAssociation } from './kept-association.js';
import { MovingCarrier } from './moving-carrier.js';
import { platformRandom } from './random.js';
import { checkSignal, ReceiveQueue, type ReceiveQueueOptions } from './receive-queue.js';
import type { RebindOptions } from './secure-socket.js';
import { SecureSocketBase } from './secure-socket-base.js';
import { serverNameForHost } from './server-name.js';
import { StoredSession } from './session-buffer.js';
import type { Socket, WaitOptions } from './socket.js';
import type { TlsSettings } from './tls-settings.js';

/** The largest TLS record with its header: what a stream's engine is told to fit into. RFC 5246 §6.2.3. */
const largestRecord = 5 + 16_384 + 2_048;

/** With which errors an address may be passed over. */
const dead = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'] as const;

/** How long an address may be silent where there are others, in first waits: the first three, each twice the one before. */
const waitsForSilence = 1 + 2 + 4;

/** What a {@link ClientSocket} is made of. */
export interface ClientSocketOptions {
  readonly type: 'dtls' | 'tls';
  readonly settings: TlsSettings;
  readonly engines: ClientEngineFactory;
  /** The socket's own, closed. */
  readonly backend: Socket | undefined;
}

/** A secure socket of the client side: connects its own socket below, or decorates another's. */
export class ClientSocket extends SecureSocketBase {
  readonly type: 'dtls' | 'tls';
  readonly #settings: TlsSettings;
  readonly #engines: ClientEngineFactory;
  readonly #inboxOptions: ReceiveQueueOptions;
  readonly #inbox: ReceiveQueue;
  readonly #alarm: ClockAlarm;
  readonly #session: StoredSession;
  #backend: Socket | undefined;
  #bound = false;
  #attempt: Attempt | undefined;
  /** The socket below, as an association that can move sees it. */
  #moving: MovingCarrier | undefined;
  readonly #kept: KeptAssociation | undefined;
  /** The present association was kept, and is continued. */
  #isContinued = false;

  constructor({ type, settings, engines, backend }: ClientSocketOptions) {
    super(settings.clock, settings.handshakeTimeouts);
    this.type = type;
    this.#settings = settings;
    const { sessionResumptionBuffer: buffer, persistence } = settings;
    this.#session = new StoredSession(buffer);
    if (buffer !== undefined && persistence !== undefined && engines.restoreClient !== undefined) {
      this.#kept = new KeptAssociation(this.#session, buffer, persistence);
    }
    this.#engines = engines;
    this.#inboxOptions = {
      kind: type === 'dtls' ? 'datagram' : 'stream',
      clock: settings.clock,
      onPressure: (paused) => this.association?.pause(paused),
    };
    this.#inbox = new ReceiveQueue(this.#inboxOptions);
    this.#alarm = new ClockAlarm(settings.clock, () => this.association?.timerFired());
    this.#use(backend);
  }

  /**
   * See `Socket.connect`. Over a UDP socket of this project it goes on to the next address of the name when one refuses, cannot be
   * reached, or is silent for the time of three waits (7 seconds by default), as long as nothing has come from it. The last one has the
   * whole time of the handshake timers.
   */
  async connect(host: string, port: number, options?: WaitOptions): Promise<void> {
    this.checkUsable();
    checkHost('host', host);
    checkPort('port', port);
    const signal = checkSignal(options?.signal);
    this.#checkIdle('connect');
    const backend = this.#backend;
    if (backend === undefined) {
      throw errnoError('ENOTSUP', 'connect: there is no socket below; decorate one of your own');
    }
    await this.#try(signal, (attempt) => this.#connect(attempt, backend, host, port));
  }

  /** Tries the addresses of a name until one is not dead, if the socket below can be told which to pass over. */
  async #connect(attempt: Attempt, backend: Socket, host: string, port: number): Promise<void> {
    const session = this.#session.read();
    let kept = this.#kept?.take();
    const local = this.#bound ? localOf(backend) : undefined;
    const trial = new ConnectTrial(attempt);
    try {
      for (;;) {
        attempt.throwIfFailed();
        if (kept === undefined || !(await this.#connectAgain(attempt, backend, kept.address, port, local))) {
          await attempt.race(backend.connect(host, port, trial.next()));
        }
        const state = kept?.state;
        kept = undefined;
        const patience = trial.hasMore ? this.#losePatience() : undefined;
        const failure = await this.#handshake(attempt, backend, host, session, state).catch(asAvsError);
        patience?.set(undefined);
        if (failure === undefined) break;
        if (!trial.hasMore || !isDead(failure) || this.association?.wasHeard !== false) {
          throw ofConnect(failure, host, port);
        }
        await closeQuietly(backend);
        if (local !== undefined) await attempt.race(backend.bind(local.host, local.port));
      }
      attempt.throwIfFailed();
      trial.confirm?.();
    } catch (error) {
      if (kept !== undefined) this.#kept?.putBack(kept);
      this.#use(backend);
      this.#bound = false;
      await closeQuietly(backend);
      throw error;
    } finally {
      session?.fill(0);
    }
  }

  /**
   * Gives up on an address that stays silent for the first three waits. As in RFC 8305 §5, where there are others; later than there, since a
   * second socket would have to begin meanwhile, and DTLS has no answer sooner than its cookie.
   */
  #losePatience(): ClockAlarm {
    const { clock } = this.#settings;
    const { min } = this.handshakeTimeouts;
    const alarm = new ClockAlarm(clock, () => {
      const { association } = this;
      if (association?.wasHeard === false) association.onError(errnoError('ETIMEDOUT', 'nobody has answered'));
    });
    alarm.set(clock.now() + waitsForSilence * min);
    return alarm;
  }

  /** Connects to where the server of an association was that was kept. False: it is out of reach there. */
  async #connectAgain(
    attempt: Attempt,
    backend: Socket,
    address: string,
    port: number,
    local: Endpoint | undefined,
  ): Promise<boolean> {
    try {
      await attempt.race(backend.connect(address, port, { signal: attempt.signal }));
      return true;
    } catch {
      attempt.throwIfFailed();
      await closeQuietly(backend);
      if (local !== undefined) await attempt.race(backend.bind(local.host, local.port));
      return false;
    }
  }

  /**
   * See `Socket.decorate`. A ready backend is one in state `connected` or `accepted`; its handshake is over when this resolves.
   * The socket that this one had below before is cleaned up.
   * @throws also EINVAL: DTLS over a stream or TLS over datagrams, or a backend that is on top of this socket; EBADF: the backend is
   * shut down or was cleaned up.
   */
  async decorate(backend: Socket, options?: WaitOptions): Promise<void> {
    this.checkUsable();
    checkSocket(backend);
    const signal = checkSignal(options?.signal);
    this.#checkIdle('decorate');
    this.#checkBelow(backend);
    const before = this.#backend;
    await this.#try(signal, async (attempt) => {
      if (backend.state !== 'connected' && backend.state !== 'accepted') {
        this.#use(backend);
        return;
      }
      try {
        this.#use(backend);
        const kept = this.#kept?.take();
        await this.#handshake(attempt, backend, hostnameOf(backend), this.#session.read(), kept?.state);
      } catch (error) {
        this.#use(before);
        throw error;
      }
    });
    if (before !== undefined && before !== backend) await before.cleanup().catch(() => undefined);
  }

  async bind(address: string, port: number): Promise<void> {
    this.checkUsable();
    checkHost('address', address);
    checkInteger('port', port, 0, 65_535);
    this.#checkIdle('bind');
    const backend = this.#backend;
    if (backend === undefined) throw errnoError('ENOTSUP', 'bind: there is no socket below; decorate one of your own');
    await this.#try(undefined, async (attempt) => {
      await attempt.race(backend.bind(address, port));
      attempt.throwIfFailed();
      this.#bound = true;
    });
  }

  async accept(_options?: WaitOptions): Promise<Socket> {
    this.checkUsable();
    throw errnoError(
      'ENOTSUP',
      'accept: this socket is for the client side; createDtlsListener makes one that accepts',
    );
  }

  async rebind(options: RebindOptions = {}): Promise<void> {
    this.checkUsable();
    checkObject('options', options);
    const { address, port, backend } = options;
    if (address !== undefined) checkHost('address', address);
    if (port !== undefined) checkInteger('port', port, 0, 65_535);
    if (backend !== undefined) this.#checkReplacement(backend);
    const signal = checkSignal(options.signal);
    signal?.throwIfAborted();
    const carrier = this.#moving;
    if (carrier?.isMoving || this.#attempt !== undefined || this.isClosing) {
      throw errnoError('EBADF', 'rebind: the socket is being opened, closed or rebound');
    }
    if (!this.association?.isOpen) throw errnoError('ENOTCONN', `rebind: the socket is ${this.state}`);
    if (carrier === undefined || !this.#canMove) {
      throw errnoError(
        'ENOTSUP',
        'rebind: the server gave no connection ID, so it knows the association by its address',
      );
    }
    try {
      if (backend === undefined) {
        const isPlaced = address !== undefined || port !== undefined;
        await carrier.reopen(isPlaced ? { host: address ?? this.#anyAddress, port: port ?? 0 } : undefined, signal);
      } else {
        await carrier.replace(backend, signal);
        this.#backend = backend;
      }
    } catch (error) {
      throw signal?.aborted ? signal.reason : asAvsError(error);
    }
    this.#announce();
  }

  async suspend(): Promise<void> {
    this.checkUsable();
    const { association } = this;
    const kept = this.#kept;
    if (this.#moving?.isMoving || this.#attempt !== undefined || this.isClosing) {
      throw errnoError('EBADF', 'suspend: the socket is being opened, closed or rebound');
    }
    if (!association?.isOpen) throw errnoError('ENOTCONN', `suspend: the socket is ${this.state}`);
    if (kept === undefined) throw errnoError('ENOTSUP', 'suspend: persistAssociation is not configured');
    const state = association.save();
    if (state === undefined) {
      throw errnoError('ENOTSUP', 'suspend: the server has no connection IDs, or no extended master secret');
    }
    await kept.suspend(state);
    association.terminate(errnoError('ENOTCONN', 'the socket was suspended'));
    await this.close();
  }

  protected override get connectionIdResumed(): boolean {
    return this.#isContinued;
  }

  protected get inbox(): ReceiveQueue {
    return this.#inbox;
  }

  protected get idleState(): 'closed' | 'bound' {
    return this.#bound ? 'bound' : 'closed';
  }

  protected get openState(): 'connected' {
    return 'connected';
  }

  protected worstMaxPlaintext(size: number): number {
    return this.#engines.maxPlaintext(size);
  }

  protected cancelAttempt(reason: EndReason): Promise<void> | undefined {
    this.#attempt?.fail(reason());
    return this.#attempt?.finished;
  }

  protected onClosed(): Promise<void> | undefined {
    this.#use(this.#backend);
    this.#bound = false;
    return this.#kept?.end();
  }

  protected onCleanup(): void {
    this.#backend = undefined;
    this.#session.wipe();
    this.#engines.destroy();
  }

  /** The server knows the association by a connection ID. */
  get #canMove(): boolean {
    return (this.association?.info?.peerConnectionId?.length ?? 0) > 0;
  }

  get #anyAddress(): string {
    return ipFamily(this.remoteHost) === 6 ? '::' : '0.0.0.0';
  }

  /** Lets the server know the new address, if there is a record for that. RFC 9853 §1: a path can be checked at any time. */
  #announce(): void {
    if (!this.association?.info?.returnRoutabilityCheck) return;
    const cookie = new Uint8Array(routabilityCookieLength);
    this.#random(cookie);
    this.association.sendRoutabilityCheck(RoutabilityCheckType.path_challenge, cookie);
  }

  #random(bytes: Uint8Array): void {
    (this.#settings.random ?? platformRandom)(bytes);
  }

  #use(backend: Socket | undefined): void {
    this.#backend = backend;
    this.#moving = undefined;
    this.carrier = backend;
    this.#bound = backend?.state === 'bound';
  }

  async #try(signal: AbortSignal | undefined, run: (attempt: Attempt) => Promise<void>): Promise<void> {
    signal?.throwIfAborted();
    const attempt = new Attempt(signal);
    this.#attempt = attempt;
    try {
      await run(attempt);
    } catch (error) {
      throw attempt.hasFailed ? attempt.verdict(error) : asAvsError(error);
    } finally {
      this.#attempt = undefined;
      attempt.done();
    }
  }

  /** Leaves `backend` without a receiver on failure, and the session buffer wiped. */
  async #handshake(
    attempt: Attempt,
    backend: Socket,
    hostname: string | undefined,
    session: Uint8Array | undefined,
    kept: Uint8Array | undefined,
  ): Promise<void> {
    const carrier = this.#movable(backend, hostname);
    this.#isContinued = false;
    const established = new Promise<void>((resolve, reject) => {
      const settings: AssociationSettings = {
        role: 'client',
        kind: this.#inboxOptions.kind,
        clock: this.#settings.clock,
        queueOptions: this.#inboxOptions,
        gate: this.#kept && (() => this.#kept?.gate()),
      };
      const peer = peerOf(backend);
      this.association = new Association(settings, {
        owner: this.#owner(resolve, reject),
        carrier: carrier ?? backend,
        host: peer.host,
        port: peer.port,
        queue: this.#inbox,
      });
      const options = this.#engineOptions(backend, carrier, hostname, session);
      this.association.start((sink) => {
        const continued = kept && this.#engines.restoreClient?.(sink, options, kept);
        this.#isContinued = continued !== undefined;
        return continued ?? this.#engines.createClient(sink, options);
      });
    });
    try {
      await attempt.race(established);
      const gate = this.#kept?.gate();
      if (gate !== undefined) await attempt.race(gate);
      attempt.throwIfFailed();
      this.#moving = carrier;
      this.carrier = carrier ?? backend;
    } catch (error) {
      const wasEstablished = this.association?.wasEstablished;
      this.association?.destroy();
      if (!wasEstablished) this.#storeSession(undefined);
      this.#isContinued = false;
      releaseQuietly(backend);
      throw error;
    }
  }

  #engineOptions(
    backend: Socket,
    carrier: MovingCarrier | undefined,
    hostname: string | undefined,
    session: Uint8Array | undefined,
  ): ClientAssociationOptions {
    const { connectionIds, serverNameIndication } = this.#settings;
    const size = this.type === 'dtls' ? datagramSizeOf(backend) : largestRecord;
    const name = serverNameIndication ?? hostname;
    const { host, port } = peerOf(backend);
    const random = (bytes: Uint8Array): void => this.#random(bytes);
    return {
      // Another path may take more or less.
      get maxDatagramSize() {
        return carrier?.datagramSize ?? size;
      },
      connectionId: connectionIds && newConnectionId(connectionIds, random, () => false),
      handshakeTimeouts: this.handshakeTimeouts,
      serverName: name === undefined ? undefined : serverNameForHost(name),
      peer: `${hostname ?? ''} ${port}`,
      session: session === undefined ? undefined : Uint8Array.from(session),
      persistence: this.#kept?.begin(host),
    };
  }

  #storeSession(session: ResumableSession | undefined): void {
    this.#session.write(session);
    this.#kept?.changed();
  }

  /** What makes a socket below movable; undefined where there are no connection IDs. */
  #movable(backend: Socket, hostname: string | undefined): MovingCarrier | undefined {
    if (this.#settings.connectionIds === undefined || this.type === 'tls') return undefined;
    return new MovingCarrier(backend, hostname, {
      clock: this.#settings.clock,
      canMove: () => this.#canMove,
      pause: () => this.handshakeTimeouts.min,
      gate: () => this.#kept?.gate(),
    });
  }

  #owner(resolve: () => void, reject: (error: AvsError) => void): AssociationOwner {
    let isEstablished = false;
    let early: ResumableSession | undefined;
    return {
      established: () => {
        isEstablished = true;
        if (!this.#isContinued) this.#storeSession(early);
        this.#kept?.established();
        resolve();
      },
      ended: (error) => {
        // RFC 5246 §7.2.2: a session that ended with a fatal alert must not be resumed.
        if (isEstablished && error?.category === AvsErrorCategory.tlsAlert) this.#storeSession(undefined);
        this.#kept?.end();
        if (isEstablished) return;
        early?.destroy();
        reject(error ?? errnoError('ECONNABORTED', 'the peer closed the association during the handshake'));
      },
      session: (session) => {
        if (isEstablished) this.#storeSession(session);
        else early = session;
      },
      dropped: () => undefined,
      newest: () => undefined,
      routabilityCheck: (type, cookie) => {
        // RFC 9853 §5.4: answered at once. The socket below has one path, which is the one that is preferred.
        if (type !== RoutabilityCheckType.path_challenge) return;
        this.association?.sendRoutabilityCheck(RoutabilityCheckType.path_response, cookie);
      },
      schedule: (at) => this.#alarm.set(at),
    };
  }

  #checkIdle(operation: 'connect' | 'decorate' | 'bind'): void {
    const { state } = this;
    if (this.#attempt !== undefined || this.isClosing) {
      throw errnoError('EBADF', `${operation}: the socket is being opened or closed`);
    }
    if (state === 'closed' || (state === 'bound' && operation === 'connect')) return;
    throw errnoError('EBADF', `${operation}: the socket is ${state}`);
  }

  #checkReplacement(backend: Socket): void {
    checkSocket(backend);
    this.#checkBelow(backend);
    if (backend.state !== 'connected' && backend.state !== 'accepted') throw invalid('backend', 'a connected socket');
  }

  #checkBelow(backend: Socket): void {
    if (this.isUnder(backend)) throw invalid('backend', 'another socket, and not one that is on top of this one');
    checkNotCleanedUp('backend', backend);
    if (backend.state === 'shutdown') throw errnoError('EBADF', 'decorate: backend is shut down');
    const isStream = backend.type === 'tcp' || backend.type === 'tls';
    if (isStream === (this.type === 'tls')) return;
    throw invalid(
      'backend',
      this.type === 'tls'
        ? 'a stream: TLS does not run over datagrams'
        : 'a datagram socket: DTLS does not run over a stream',
    );
  }
}

function checkSocket(backend: unknown): asserts backend is Socket {
  checkObject('backend', backend);
  for (const method of ['connect', 'send', 'setReceiver', 'getOption', 'close', 'cleanup'] as const) {
    if (typeof (backend as Partial<Socket>)[method] !== 'function') {
      throw new TypeError(`backend must be a Socket: it has no ${method}`);
    }
  }
}

/** The network says that nobody is at the address, or nobody has answered. */
function isDead(error: AvsError): boolean {
  return dead.some((errno) => isErrno(error, errno));
}

/** An errno error of a handshake, with the peer that `connect` was asked for in its message. */
function ofConnect(error: AvsError, host: string, port: number): AvsError {
  if (error.errno === undefined) return error;
  const detail = error.message.replace(`${error.errno}: `, '');
  return errnoError(error.errno, `connect ${host}:${port}: ${detail}`, { cause: error });
}
