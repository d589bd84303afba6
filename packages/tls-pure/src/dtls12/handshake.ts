import { AlertDescription, type EngineInfo, errnoError } from '@avs-net/core';
import type { Ciphersuite } from '../ciphersuites.js';
import { constantTimeEqual } from '../crypto/constant-time.js';
import { decodeFinished } from '../handshake/finished.js';
import { type Flight, type FlightPart, sendFlight } from '../handshake/flight.js';
import {
  decodeFragment,
  encodeMessage,
  type Fragment,
  type HandshakeMessage,
  HandshakeType,
  messageHeaderLength,
} from '../handshake/message.js';
import { Reassembler } from '../handshake/reassembly.js';
import { RetransmissionTimer } from '../handshake/retransmission.js';
import { Transcript } from '../handshake/transcript.js';
import { maxPlaintextLength, noConnectionId } from '../record/header.js';
import type { RecordProtection } from '../record/protection.js';
import { DecodeError, Reader } from '../wire/reader.js';
import type { Context } from './context.js';
import type { Dtls12Engine } from './engine.js';
import { Exporter } from './exporter.js';
import { keyLogLine, masterSecret, type Randoms, trafficProtection, verifyData } from './key-schedule.js';
import type { ConnectionIds } from './negotiation.js';

/** Bytes of protected records that are kept until their epoch opens, and of application data until the peer has proven itself. */
const maxKept = 16_384;

/** The same as a number of records. */
const maxKeptRecords = 32;

/** What the handshake has negotiated so far; complete once a ServerHello has been read or written. */
export interface Negotiated {
  readonly suite: Ciphersuite;
  readonly randoms: Randoms;
  readonly extendedMasterSecret: boolean;
  readonly encryptThenMac: boolean;
  readonly maxFragmentLength: number;
  readonly serverName: string | undefined;
  readonly connectionIds: ConnectionIds | undefined;
}

/**
 * What client and server share of a DTLS 1.2 handshake: message order, flights and their timer, the transcript, the change of
 * epoch and the Finished messages. RFC 6347 §4.2, RFC 5246 §7.3. Lives as long as the handshake.
 */
export abstract class Handshake {
  /** The negotiated protection is in place and the peer has announced it: epoch 1 can be read. */
  epochOpen = false;
  /** Our Finished is on its way: alerts of ours belong to epoch 1. */
  writesProtected = false;
  protected negotiated: Negotiated | undefined;
  protected readonly transcript = new Transcript();
  protected readonly timer: RetransmissionTimer;
  /** Flights that were begun. */
  protected flights = 0;
  protected retransmissions = 0;
  protected master: Uint8Array | undefined;
  /** The handshake is abbreviated: RFC 5246 §7.3, figure 2. */
  protected resumed = false;
  protected nextSendSeq = 0;
  /** No message is handled until something that is awaited has come. */
  protected paused = false;
  protected abstract readonly side: 'client' | 'server';
  readonly #reassembler: Reassembler;
  #flight: Flight = [];
  #changeCipherSpecSeen = false;
  #early: Uint8Array[] = [];
  #data: Uint8Array[] = [];
  #earlyBytes = 0;
  #dataBytes = 0;
  #readingEarly = false;
  #forgedSequence: number | undefined;
  #destroyed = false;

  constructor(
    protected readonly engine: Dtls12Engine,
    protected readonly context: Context,
    firstReceiveSeq: number,
  ) {
    this.#reassembler = new Reassembler(firstReceiveSeq);
    this.timer = new RetransmissionTimer(engine.options.handshakeTimeouts);
  }

  get deadline(): number | undefined {
    return this.timer.deadline;
  }

  get maxFragmentLength(): number {
    return this.negotiated?.maxFragmentLength ?? maxPlaintextLength;
  }

  abstract start(now: number): void;

  /** Handles the next message in order, which is not a Finished. */
  protected abstract handle(message: HandshakeMessage, now: number): void;

  /** Whether a Finished may come now. */
  protected abstract readonly expectsFinished: boolean;

