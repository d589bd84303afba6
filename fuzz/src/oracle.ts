import {
  type Alert,
  type AvsError,
  AvsErrorCategory,
  type DropReason,
  type Engine,
  type EngineSink,
  isErrno,
  type ResumableSession,
  type RoutabilityCheckTypeCode,
} from '@avs-net/core';
import { Evidence } from './evidence.js';
import { Finding } from './finding.js';
import type { Truth } from './keys.js';
import {
  changeCipherSpecProofs,
  type Event,
  establishedProofs,
  fullHandshakeMessage,
  messageProofs,
  mostCookieRounds,
  mostDatagrams,
  mostEvents,
  type Proofs,
  type Role,
  type State,
  sessionProofs,
  transitions,
} from './model.js';
import { ContentType, fragmentsOf, HandshakeType, keyOf, recordsOf, type WireRecord } from './wire.js';

const closeNotify = 0;

/** What an oracle is told about the engine that it watches. */
export interface Watched {
  readonly role: Role;
  readonly truth: Truth;
  readonly maxDatagramSize: number;
  /** Of the connection ID that the engine was told to ask for, bytes. */
  readonly cidLength: number;
  /** The engine has a session to resume: a client to offer, a server to find. */
  readonly mayResume: boolean;
  /** The shortest wait of the handshake timers, ms. */
  readonly shortestWait: number;
  /** Takes what the engine sends. */
  readonly transmit: (datagram: Uint8Array) => void;
  readonly wake: () => void;
  /** What the user of the engine does from within its callbacks. */
  readonly react: (event: 'established' | 'deliver' | 'alert' | 'challenge', cookie?: Uint8Array) => void;
  /** Takes each event, in a word, for what the fuzzer counts as new. */
  readonly seen: (event: string) => void;
}

/**
 * Watches one engine: it is the engine's sink and the only caller of its operations, and compares all that happens with the
 * model. What must not happen is remembered as a {@link Finding}, since an engine would catch what its sink throws.
 */
