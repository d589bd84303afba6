import {
  type Alert,
  AlertDescription,
  AlertLevel,
  type AssociationOptions,
  type AvsError,
  alertError,
  type DropReason,
  type Engine,
  type EngineInfo,
  type EngineSink,
  errnoError,
  libraryError,
} from '@avs-net/core';
import type { Ciphersuite } from './ciphersuites.js';
import type { Negotiated } from './exchange.js';
import { type Native, type NativeAssociation, WireVersion } from './native.js';
import { maxPlaintext, worstMaxPlaintext } from './overhead.js';
import { ContentType, maxPlaintextLength, packRecords } from './record.js';
import { mostRetransmissions, RetransmissionTimer } from './retransmission.js';

/** What the engines of one factory share. */
export interface EngineContext {
  readonly native: Native;
  /** Those that were configured and that OpenSSL has. */
  readonly suites: readonly Ciphersuite[];
  readonly onKeyLog: ((line: string) => void) | undefined;
  /** Fills up the randomness that the next operation takes, and an alert after it; undefined: OpenSSL has its own. */
  readonly replenish?: (() => void) | undefined;
}

/** The reasons that the addon counts, in its order. */
const dropReasons: readonly DropReason[] = [
  'malformed',
  'unauthenticated',
  'replayed',
  'version',
  'epoch',
  'unexpected',
  'overflow',
];

/** The smallest datagram that handshakes work in, bytes: one that holds a ClientHello up to its cookie. */
export const minDatagramSize = 100;

/** Bytes of an exporter's context that every OpenSSL takes, with a label that is not out of all proportion. */
const safeContext = 512;

/**
 * One association on an OpenSSL object: what the client's and the server's have in common. OpenSSL does the protocol; here are time, the
 * sink and the contract's errors.
 */
export abstract class OpensslEngine implements Engine {
  info: EngineInfo | undefined;
  protected readonly timer: RetransmissionTimer;
  #association: NativeAssociation | undefined;
  readonly #handle: number;
  #state: 'handshaking' | 'established' | 'closing' | 'closed' = 'handshaking';
  #flights = 0;
  #retransmissions = 0;
  #suite: Ciphersuite | undefined;
  #lastAlert: Alert | undefined;

  constructor(
    protected readonly context: EngineContext,
    protected readonly sink: EngineSink,
    protected readonly options: AssociationOptions,
    association: NativeAssociation,
    private readonly serverName: string | undefined,
  ) {
    const { maxDatagramSize, handshakeTimeouts } = options;
    this.#association = association;
    this.#handle = association.handle();
    this.timer = new RetransmissionTimer(handshakeTimeouts);
    const copies = Math.min(mostRetransmissions(handshakeTimeouts), context.native.mostCopies);
    if (maxDatagramSize < minDatagramSize) {
      association.destroy();
      const text = `a DTLS handshake needs datagrams of at least ${minDatagramSize} bytes, not ${maxDatagramSize}`;
      throw errnoError('EMSGSIZE', text);
    }
    if (!association.configure(maxDatagramSize, copies, serverName ?? '')) {
      association.destroy();
      throw errnoError('EINVAL', `OpenSSL refuses the server name ${JSON.stringify(serverName)}`);
    }
  }

  get nextTimeout(): number | undefined {
    return this.#state === 'handshaking' ? this.timer.deadline : undefined;
  }

