import {
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
  RoutabilityCheckType,
  type RoutabilityCheckTypeCode,
  routabilityCookieLength,
} from '@avs-net/core';
import { ciphersuite, type UsageLimits } from '../ciphersuites.js';
import { type Flight, type FlightCarrier, sendFlight } from '../handshake/flight.js';
import { decodeFragment, HandshakeType } from '../handshake/message.js';
import { answerInterval } from '../handshake/retransmission.js';
import { innerTypeAt } from '../record/connection-id.js';
import {
  ContentType,
  decodeRecordHeader,
  maxPlaintextLength,
  maxSequenceNumber,
  noConnectionId,
  ProtocolVersion,
  plaintextRecord,
  type RecordHeader,
  recordHeaderLength,
} from '../record/header.js';
import { worstMaxPlaintext } from '../record/overhead.js';
import type { RecordProtection } from '../record/protection.js';
import { ReplayWindow } from '../record/replay-window.js';
import { encodeSavedAssociation, type SavedAssociation } from '../session/saved-association.js';
import { DecodeError, Reader } from '../wire/reader.js';
import type { AssociationKeeper } from './association-keeper.js';
import type { Context } from './context.js';
import type { Exporter } from './exporter.js';
import type { Handshake } from './handshake.js';
import { KeptInfo } from './kept-info.js';

/** Warning alerts in a row that a peer may send. OpenSSL bears as many. */
const mostWarnings = 4;

/** Answers to a peer that goes on to ask for renegotiation. */
const mostRefusals = 4;

const challenge = RoutabilityCheckType.path_challenge;

/** What an association reads and writes with. */
export interface Protection {
  readonly reader: RecordProtection;
  readonly writer: RecordProtection;
}

/**
 * One DTLS 1.2 association: records, epochs, alerts and application data. RFC 6347.
 *
 * A {@link Handshake} drives it until both Finished messages have been verified, and is dropped then: an idle association keeps two
 * keys, a replay window and some numbers. Epoch 0 is plaintext, epoch 1 is what the handshake negotiated, and there is no other,
 * because renegotiation is refused.
 */
export class Dtls12Engine implements Engine, FlightCarrier {
  #state: 'handshaking' | 'established' | 'closing' | 'closed' = 'handshaking';
  #handshake: Handshake | undefined;
  #reader: RecordProtection | undefined;
  #writer: RecordProtection | undefined;
  readonly #window = new ReplayWindow();
  /** What the peer puts in its records once connection IDs are negotiated; offered before. Empty: none. RFC 9146. */
  #cid: Uint8Array;
  /** The next sequence number of each epoch that we write. */
  #plaintextSequence = 0;
  #sequence = 0;
  #cidNegotiated = false;
  /** Of the negotiated suite. */
  #limits: UsageLimits = { records: Infinity, forgeries: Infinity };
  /** Records of epoch 1 that failed authentication. */
  #forgeries = 0;
  #info: KeptInfo | undefined;
  /** Until the peer shows that it has it. */
  #lastFlight: { readonly flight: Flight; sentAt: number } | undefined;
  #exporter: Exporter | undefined;
  /** Warning alerts received, and refusals to renegotiate sent, since the handshake or the last application data. */
  #warnings = 0;
  #refusals = 0;
  /** What a fatal alert, sent or received, has to bring about once the peer has proven itself. */
  #onFatal: (() => void) | undefined;

  constructor(
    readonly sink: EngineSink,
    readonly options: AssociationOptions,
    private readonly context: Pick<Context, 'suites' | 'recordPadding'>,
    /** Undefined: `continueFrom` follows. */
    createHandshake: ((engine: Dtls12Engine) => Handshake) | undefined,
    /** Sees to it that the association can be continued. */
    private readonly keeper?: AssociationKeeper,
  ) {
    this.#cid = options.connectionId ?? noConnectionId;
    this.#handshake = createHandshake?.(this);
  }

  get info(): EngineInfo | undefined {
    return this.#info?.expand();
  }

  get nextTimeout(): number | undefined {
    return this.#handshake?.deadline;
  }