export class Oracle implements EngineSink {
  readonly evidence: Evidence;
  state: State = 'handshaking';
  finding: Finding | undefined;
  /** What the engine has left for its next association. */
  kept: Uint8Array | undefined;
  readonly #watched: Watched;
  #engine: Engine | undefined;
  #call = 'create';
  #now = 0;
  #inputs = 0;
  #datagrams = 0;
  #events = 0;
  #bound = 0;
  readonly #lastAlert: Partial<Record<Alert['direction'], Alert>> = {};
  #closeNotifyReceived = false;
  #depth = 0;
  #hurried = 0;
  readonly #sentAt = new Map<string, number>();
  readonly #nextSequence = [0, 0];
  #isResuming = false;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.evidence = new Evidence(watched.role, watched.truth, watched.mayResume);
  }

  /** The engine is there; `sequence` is where its record numbers begin. */
  watch(engine: Engine, sequence: number): void {
    this.#engine = engine;
    this.#nextSequence[0] = sequence;
  }

  /** Another engine goes on where this one was, from a state that takes as many numbers for used beyond the newest. */
  resume(engine: Engine, now: number, reserve: number): void {
    this.#engine?.destroy();
    this.#engine = engine;
    this.evidence.restarted(reserve);
    this.#isResuming = true;
    this.#run('resume', now, 200, () => engine.start(now));
    this.#require(!this.#isResuming, 'an engine that was restored is not established');
  }

  /** The engine's association as bytes. */
  save(now: number): Uint8Array | undefined {
    let state: Uint8Array | undefined;
    this.#run('save', now, 0, (engine) => {
      state = engine.save?.();
    });
    return state;
  }

  /** Sends a return routability check. */
  check(type: 0 | 1 | 2, cookie: Uint8Array, now: number): void {
    this.#run('check', now, 200, (engine) => {
      const { state } = this;
      const can = this.#watched.truth.connectionIds?.checks === true;
      try {
        engine.sendRoutabilityCheck?.(type, cookie);
      } catch (error) {
        if (isErrno(error, 'ENOTCONN') && state !== 'established') return;
        if (isErrno(error, 'ENOTSUP') && state === 'established' && !can) return;
        throw error;
      }
      this.#require(state === 'established' && can, `a check was sent in state ${state}`);
    });
  }

  /** The engine's wish to be called; checked: only a handshake has timers. */
  get nextTimeout(): number | undefined {
    const at = this.#engine?.nextTimeout;
    this.#require(at === undefined || this.state === 'handshaking', `a timer at ${at} in state ${this.state}`);
    return at;
  }

  /** What the engine says was negotiated; it must say so exactly when it was. */
  get info(): Engine['info'] {
    const info = this.#engine?.info;
    if (this.state === 'handshaking') this.#require(info === undefined, 'info before the handshake is complete');
    if (this.state === 'established' || this.state === 'closing') this.#require(info !== undefined, 'no info');
    return info;
  }

  start(now: number): void {
    this.#run('start', now, 200, (engine) => engine.start(now));
  }

  receive(datagram: Uint8Array, now: number): void {
    this.#inputs += 1;
    const { state } = this;
    if (state !== 'closed' && state !== 'destroyed') {
      this.evidence.delivered(recordsOf(datagram, this.#watched.cidLength), datagram, state);
    }
    const copy = datagram.slice();
    this.#run('receive', now, datagram.length, (engine) => engine.receive(copy, now));
    if (state === 'established' && this.state === 'established') {
      this.#require(!this.evidence.hasUntoldNews, 'a record newer than all before did not count as that');
    }
    // The engine may not count on the bytes that it was given.
    copy.fill(0xa5);
  }

  handleTimeout(now: number): void {
    this.#run('handleTimeout', now, 4_000, (engine) => engine.handleTimeout(now));
  }

  /** @returns whether it was sent. */
  send(plaintext: Uint8Array, now: number): boolean {
    let sent = false;
    this.#run('send', now, 200, (engine) => {
      const { state } = this;
      const fits = plaintext.length <= engine.maxPlaintext(this.#watched.maxDatagramSize);
      try {
        engine.send(plaintext);
        sent = true;
      } catch (error) {
        if (isErrno(error, 'ENOTCONN') && state !== 'established') return;
        if (isErrno(error, 'EMSGSIZE') && state === 'established' && !fits) return;
        throw error;
      }
      this.#require(state === 'established', `send worked in state ${state}`);
      this.#require(fits, `send took ${plaintext.length} bytes`);
    });
    return sent;
  }

  close(now: number): void {
    this.#run('close', now, 200, (engine) => {
      engine.close(now);
      if (this.state === 'established') this.state = 'closing';
      else if (this.#depth === 1) this.#require(this.state !== 'handshaking', 'close did not end the handshake');
    });
  }

  destroy(): void {
    if (this.#engine === undefined) return;
    this.state = 'destroyed';
    this.#run('destroy', this.#now, 0, (engine) => engine.destroy());
  }

  // EngineSink

  transmit(datagram: Uint8Array): void {
    const { maxDatagramSize, role, truth, shortestWait } = this.#watched;
    this.#datagrams += 1;
    const most = mostDatagrams(this.#inputs, this.#now, shortestWait);
    this.#require(this.#datagrams <= most, `${this.#datagrams} datagrams after ${this.#inputs} inputs`);
    this.#require(datagram.length <= maxDatagramSize, `a datagram of ${datagram.length} bytes`);
    const records = this.#recordsSent(datagram);
    this.#require(records.at(-1)?.end === datagram.length, 'a datagram that is not made of records');
    for (const record of records) {
      this.#transmitRecord(record, datagram);
      truth.sent(role, record, datagram);
    }
    this.#watched.transmit(datagram);
  }

  deliver(plaintext: Uint8Array): void {
    this.#happens('deliver');
    this.#require(this.evidence.takeData(plaintext), 'delivered what the peer has not sent, or twice');
    this.#watched.react('deliver');
  }

  established(): void {
    if (this.#isResuming) {
      this.#isResuming = false;
      return this.#happens('resumed');
    }
    this.#prove(establishedProofs, 'established');
    this.#happens('established');
    const isFull = this.evidence.hasSent(fullHandshakeMessage[this.#watched.role]);
    this.#require(this.info?.resumed === !isFull, `info is wrong about resumption`);
    this.#compareConnectionIds();
    this.#watched.react('established');
  }

  alert(alert: Alert): void {
    this.#lastAlert[alert.direction] = alert;
    const { direction, level, description } = alert;
    if (direction === 'received' && description === closeNotify) this.#closeNotifyReceived = true;
    // What a peer may put into an alert is no behaviour of ours.
    if (direction === 'sent') this.#happens('alert sent', `${level} ${description}`);
    else this.#happens('alert received', `${level} ${description === closeNotify ? 'close_notify' : 'other'}`);
    if (direction === 'received') {
      this.#require(this.evidence.takeAlert(level, description), `alert ${description} that nobody has sent`);
    } else if (this.state !== 'handshaking') {
      this.#require(level === 1, `a fatal alert in state ${this.state}: any authentic record could cause it`);
    }
    this.#watched.react('alert');
  }

  session(session: ResumableSession): void {
    this.#happens('session');
    this.#prove(sessionProofs[this.#watched.role], 'handed out a session');
    this.#require(this.kept === undefined, 'handed out two sessions');
    this.kept = session.store();
    this.#require(this.kept.length > 0, 'a session of no bytes');
    session.destroy();
  }

  dropped(reason: DropReason): void {
    this.#happens('dropped', reason);
  }

  retransmitted(): void {
    this.#happens('retransmitted');
  }

  newest(): void {
    this.#happens('newest');
    this.#require(this.evidence.takeNewest(this.#call === 'receive'), 'a record counts as newest that is none');
  }

  routabilityCheck(type: RoutabilityCheckTypeCode, cookie: Uint8Array): void {
    this.#happens('routability check', String(type));
    this.#require(this.evidence.takeCheck(type, cookie), 'a check that the peer has not sent, or twice');
    this.#require(this.#watched.truth.connectionIds?.checks === true, 'a check that was not negotiated');
    if (type === 0) this.#watched.react('challenge', cookie);
  }

  wake(): void {
    this.#happens('wake');
    this.#watched.wake();
  }

  closed(error?: AvsError): void {
    const { state } = this;
    this.#happens('closed', error?.errno ?? (error?.direction === 'sent' ? String(error.code) : error?.direction));
    if (error === undefined) {
      if (state === 'handshaking') this.#require(this.#call === 'close', 'a handshake ended without an error');
      else this.#require(this.#closeNotifyReceived, 'closed without a reason');
    } else if (error.category === AvsErrorCategory.tlsAlert) {
      const alert = error.direction && this.#lastAlert[error.direction];
      this.#require(error.description === alert?.description, `closed with ${error.message}, which was not reported`);
    } else if (isErrno(error, 'ETIMEDOUT')) {
      this.#require(state === 'handshaking' && this.#call === 'handleTimeout', 'a timeout outside of the timer');
    } else {
      this.#fail(`an error of its own ended it: ${String(error)}`, error);
    }
  }

  /** What the engine says of connection IDs is what both hellos said. */
  #compareConnectionIds(): void {
    const { role, truth } = this.#watched;
    const { info } = this;
    const { written, checks } = truth.connectionIds ?? {};
    const [ours, theirs] = role === 'client' ? [written?.client, written?.server] : [written?.server, written?.client];
    const isSame = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
      keyOf(a ?? new Uint8Array(0)) === keyOf(b ?? new Uint8Array(0));
    this.#require(isSame(info?.peerConnectionId, ours), 'info has another connection ID than the peer has given');
    this.#require(isSame(info?.connectionId, theirs), 'info has another connection ID than was asked for');
    this.#require(info?.returnRoutabilityCheck === (checks ?? false), 'info is wrong about return routability checks');
  }

  /**
   * The records of a datagram of the engine's. A hello that was changed on the way may have told it of a connection ID of any length, until
   * the Finished of the peer has told what is true.
   */
  #recordsSent(datagram: Uint8Array): WireRecord[] {
    const { role, truth } = this.#watched;
    const records = recordsOf(datagram, truth.connectionIds?.written[role].length ?? 0);
    if (this.state !== 'handshaking') return records;
    for (let length = 0; records.at(-1)?.end !== datagram.length && length < 256; length += 1) {
      const others = recordsOf(datagram, length);
      if (others.at(-1)?.end === datagram.length) return others;
    }
    return records;
  }

  /** The type and the content of a record that the engine sends, as far as the fuzzer can read it. */
  #contentOf(record: WireRecord, datagram: Uint8Array): { readonly type: number; readonly body: Uint8Array } {
    const { role, truth } = this.#watched;
    if (this.state !== 'handshaking' && record.epoch === 1) {
      const cid = truth.connectionIds?.written[role] ?? new Uint8Array(0);
      const hasCid = record.type === ContentType.withConnectionId;
      this.#require(hasCid === cid.length > 0, `a record of type ${record.type}, and a connection ID of ${cid.length}`);
      this.#require(keyOf(record.cid) === keyOf(cid), 'a record with another connection ID than the peer has given');
    }
    if (record.type !== ContentType.withConnectionId) return record;
    this.#require(record.epoch === 1, `a connection ID in epoch ${record.epoch}`);
    const read = truth.read(role, record, datagram);
    // With a changed hello it has other keys than the peer; then this can only be its Finished, or an alert behind it.
    this.#require(read !== undefined || this.state === 'handshaking', 'a record that the peer cannot read');
    return { type: read?.type ?? ContentType.handshake, body: read?.content ?? new Uint8Array(0) };
  }

  #transmitRecord(record: WireRecord, datagram: Uint8Array): void {
    const { version, epoch, sequence } = record;
    const { type, body } = this.#contentOf(record, datagram);
    const { role } = this.#watched;
    this.#require(version === 0xfefd || version === 0xfeff, `record version ${version}`);
    this.#require(epoch === 0 || epoch === 1, `a record of epoch ${epoch}`);
    const next = this.#nextSequence[epoch] ?? 0;
    this.#require(sequence >= next, `record number ${sequence} of epoch ${epoch} again`);
    this.#nextSequence[epoch] = sequence + 1;
    if (epoch === 1) this.#prove([['change_cipher_spec sent']], 'a record of epoch 1');
    if (type === ContentType.handshake) {
      this.#happens('transmit handshake', epoch === 0 ? String(body[0]) : 'Finished');
      const hasCid = record.type === ContentType.withConnectionId;
      // One that nobody can read may be an alert, and pieces of a Finished are no repetitions of each other.
      if (!hasCid || body.length > 0) this.#noteRepetition(epoch === 0 || hasCid ? keyOf(body) : 'Finished', body);
      const types = epoch === 1 ? [20] : fragmentsOf(body).map((each) => each.type);
      for (const each of types) {
        const proofs = messageProofs[role][each];
        if (proofs === undefined) this.#fail(`sent a handshake message of type ${each}`);
        else this.#prove(proofs, `sent a handshake message of type ${each}`);
        this.#require((each === 20) === (epoch === 1), `message ${each} in epoch ${epoch}`);
        this.evidence.sentMessage(each);
      }
    } else if (type === ContentType.changeCipherSpec) {
      this.#happens('transmit change_cipher_spec');
      this.#require(epoch === 0, 'change_cipher_spec in epoch 1');
      this.#prove(changeCipherSpecProofs[role], 'sent change_cipher_spec');
      this.evidence.sentChangeCipherSpec();
    } else if (type === ContentType.alert) {
      this.#happens('transmit alert');
      if (this.state !== 'handshaking') this.#require(epoch === 1, `a plaintext alert in state ${this.state}`);
    } else if (type === ContentType.routabilityCheck) {
      this.#happens('transmit check');
      this.#require(epoch === 1, 'a return routability check in plaintext');
    } else {
      this.#require(type === ContentType.applicationData, `a record of type ${type}`);
      this.#happens('transmit data');
      this.#require(epoch === 1, 'application data in plaintext');
    }
  }

  /**
   * Whatever the peer repeats, a flight is repeated for it at most every half of the shortest wait: datagrams must not multiply.
   * A ClientHello may come again for another cookie; how often is in the model.
   */
  #noteRepetition(key: string, body: Uint8Array): void {
    const before = this.#sentAt.get(key);
    const wait = this.#watched.shortestWait / 2;
    // However many pieces a ClientHello is cut in, it is sent again once, and the later ones need not differ.
    const isTail = body[0] === HandshakeType.clientHello && body.subarray(6, 9).some((byte) => byte !== 0);
    if (before !== undefined && !isTail && this.#call === 'receive' && this.#now - before < wait) {
      this.#hurried += 1;
      const most = body[0] === HandshakeType.clientHello ? mostCookieRounds : 0;
      this.#require(this.#hurried <= most, `a flight again after less than ${wait} ms`);
    }
    this.#sentAt.set(key, this.#now);
  }

  #happens(event: Event, detail?: string): void {
    if (this.#depth === 0) this.#require(event === 'wake', `"${event}" outside of any call`);
    this.#events += 1;
    this.#require(event === 'wake' || this.#events <= this.#bound, `${this.#events} events in one call`);
    const { state } = this;
    const next = transitions[state][event];
    this.#watched.seen(`${this.#watched.role} ${state} ${this.#call} ${event} ${detail ?? ''}`);
    if (next === undefined) this.#fail(`"${event}" in state ${state}`);
    else this.state = next;
  }

  #prove(proofs: Proofs, what: string): void {
    const missing = this.evidence.missing(proofs);
    this.#require(missing === undefined, `${what} without ${missing}`);
  }

  /** Calls the engine. Calls from within its callbacks count as part of the outermost one. */
  #run(call: string, now: number, size: number, run: (engine: Engine) => void): void {
    if (this.#engine === undefined) return;
    const [outerCall, outerEvents, outerBound] = [this.#call, this.#events, this.#bound];
    this.#call = call;
    this.#now = Math.max(this.#now, now);
    this.#events = 0;
    this.#bound = mostEvents(size);
    this.#depth += 1;
    try {
      run(this.#engine);
    } catch (error) {
      this.#fail(`${call} threw ${String(error)}`, error);
    }
    this.#depth -= 1;
    this.#call = outerCall;
    this.#events = outerEvents;
    this.#bound = outerBound;
  }

  #require(holds: boolean, what: string): void {
    if (!holds) this.#fail(what);
  }

  #fail(what: string, cause?: unknown): void {
    this.finding ??= new Finding(`${this.#watched.role}, in ${this.#call}, ${this.state}: ${what}`, { cause });
  }
}