  /** The peer's Finished is verified: `engine.complete` follows, on the server after its own Finished. */
  protected abstract peerFinished(now: number): void;

  /** What a timeout means in the present state, for the error's message. */
  protected abstract readonly waitingFor: string;

  /**
   * Whether a message that was handled before, now come again, tells that the peer has not heard our present flight: the last one of the
   * flight that ours answers. RFC 6347 §4.2.4.
   */
  protected abstract asksForFlight(type: number): boolean;

  /** A message that was handled before has come again, whole. True: it was of use after all. */
  protected repeated(_message: HandshakeMessage, _now: number): boolean {
    return false;
  }

  handleTimeout(now: number): void {
    if (this.timer.deadline === undefined || now < this.timer.deadline) return;
    if (this.timer.expire(now)) {
      // While we wait for something of our own, the peer has nothing to answer.
      if (!this.paused) this.#resend();
      return;
    }
    this.engine.abandon(errnoError('ETIMEDOUT', `the handshake timed out waiting for ${this.waitingFor}`));
  }

  /** Takes a handshake record, which may hold several fragments. */
  receive(record: Uint8Array, epoch: number, now: number): void {
    const reader = new Reader(record);
    while (reader.remaining > 0) {
      const fragment = this.#decode(reader);
      if (!fragment) {
        this.engine.drop('malformed');
        break;
      }
      if (fragment.messageSeq < this.#reassembler.nextSeq) this.#receiveRepeated(fragment, now);
      else if (!this.#isPossible(fragment, epoch) || !this.#reassembler.add(fragment, epoch))
        this.engine.drop('unexpected');
    }
    this.advance(now);
  }

  #isPossible({ type }: Fragment, epoch: number): boolean {
    // RFC 5246 §7.4.1.1: a HelloRequest is ignored during a handshake, and takes no place in its numbering.
    if (type === HandshakeType.hello_request) return false;
    // RFC 5246 §7.4.9: Finished is the one message that is protected, and nothing but it is.
    if ((type === HandshakeType.finished) !== (epoch === 1)) return false;
    // Once only a Finished can come, what is plaintext was not sent by an honest peer.
    return epoch === 1 || !(this.expectsFinished || this.paused);
  }

  receiveChangeCipherSpec(now: number): void {
    // It has no message_seq, so it may come early; it opens the epoch only once there are keys.
    if (!this.negotiated) return this.engine.drop('unexpected');
    this.#changeCipherSpecSeen = true;
    this.openEpoch(now);
  }

  /** Keeps a copy of a record of epoch 1 until that can be read. The oldest give way: forgeries sent ahead must not keep the Finished out. */
  keepEarly(record: Uint8Array): void {
    this.#early.push(record.slice());
    this.#earlyBytes += record.length;
    while (this.#early.length > maxKeptRecords || this.#earlyBytes > maxKept) {
      this.#earlyBytes -= this.#early.shift()?.length ?? 0;
      this.engine.drop('overflow');
    }
  }

  /** Keeps application data that came before its sender's Finished. It is authentic, so what comes beyond the bound is what is dropped. */
  keepData(plaintext: Uint8Array): void {
    if (this.#data.length >= maxKeptRecords || this.#dataBytes + plaintext.length > maxKept) {
      return this.engine.drop('overflow');
    }
    this.#data.push(plaintext.slice());
    this.#dataBytes += plaintext.length;
  }

  /**
   * A record where the peer's Finished belongs failed authentication. A wrong key looks like that; so does a forged or damaged record.
   * RFC 6347 §4.1.2.7 advises against alerts that a forger can cause, but then a wrong key would end in a timeout after two minutes.
   * So the second such record counts, if it is not a copy of the first: a peer with a wrong key repeats its flight after a second.
   * All that came before there were keys count as one, since anyone could have sent them.
   * The alert is the one that RFC 4279 §2 names for a wrong key.
   */
  finishedNotAuthentic(sequenceNumber: number): void {
    if (this.#forgedSequence === undefined) {
      this.#forgedSequence = sequenceNumber;
    } else if (this.#forgedSequence !== sequenceNumber && !this.#readingEarly) {
      throw new DecodeError(
        'the Finished is not authentic: the pre-shared keys differ',
        AlertDescription.decrypt_error,
      );
    }
  }

  protected get isDestroyed(): boolean {
    return this.#destroyed;
  }

  destroy(): void {
    this.#destroyed = true;
    this.timer.stop();
    this.transcript.destroy();
    this.master?.fill(0);
    this.master = undefined;
    this.#flight = [];
    this.#early = [];
    this.#data = [];
  }

  /** Handles the messages that are whole and in order. */
  protected advance(now: number): void {
    while (!this.paused && !this.#destroyed) {
      const message = this.#reassembler.next();
      if (!message) return;
      if (message.type === HandshakeType.finished) this.#handleFinished(message, now);
      else this.handle(message, now);
    }
  }

  /** The peer's next message has this message_seq. */
  protected expectFrom(messageSeq: number): void {
    this.#reassembler.nextSeq = messageSeq;
  }

  /** As `expectFrom`, and nothing that has come until now is the peer's answer to what we are about to send. */
  protected restartFrom(messageSeq: number): void {
    this.#reassembler.restart(messageSeq);
  }

  /** A message of ours, with the next message_seq; in the transcript from now on. */
  protected message(type: number, body: Uint8Array): FlightPart {
    const message = encodeMessage(type, this.nextSendSeq++, body);
    this.transcript.add(message);
    return { kind: 'message', epoch: 0, message };
  }

  /** ChangeCipherSpec and Finished. */
  protected finishedParts(): FlightPart[] {
    const { suite } = this.settled();
    const body = verifyData(this.context.provider, suite, this.secret(), this.side, this.transcript.digest());
    const part = this.message(HandshakeType.finished, body);
    this.writesProtected = true;
    return [
      { kind: 'change_cipher_spec', epoch: 0 },
      { ...part, epoch: 1 },
    ];
  }

  /** Sends a new flight and waits for its answer, unless it is the last one. */
  protected sendFlight(flight: Flight, now: number, isLast = false): void {
    this.flights++;
    this.#flight = flight;
    if (isLast) this.timer.stop();
    else this.timer.start(now);
    sendFlight(flight, this.engine, this.engine.options.maxDatagramSize);
  }

  /** Derives all keys from the premaster secret, which is wiped. RFC 5246 §8.1, §6.3. */
  protected deriveKeys(premaster: Uint8Array): void {
    const { suite, randoms, extendedMasterSecret } = this.settled();
    try {
      const sessionHash = extendedMasterSecret ? this.transcript.digest() : undefined;
      this.useMaster(masterSecret(this.context.provider, suite, premaster, randoms, sessionHash));
    } finally {
      premaster.fill(0);
    }
  }

  /** Derives the keys of the connection from a master secret, which is the handshake's from then on. RFC 5246 §6.3. */
  protected useMaster(master: Uint8Array): void {
    this.master = master;
    const { suite, randoms, encryptThenMac, connectionIds } = this.settled();
    const { provider, random, onKeyLog, recordPadding } = this.context;
    const { own = noConnectionId, peer = noConnectionId } = connectionIds ?? {};
    const cids = this.side === 'client' ? { client: peer, server: own } : { client: own, server: peer };
    const { client, server } = trafficProtection(provider, suite, master, randoms, {
      encryptThenMac,
      random,
      cids,
      padding: recordPadding ?? 1,
    });
    this.#checkRoom(this.side === 'client' ? client : server, cids[this.side]);
    const { limits } = suite.protection;
    if (this.side === 'client') this.engine.installProtection(server, client, limits, own);
    else this.engine.installProtection(client, server, limits, own);
    onKeyLog?.(keyLogLine(randoms.client, master));
  }

  /** A connection ID of the peer's, and our padding, may leave no room for anything else in small datagrams. */
  #checkRoom(writer: RecordProtection, { length }: Uint8Array): void {
    const { maxDatagramSize } = this.engine.options;
    if (length === 0 || writer.maxPlaintext(maxDatagramSize) > messageHeaderLength) return;
    const padding = this.context.recordPadding ?? 1;
    throw new DecodeError(
      `a connection ID of ${length} bytes and padding to ${padding} leave no room in datagrams of ${maxDatagramSize}`,
      AlertDescription.handshake_failure,
    );
  }