  start(now: number): void {
    if (!this.#association) return;
    this.context.replenish?.();
    this.handle(this.#association.proceed(), now);
  }

  receive(datagram: Uint8Array, now: number): void {
    if (!this.#association) return;
    const { exchange } = this.context.native;
    // No datagram of UDP is so long.
    if (datagram.length > exchange.capacity) return this.sink.dropped('malformed');
    this.context.replenish?.();
    const result = exchange.receive(this.#handle, datagram);
    const length = result >>> 16;
    const plaintext = length > 0 ? new Uint8Array(length) : undefined;
    if (plaintext) exchange.take(plaintext);
    this.handle(result & 0xffff, now, plaintext);
  }

  send(plaintext: Uint8Array): void {
    const association = this.#association;
    if (!association || this.#state !== 'established') {
      throw errnoError('ENOTCONN', 'the association is not established');
    }
    const largest = this.maxPlaintext(this.options.maxDatagramSize);
    if (plaintext.length > largest) {
      throw errnoError('EMSGSIZE', `${plaintext.length} bytes do not fit in a datagram, ${largest} do`);
    }
    if (plaintext.length === 0) throw errnoError('ENOTSUP', 'OpenSSL cannot send an empty datagram');
    this.context.replenish?.();
    const { exchange } = this.context.native;
    const length = exchange.protect(this.#handle, plaintext);
    if (length === 0) throw this.#libraryError(association);
    this.sink.transmit(exchange.datagram(length));
  }

  handleTimeout(now: number): void {
    const association = this.#association;
    const { deadline } = this.timer;
    if (!association || this.#state !== 'handshaking' || deadline === undefined || now < deadline) return;
    if (this.timer.expire(now)) return this.#retransmit(association);
    this.handle(association.abandon() & ~this.context.native.progress.failed, now);
    this.finish(errnoError('ETIMEDOUT', `the peer did not answer: ${this.timer.attempts + 1} times sent`));
  }

  close(now: number): void {
    const association = this.#association;
    if (!association || this.#state === 'closing') return;
    if (this.#state === 'established') {
      this.#state = 'closing';
      this.handle(association.close(), now);
    } else {
      this.handle(association.abandon() & ~this.context.native.progress.failed, now);
      this.finish(undefined);
    }
  }

  destroy(): void {
    this.#state = 'closed';
    this.timer.stop();
    this.#association?.destroy();
    this.#association = undefined;
  }

  maxPlaintext(size: number): number {
    const { info } = this;
    if (!info || !this.#suite) return worstMaxPlaintext(this.context.suites, size);
    return Math.max(0, Math.min(maxPlaintext(this.#suite, size), info.maxFragmentLength));
  }

  exportKeyingMaterial(length: number, label: string, context: Uint8Array | undefined): Uint8Array {
    const association = this.#association;
    if (!association || !this.info) throw errnoError('ENOTCONN', 'there is no association whose keys may be exported');
    const exported = association.exportKeyingMaterial(length, label, context);
    if (exported) return exported;
    // Its PRF takes 1,024 bytes of label, randoms and context in OpenSSL 3.0, and more in later ones.
    if (context && context.length > safeContext) {
      const refusal = `OpenSSL ${this.context.native.version} does not take ${context.length} bytes; their hash will do`;
      throw errnoError('EINVAL', `context: ${refusal}`);
    }
    throw this.#libraryError(association);
  }

  protected get association(): NativeAssociation | undefined {
    return this.#association;
  }

  protected get handshaking(): boolean {
    return this.#state === 'handshaking';
  }

  /** Tells the sink what an operation of the addon has brought about; `plaintext` comes before those that wait in the addon. The sink may call back, and may destroy this engine. */
  protected handle(progress: number, now: number, plaintext?: Uint8Array): void {
    const { native, onKeyLog } = this.context;
    const bits = native.progress;
    const association = this.#association;
    if (!association) return;
    // Before anyone is told anything, and calls the addon again.
    const datagrams =
      progress & bits.hasDatagrams ? this.#datagrams(association, progress, plaintext?.length) : undefined;
    if (this.#state === 'handshaking') {
      if (progress & bits.flightSent) this.#flights++;
      if (progress & bits.flightBegun) this.timer.start(now);
      if (!(progress & bits.flightPending)) this.timer.stop();
    }
    if (progress & bits.hasKeyLog) for (const line of association.takeKeyLog()) onKeyLog?.(line);
    if (datagrams) this.#transmit(datagrams);
    if (progress & bits.hasDrops) this.#reportDrops(association);
    if (progress & bits.established) this.#establish(association);
    if (plaintext && this.#association) this.sink.deliver(plaintext);
    if (progress & bits.hasPlaintexts) this.#reportPlaintexts();
    if (progress & bits.hasAlerts) this.#reportAlerts();
    if (progress & bits.peerClosed) this.finish(this.#closedDuringHandshake());
    else if (progress & bits.failed && this.#association) this.finish(this.#failure(this.#association));
  }

  /** The identity that the peer has proven, once it is established; undefined on a client. */
  protected abstract readonly provenIdentity: Uint8Array | undefined;

  /** Called once, when the association is established and before the sink is told: keeps what it can be resumed with. */
  protected abstract keepSession(association: NativeAssociation, negotiated: Negotiated): void;

  /** Ends the association. */
  protected finish(error: AvsError | undefined): void {
    if (this.#state === 'closed') return;
    this.destroy();
    this.sink.closed(error);
  }

  /** Calls `tell` for each item until it destroys the engine. */
  #each<T>(items: readonly T[], tell: (item: T) => void): void {
    for (const item of items) if (this.#association) tell(item);
  }

  #datagrams(association: NativeAssociation, progress: number, at = 0): Uint8Array[] {
    const { exchange, progress: bits } = this.context.native;
    const datagrams = exchange.datagrams(at);
    for (let more = progress & bits.moreDatagrams; more; ) {
      more = association.moreDatagrams() & bits.moreDatagrams;
      datagrams.push(...exchange.datagrams(0));
    }
    return datagrams;
  }

  #transmit(datagrams: readonly Uint8Array[]): void {
    const { maxDatagramSize } = this.options;
    // OpenSSL does not reckon with what an AEAD adds to the Finished when it fills a datagram.
    const fitting = datagrams.every((each) => each.length <= maxDatagramSize)
      ? datagrams
      : datagrams.flatMap((each) => (each.length > maxDatagramSize ? packRecords(each, maxDatagramSize) : [each]));
    // What belongs to a handshake after its end is the last flight again.
    const isRepeated = this.#state === 'established' && recordsAreOfHandshake(fitting[0]);
    if (isRepeated) this.sink.retransmitted();
    this.#each(fitting, (each) => this.sink.transmit(each));
  }

  #establish(association: NativeAssociation): void {
    if (this.#state !== 'handshaking') return;
    association.negotiated();
    const negotiated = this.context.native.exchange.negotiated();
    this.#suite = this.context.suites.find(({ number }) => number === negotiated.ciphersuite);
    this.info = {
      version: negotiated.version === WireVersion.dtls10 ? '1.0' : '1.2',
      ciphersuite: negotiated.ciphersuite,
      resumed: negotiated.resumed,
      extendedMasterSecret: negotiated.extendedMasterSecret,
      encryptThenMac: false,
      pskIdentity: this.provenIdentity,
      pskIdentityHint: negotiated.identityHint,
      serverName: negotiated.serverName ?? this.serverName,
      maxFragmentLength: negotiated.maxFragmentLength === 0 ? maxPlaintextLength : 256 << negotiated.maxFragmentLength,
      flights: this.#flights,
      connectionId: undefined,
      peerConnectionId: undefined,
      returnRoutabilityCheck: false,
      retransmissions: this.#retransmissions,
    };
    this.#state = 'established';
    this.timer.stop();
    this.keepSession(association, negotiated);
    this.sink.established();
  }

  #retransmit(association: NativeAssociation): void {
    this.#retransmissions++;
    this.sink.retransmitted();
    // Beyond the copies that OpenSSL makes (12, of which the default timers use 6) the oldest is sent again: its record numbers are
    // new to the peer if it never arrived.
    const records = association.copy((this.timer.attempts - 1) % this.context.native.mostCopies);
    const size = this.timer.datagramSize(this.options.maxDatagramSize);
    this.#each(packRecords(records, size), (datagram) => this.sink.transmit(datagram));
  }

  #reportDrops(association: NativeAssociation): void {
    association.takeDrops().forEach((count, index) => {
      const reason = dropReasons[index];
      for (let each = 0; each < count && reason; each++) this.sink.dropped(reason);
    });
  }

  #reportPlaintexts(): void {
    if (this.#association) this.#each(this.#association.takePlaintexts(), (each) => this.sink.deliver(each));
  }

  #reportAlerts(): void {
    if (!this.#association) return;
    this.#each(this.#association.takeAlerts(), (packed) => {
      const direction = packed >>> 16 ? 'sent' : 'received';
      const alert: Alert = { direction, level: (packed >>> 8) & 0xff, description: packed & 0xff };
      const { close_notify } = AlertDescription;
      const ends = alert.level === AlertLevel.fatal || (direction === 'received' && alert.description === close_notify);
      if (ends) this.#lastAlert = alert;
      this.sink.alert(alert);
    });
  }

  #closedDuringHandshake(): AvsError | undefined {
    if (this.#state !== 'handshaking' || !this.#lastAlert) return undefined;
    return alertError(this.#lastAlert, 'the peer closed during the handshake');
  }

  /** Why OpenSSL gave up: an alert if there was one, with OpenSSL's words where the alert is ours. */
  #failure(association: NativeAssociation): AvsError {
    const alert = this.#lastAlert;
    if (alert?.direction === 'received') {
      const closed = alert.description === AlertDescription.close_notify;
      return alertError(alert, closed ? 'the peer closed during the handshake' : undefined);
    }
    if (alert) return alertError(alert, association.error().text || undefined);
    return this.#libraryError(association);
  }

  #libraryError(association: NativeAssociation): AvsError {
    const { code, text } = association.error();
    return libraryError(code, text || 'OpenSSL failed without a reason');
  }
}

function recordsAreOfHandshake(datagram: Uint8Array | undefined): boolean {
  const type = datagram?.[0];
  return type === ContentType.handshake || type === ContentType.change_cipher_spec;
}