  start(now: number): void {
    if (this.#handshake) return this.#guard(() => this.#handshake?.start(now));
    if (this.#state !== 'established') return;
    // What was restored is not there any more when the first record is sent: the state can be restored once.
    this.#cover();
    this.sink.established();
  }

  receive(datagram: Uint8Array, now: number): void {
    for (let at = 0; at < datagram.length && this.#state !== 'closed'; ) {
      const header = decodeRecordHeader(datagram, at, this.#cid.length);
      // RFC 6347 §4.1.2.7: what is invalid is dropped; without a length that holds there is no next record.
      if (!header) return this.drop('malformed');
      at = header.end;
      this.#receiveRecord(datagram, header, now);
    }
  }

  send(plaintext: Uint8Array): void {
    if (this.#state !== 'established') throw errnoError('ENOTCONN', 'the association is not established');
    const largest = this.maxPlaintext(this.options.maxDatagramSize);
    if (plaintext.length > largest) {
      throw errnoError('EMSGSIZE', `${plaintext.length} bytes do not fit in a datagram, ${largest} do`);
    }
    if (this.#sequence >= this.#limits.records) throw this.#wornOut();
    this.transmit(this.seal(ContentType.application_data, 1, plaintext));
  }

  sendRoutabilityCheck(type: RoutabilityCheckTypeCode, cookie: Uint8Array): void {
    if (this.#state !== 'established') throw errnoError('ENOTCONN', 'the association is not established');
    if (!this.#info?.returnRoutabilityCheck) throw errnoError('ENOTSUP', 'the peer does no return routability checks');
    const message = new Uint8Array(1 + routabilityCookieLength);
    message[0] = type;
    message.set(cookie, 1);
    this.transmit(this.seal(ContentType.return_routability_check, 1, message));
  }

  handleTimeout(now: number): void {
    this.#guard(() => this.#handshake?.handleTimeout(now));
  }

  close(_now: number): void {
    if (this.#state === 'handshaking') {
      this.#part(AlertLevel.warning, AlertDescription.close_notify, undefined);
    } else if (this.#state === 'established') {
      this.#state = 'closing';
      this.#sendAlert(AlertLevel.warning, AlertDescription.close_notify);
    }
  }

  destroy(): void {
    this.#state = 'closed';
    this.#handshake?.destroy();
    this.#handshake = undefined;
    this.#lastFlight = undefined;
    this.#reader?.destroy();
    this.#reader = undefined;
    this.#writer?.destroy();
    this.#writer = undefined;
    this.#exporter?.destroy();
    this.#exporter = undefined;
  }

  save(): Uint8Array | undefined {
    if (this.#state !== 'established') return undefined;
    if (this.keeper && !this.#info?.peerConnectionId?.length) return undefined;
    if (this.keeper) return this.keeper.save(this.#sequence, this.#window.state.newest, (next) => this.#encode(next));
    return this.#encode({ sequence: this.#sequence, window: this.#window.state });
  }

  exportKeyingMaterial(length: number, label: string, context: Uint8Array | undefined): Uint8Array {
    if (!this.#exporter) throw errnoError('ENOTCONN', 'there is no association whose keys may be exported');
    return this.#exporter.export(length, label, context);
  }

  maxPlaintext(size: number): number {
    const info = this.#info;
    const { suites, recordPadding } = this.context;
    const fits =
      info && this.#writer ? this.#writer.maxPlaintext(size) : worstMaxPlaintext(suites, size, recordPadding);
    return Math.max(0, Math.min(fits, info?.maxFragmentLength ?? maxPlaintextLength));
  }

  // For the handshake.

  /** Continues the record numbers of the ClientHello that this server answers. RFC 6347 §4.2.1. */
  continueSequence(sequenceNumber: number): void {
    this.#plaintextSequence = sequenceNumber;
  }

  /** Puts the negotiated protection in place: records of epoch 1 can be written, and once `openEpoch` is called, read. */
  installProtection(reader: RecordProtection, writer: RecordProtection, limits: UsageLimits, cid: Uint8Array): void {
    this.#cidNegotiated = cid.length > 0;
    this.#reader = reader;
    this.#writer = writer;
    this.#limits = limits;
  }

  /** Both Finished messages are verified: the handshake's state is dropped, but for what keys are exported from. */
  complete(info: EngineInfo, exporter: Exporter | undefined): void {
    if (this.#state !== 'handshaking') return exporter?.destroy();
    this.#info = new KeptInfo(info);
    this.#exporter = exporter;
    this.#warnings = 0;
    this.#state = 'established';
    this.#handshake?.destroy();
    this.#handshake = undefined;
    if (exporter && info.peerConnectionId?.length) this.#cover();
    this.sink.established();
  }

  /** Goes on with an association that was saved, instead of a handshake. */
  continueFrom(saved: SavedAssociation, protection: Protection, exporter: Exporter): void {
    const { info, suite, sequence, window, forgeries } = saved;
    const own = info.connectionId ?? noConnectionId;
    this.#cid = own;
    this.installProtection(protection.reader, protection.writer, suite.protection.limits, own);
    this.#sequence = sequence;
    this.#window.state = window;
    this.#forgeries = forgeries;
    this.#exporter = exporter;
    this.#info = new KeptInfo(info);
    this.#state = 'established';
  }

  /** Calls `forget` should the established association end with a fatal alert: its session must not be resumed. RFC 5246 §7.2.2. */
  forgetOnFatal(forget: () => void): void {
    this.#onFatal = forget;
  }

  /** Nothing acknowledges the last flight of a handshake, so the side that sent it answers a repetition of the peer's with it. */
  keepLastFlight(flight: Flight, now: number): void {
    if (this.#state === 'closed') return;
    this.#lastFlight = { flight, sentAt: now };
  }

  /** Hands out application data. */
  deliver(plaintext: Uint8Array): void {
    if (this.#state === 'closed') return;
    // The peer cannot have sent this without our last flight: no need to repeat that any more.
    this.#lastFlight = undefined;
    this.#warnings = 0;
    this.#refusals = 0;
    this.sink.deliver(plaintext);
  }

  drop(reason: DropReason): void {
    if (this.#state !== 'closed') this.sink.dropped(reason);
  }

  /** Ends the association with a fatal alert of ours. RFC 5246 §7.2.2. */
  fatal(description: number, message?: string): void {
    const error = alertError({ direction: 'sent', level: AlertLevel.fatal, description }, message);
    this.#part(AlertLevel.fatal, description, error);
  }

  /** Gives up on a peer that does not answer. It may only be our side that hears nothing, so it is told (best effort). */
  abandon(error: AvsError): void {
    this.#part(AlertLevel.warning, AlertDescription.close_notify, error);
  }

  /** Ends the association without a word to the peer. */
  finish(error: AvsError | undefined): void {
    if (this.#state === 'closed') return;
    this.destroy();
    this.sink.closed(error);
  }

  /** Reads a record of epoch 1 that had to wait for its keys. */
  receiveEarly(record: Uint8Array, now: number): void {
    const header = decodeRecordHeader(record, 0, this.#cid.length);
    if (header && this.#state !== 'closed') this.#receiveProtected(record, header, now);
  }

  // FlightCarrier

  seal(type: number, epoch: number, fragment: Uint8Array): Uint8Array {
    if (epoch === 0) return plaintextRecord(type, this.#plaintextSequence++, fragment);
    if (!this.#writer) throw errnoError('EBADF', 'the association has ended');
    // RFC 6347 §4.1: numbers must not wrap. Nobody gets there: it takes 2,000 years at 4,000 records a second.
    if (this.#sequence > maxSequenceNumber)
      throw errnoError('EOVERFLOW', 'the association has used all record numbers');
    if (this.keeper?.coversWriting(this.#sequence) === false) this.#cover();
    return this.#writer.seal(type, epoch, this.#sequence++, fragment);
  }

  maxFragment(epoch: number, size: number): number {
    const largest = this.#handshake?.maxFragmentLength ?? this.#info?.maxFragmentLength ?? maxPlaintextLength;
    const fits = epoch === 0 || !this.#writer ? size - recordHeaderLength : this.#writer.maxPlaintext(size);
    return Math.min(largest, fits);
  }

  transmit(datagram: Uint8Array): void {
    if (this.#state !== 'closed') this.sink.transmit(datagram);
  }

  // Records

  #receiveRecord(datagram: Uint8Array, header: RecordHeader, now: number): void {
    const { version, epoch } = header;
    // RFC 6347 §4.1: before a version is chosen, records may carry another one of DTLS.
    if (epoch === 0 ? version >>> 8 !== ProtocolVersion.dtls12 >>> 8 : version !== ProtocolVersion.dtls12) {
      return this.drop('version');
    }
    if (epoch === 1) return this.#receiveProtected(datagram, header, now);
    // Plaintext counts only while the handshake runs: later anyone could end the association with it.
    if (epoch !== 0 || !this.#handshake) return this.drop('epoch');
    this.#receivePlaintext(datagram.subarray(header.body, header.end), header, this.#handshake, now);
  }

  #receivePlaintext(fragment: Uint8Array, header: RecordHeader, handshake: Handshake, now: number): void {
    switch (header.type) {
      case ContentType.handshake:
        return this.#guard(() => handshake.receive(fragment, 0, now));
      case ContentType.change_cipher_spec:
        if (fragment.length !== 1 || fragment[0] !== 1) return this.drop('malformed');
        return this.#guard(() => handshake.receiveChangeCipherSpec(now));
      case ContentType.alert:
        // A peer that has announced its keys uses them for alerts as well.
        if (handshake.epochOpen) return this.drop('epoch');
        return this.#receiveAlert(fragment, false);
      default:
        return this.drop('unexpected');
    }
  }

  #receiveProtected(datagram: Uint8Array, header: RecordHeader, now: number): void {
    const handshake = this.#handshake;
    if (handshake && !handshake.epochOpen) {
      // RFC 6347 §4.1: reordering can bring the next epoch's records before this one ends.
      return handshake.keepEarly(datagram.subarray(header.start, header.end));
    }
    if (!this.#reader) return this.drop('epoch');
    if (!this.#hasRightCid(datagram, header)) return this.drop('connectionId');
    if (!this.#window.isNew(header.sequenceNumber)) return this.drop('replayed');
    const plaintext = this.#reader.open(datagram, header.start, header.end);
    if (!plaintext) {
      this.drop('unauthenticated');
      if (++this.#forgeries >= this.#limits.forgeries) {
        // RFC 9325 §4.4. A fatal alert for what cannot be authenticated is this one: RFC 6347 §4.1.2.1.
        return this.fatal(AlertDescription.bad_record_mac, `${this.#forgeries} records were not authentic: an attack`);
      }
      if (handshake && (header.type === ContentType.handshake || header.type === ContentType.tls12_cid)) {
        this.#guard(() => handshake.finishedNotAuthentic(header.sequenceNumber));
      }
      return;
    }
    const isNewest = this.#window.mark(header.sequenceNumber);
    if (this.keeper?.coversReading(header.sequenceNumber) === false) this.#cover();
    if (header.type !== ContentType.tls12_cid) return this.#receiveContent(header.type, plaintext, now);
    const typeAt = innerTypeAt(plaintext);
    const isAnswer = plaintext[typeAt] === ContentType.return_routability_check && plaintext[0] !== challenge;
    if (isNewest && !handshake && !isAnswer) this.sink.newest();
    if (typeAt < 0) return this.drop('malformed');
    this.#receiveContent(plaintext[typeAt], plaintext.subarray(0, typeAt), now);
  }

  /** What an authentic record holds. */
  #receiveContent(type: number, content: Uint8Array, now: number): void {
    const handshake = this.#handshake;
    switch (type) {
      case ContentType.application_data:
        if (handshake) return handshake.keepData(content);
        return this.deliver(content);
      case ContentType.handshake:
        if (handshake) return this.#guard(() => handshake.receive(content, 1, now));
        return this.#guard(() => this.#receiveLateHandshake(content, now));
      case ContentType.alert:
        return this.#receiveAlert(content, true);
      case ContentType.return_routability_check:
        return this.#receiveRoutabilityCheck(content);
      default:
        return this.drop('unexpected');
    }
  }

  /** RFC 9146 §3: once it is negotiated, records without the connection ID are as bad as those with another. */
  #hasRightCid(datagram: Uint8Array, { type, start }: RecordHeader): boolean {
    const cid = this.#cid;
    if (type !== ContentType.tls12_cid) return !this.#cidNegotiated;
    return this.#cidNegotiated && cid.every((byte, i) => byte === datagram[start + 11 + i]);
  }

  /** RFC 9853 §4: what is not known is ignored. */
  #receiveRoutabilityCheck(content: Uint8Array): void {
    const [type] = content;
    const isKnown = type <= RoutabilityCheckType.path_drop && content.length === 1 + routabilityCookieLength;
    if (!this.#info?.returnRoutabilityCheck || !isKnown) return this.drop('unexpected');
    this.sink.routabilityCheck(type as RoutabilityCheckTypeCode, content.slice(1));
  }

  /** Handshake messages after the handshake: our last flight was lost, or the peer wants to renegotiate. */
  #receiveLateHandshake(fragment: Uint8Array, now: number): void {
    let type: number;
    try {
      type = decodeFragment(new Reader(fragment)).type;
    } catch {
      return this.drop('malformed');
    }
    const last = this.#lastFlight;
    if (type === HandshakeType.finished && last) {
      // RFC 6347 §4.2.4: in FINISHED a repeated flight of the peer is answered with ours, here at a bounded rate.
      if (now - last.sentAt < answerInterval(this.options.handshakeTimeouts)) return this.drop('unexpected');
      last.sentAt = now;
      this.sink.retransmitted();
      return sendFlight(last.flight, this, this.options.maxDatagramSize);
    }
    this.drop('unexpected');
    const renegotiates = type === HandshakeType.hello_request || type === HandshakeType.client_hello;
    // RFC 5746 §4.5, RFC 9325 §3.5: renegotiation is refused.
    if (renegotiates && this.#refusals < mostRefusals) {
      this.#refusals++;
      this.#sendAlert(AlertLevel.warning, AlertDescription.no_renegotiation);
    }
  }

  // Alerts

  /**
   * An alert in plaintext is believed, since a peer without keys has no other way to say why it fails. Whoever can forge one could as well forge
   * a ServerHello, and end the handshake so. What may be said without end is bounded: warnings.
   */
  #receiveAlert(fragment: Uint8Array, isAuthentic: boolean): void {
    if (fragment.length !== 2) return this.drop('malformed');
    const [level, description] = fragment;
    if (level !== AlertLevel.warning && level !== AlertLevel.fatal) return this.drop('malformed');
    const isWarning = level === AlertLevel.warning && description !== AlertDescription.close_notify;
    const isTooMuch = isWarning && ++this.#warnings > mostWarnings;
    if (isTooMuch && !isAuthentic) return this.drop('overflow');
    const alert = { direction: 'received', level, description } as const;
    this.sink.alert(alert);
    if (isTooMuch) {
      this.fatal(AlertDescription.unexpected_message, `${this.#warnings} warning alerts in a row`);
    } else if (description === AlertDescription.close_notify) {
      const handshaking = this.#state === 'handshaking';
      // RFC 5246 §7.2.1: answered with a close_notify of our own, unless that was sent before.
      if (this.#state === 'established') this.#sendAlert(AlertLevel.warning, AlertDescription.close_notify);
      this.finish(handshaking ? alertError(alert, 'the peer closed during the handshake') : undefined);
    } else if (level === AlertLevel.fatal) {
      this.#forget();
      this.finish(alertError(alert));
    }
  }

  /** Ends the association because its keys must not protect anything more. RFC 9325 §4.4. */
  #wornOut(): AvsError {
    const { records } = this.#limits;
    const error = errnoError(
      'EOVERFLOW',
      `${records} records were sent, as many as one key may protect: connect again`,
    );
    this.#part(AlertLevel.warning, AlertDescription.close_notify, error);
    return error;
  }

  /** Ends the association with an alert. The state changes first, because the sink may call `close` when it is told of the alert. */
  #part(level: number, description: number, error: AvsError | undefined): void {
    if (this.#state === 'closed') return;
    if (level === AlertLevel.fatal) this.#forget();
    this.#state = 'closing';
    this.#sendAlert(level, description);
    this.finish(error);
  }

  #forget(): void {
    // Who has not completed a handshake may have nothing but the ID, which travels in the clear.
    if (this.#state !== 'handshaking') this.#onFatal?.();
  }

  /** Best effort: an alert that cannot be made must not keep the association from ending. */
  #sendAlert(level: number, description: number): void {
    if (this.#state === 'closed') return;
    const isPlaintext = this.#handshake && !this.#handshake.writesProtected;
    const fragment = Uint8Array.of(level, description);
    let record: Uint8Array;
    try {
      record = isPlaintext ? this.#plaintextAlert(fragment) : this.seal(ContentType.alert, 1, fragment);
    } catch {
      return;
    }
    this.transmit(record);
    this.sink.alert({ direction: 'sent', level, description });
  }

  /** Who is told protocol_version may know no newer record than that of DTLS 1.0. */
  #plaintextAlert(fragment: Uint8Array): Uint8Array {
    const version = fragment[1] === AlertDescription.protocol_version ? ProtocolVersion.dtls10 : ProtocolVersion.dtls12;
    return plaintextRecord(ContentType.alert, this.#plaintextSequence++, fragment, version);
  }

  /** Keeps a state of the association from which it can be continued, whatever is sent and received from now on until the next. */
  #cover(): void {
    this.keeper?.cover(this.#sequence, this.#window.state.newest, (next) => this.#encode(next));
  }

  #encode(next: Pick<SavedAssociation, 'sequence' | 'window'>): Uint8Array | undefined {
    const { info } = this;
    const exporter = this.#exporter;
    const suite = info && ciphersuite(info.ciphersuite);
    if (!suite || !exporter) return undefined;
    const { master, randoms } = exporter;
    return encodeSavedAssociation({ suite, master, randoms, info, ...next, forgeries: this.#forgeries });
  }

  /** Runs a step of the handshake: what the peer did wrong becomes an alert, what we did wrong becomes internal_error. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (error instanceof DecodeError) return this.fatal(error.alert, error.message);
      const text = error instanceof Error ? error.message : String(error);
      const failure = libraryError(AlertDescription.internal_error, `the handshake failed: ${text}`, { cause: error });
      this.#part(AlertLevel.fatal, AlertDescription.internal_error, failure);
    }
  }
}