  /** Opens epoch 1 for reading if keys and ChangeCipherSpec are both there, and reads what came early. */
  protected openEpoch(now: number): void {
    if (this.epochOpen || !this.#changeCipherSpecSeen || !this.master) return;
    this.epochOpen = true;
    const early = this.#early;
    this.#early = [];
    this.#earlyBytes = 0;
    this.#readingEarly = true;
    for (const record of early) this.engine.receiveEarly(record, now);
    this.#readingEarly = false;
  }

  protected settled(): Negotiated {
    if (!this.negotiated) throw new Error('nothing has been negotiated');
    return this.negotiated;
  }

  protected secret(): Uint8Array {
    if (!this.master) throw new Error('there is no master secret');
    return this.master;
  }

  /** Ends the handshake in success; data that came before the peer's Finished is handed out. */
  protected complete(
    about: Pick<EngineInfo, 'pskIdentity' | 'pskIdentityHint'>,
    now: number,
    lastFlight?: Flight,
  ): void {
    const { suite, randoms, extendedMasterSecret, encryptThenMac, maxFragmentLength, serverName } = this.settled();
    const { connectionIds } = this.settled();
    const data = this.#data;
    const info: EngineInfo = {
      version: '1.2',
      ciphersuite: suite.id,
      resumed: this.resumed,
      extendedMasterSecret,
      encryptThenMac,
      maxFragmentLength,
      serverName,
      connectionId: connectionIds?.own,
      peerConnectionId: connectionIds?.peer,
      returnRoutabilityCheck: connectionIds?.rrc ?? false,
      flights: this.flights,
      retransmissions: this.retransmissions,
      pskIdentity: about.pskIdentity,
      pskIdentityHint: about.pskIdentityHint,
    };
    // RFC 7627 §5.4: without an extended master secret no keys are exported.
    const exporter = extendedMasterSecret
      ? new Exporter(this.context.provider, suite.hash, this.secret(), randoms)
      : undefined;
    this.engine.complete(info, exporter);
    for (const plaintext of data) this.engine.deliver(plaintext);
    if (lastFlight) this.engine.keepLastFlight(lastFlight, now);
  }

  #handleFinished(message: HandshakeMessage, now: number): void {
    if (!this.expectsFinished) throw new DecodeError('Finished out of order', AlertDescription.unexpected_message);
    const { suite } = this.settled();
    const peer = this.side === 'client' ? 'server' : 'client';
    const expected = verifyData(this.context.provider, suite, this.secret(), peer, this.transcript.digest());
    if (!constantTimeEqual(expected, decodeFinished(message.body))) {
      throw new DecodeError('the Finished does not fit the handshake', AlertDescription.decrypt_error);
    }
    this.transcript.add(message);
    this.peerFinished(now);
  }

  #decode(reader: Reader): Fragment | undefined {
    try {
      return decodeFragment(reader);
    } catch {
      return undefined;
    }
  }

  #receiveRepeated({ type, messageSeq, offset, length, data }: Fragment, now: number): void {
    if (offset === 0 && data.length === length && this.repeated(encodeMessage(type, messageSeq, data), now)) return;
    this.engine.drop('unexpected');
    if (this.asksForFlight(type) && this.timer.deadline !== undefined && this.timer.answer(now)) this.#resend();
  }

  #resend(): void {
    this.retransmissions++;
    this.engine.sink.retransmitted();
    sendFlight(this.#flight, this.engine, this.timer.datagramSize(this.engine.options.maxDatagramSize));
  }
}
