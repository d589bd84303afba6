import type { Truth } from './keys.js';
import type { Proof, Proofs, Role, State } from './model.js';
import { ContentType, fragmentsOf, keyOf, type WireRecord } from './wire.js';

/** Bytes of verify_data. RFC 5246 §7.4.9. */
const verifyDataLength = 12;

/** What has been delivered to one engine, read with the peer's keys: what it may rely on. */
export class Evidence {
  readonly #peer: Role;
  readonly #truth: Truth;
  readonly #deliveredTypes = new Set<number>();
  readonly #sentTypes = new Set<number>();
  readonly #finishedBytes = new Array<boolean>(verifyDataLength).fill(false);
  readonly #records = new Set<string>();
  readonly #waiting: { record: WireRecord; datagram: Uint8Array }[] = [];
  /** Plaintexts that may still be handed out, and how often. */
  readonly #data = new Map<string, number>();
  /** Alerts that may still be reported, and how often. */
  readonly #alerts = new Map<number, number>();
  /** Return routability checks that may still be reported, and how often. */
  readonly #checks = new Map<string, number>();
  /** The largest number of a record that an established engine was given, and that any was. */
  #newest = -1;
  #newestOfAll = -1;
  /** Records newer than all before in the datagram at hand, at most and at least. */
  #mostNews = 0;
  #leastNews = 0;
  /** Records that came before the end of the handshake, and may be read with it. */
  #early = 0;
  #changeCipherSpecDelivered = false;
  #changeCipherSpecSent = false;
  #cookieDelivered = false;

  constructor(
    role: Role,
    truth: Truth,
    /** The engine has a session to resume. */
    private readonly mayResume: boolean,
  ) {
    this.#peer = role === 'client' ? 'server' : 'client';
    this.#truth = truth;
  }

  /** The server has accepted a ClientHello whose cookie was made for this sender. */
  cookie(): void {
    this.#cookieDelivered = true;
  }

  /** A datagram is about to be given to the engine, in this state. */
  delivered(records: readonly WireRecord[], datagram: Uint8Array, state: State): void {
    this.#mostNews = 0;
    this.#leastNews = 0;
    for (const record of records) this.#delivered(record, datagram, state);
  }

  #delivered(record: WireRecord, datagram: Uint8Array, state: State): void {
    if (record.epoch === 0) return this.#plaintext(record.type, record.body, 0);
    if (record.epoch !== 1) return;
    // Before there are keys nobody can tell whether it is authentic; an engine may keep it until it can.
    if (this.#truth.keys === undefined) this.#waiting.push({ record, datagram: datagram.slice() });
    else this.#protected(record, datagram, state);
  }

  /** An engine goes on from a state that takes numbers for used that are so many beyond the newest. */
  restarted(reserve: number): void {
    this.#newestOfAll += reserve;
  }

  /** Uses up a record in the datagram at hand that is newer than all before, or one that came early; false: there was none. */
  takeNewest(isReceiving: boolean): boolean {
    this.#catchUp();
    if (isReceiving && this.#mostNews > 0) {
      this.#leastNews -= 1;
      this.#mostNews -= 1;
      return true;
    }
    this.#early -= 1;
    return this.#early >= 0;
  }

  /** Whether the engine has not told of a record in the datagram at hand that was certainly newer than all before. */
  get hasUntoldNews(): boolean {
    return this.#leastNews > 0;
  }

  /** Uses up one delivery of this return routability check. */
  takeCheck(type: number, cookie: Uint8Array): boolean {
    return take(this.#checks, `${type} ${keyOf(cookie)}`, () => this.#catchUp());
  }

  /** The engine has sent a handshake message of this type. */
  sentMessage(type: number): void {
    this.#sentTypes.add(type);
  }

  /** The engine has sent a ChangeCipherSpec. */
  sentChangeCipherSpec(): void {
    this.#changeCipherSpecSent = true;
  }

  /** What is missing of the proofs, in words; undefined when nothing is. */
  missing(proofs: Proofs): string | undefined {
    const lacking = proofs.map((all) => all.filter((proof) => !this.#has(proof)));
    if (lacking.some(({ length }) => length === 0)) return undefined;
    return lacking.map((all) => all.map((proof) => JSON.stringify(proof)).join(' and ')).join(', or ') || 'any right';
  }

  /** Whether the engine has sent a handshake message of this type. */
  hasSent(type: number): boolean {
    return this.#sentTypes.has(type);
  }

  /** Uses up one delivery of this plaintext; false: there was none that was not used. */
  takeData(plaintext: Uint8Array): boolean {
    return take(this.#data, keyOf(plaintext), () => this.#catchUp());
  }

  /** Uses up one delivery of this alert. */
  takeAlert(level: number, description: number): boolean {
    return take(this.#alerts, (level << 8) | description, () => this.#catchUp());
  }

  #has(proof: Proof): boolean {
    if (proof === 'change_cipher_spec sent') return this.#changeCipherSpecSent;
    if (proof === 'change_cipher_spec delivered') return this.#changeCipherSpecDelivered;
    if (proof === 'cookie delivered') return this.#cookieDelivered;
    if (proof === 'finished delivered') {
      this.#catchUp();
      const verifyData = this.#truth.finished[this.#peer];
      return (
        this.#finishedBytes.every((each) => each) &&
        verifyData !== undefined &&
        this.#truth.isFinished(this.#peer, verifyData)
      );
    }
    if (proof === 'session') return this.mayResume;
    if ('unsent' in proof) return !this.#sentTypes.has(proof.unsent);
    return 'delivered' in proof ? this.#deliveredTypes.has(proof.delivered) : this.#sentTypes.has(proof.sent);
  }

  #catchUp(): void {
    if (this.#truth.keys === undefined) return;
    for (const { record, datagram } of this.#waiting.splice(0)) this.#protected(record, datagram, 'handshaking');
  }

  #protected(record: WireRecord, datagram: Uint8Array, state: State): void {
    const read = this.#truth.read(this.#peer, record, datagram);
    const whole = keyOf(datagram.subarray(record.start, record.end));
    // A replay proves nothing that the first copy did not.
    if (read === undefined || this.#records.has(whole)) return;
    this.#records.add(whole);
    const { type, content } = read;
    this.#plaintext(type, content, 1);
    const isAnswer = type === ContentType.routabilityCheck && content[0] !== 0;
    if (record.type === ContentType.withConnectionId) this.#number(record.sequence, state, isAnswer);
  }

  /** What an engine did not take during its handshake does not make others old. */
  #number(sequence: number, state: State, isAnswer: boolean): void {
    if (state === 'handshaking') this.#early += 1;
    else if (!isAnswer && sequence > this.#newest) this.#mostNews += 1;
    if (!isAnswer && sequence > this.#newestOfAll && state === 'established') this.#leastNews += 1;
    if (state !== 'handshaking') this.#newest = Math.max(this.#newest, sequence);
    this.#newestOfAll = Math.max(this.#newestOfAll, sequence);
  }

  #plaintext(type: number, body: Uint8Array, epoch: 0 | 1): void {
    if (type === ContentType.alert && body.length === 2) {
      const code = ((body[0] ?? 0) << 8) | (body[1] ?? 0);
      this.#alerts.set(code, (this.#alerts.get(code) ?? 0) + 1);
    } else if (type === ContentType.changeCipherSpec && epoch === 0) {
      this.#changeCipherSpecDelivered = true;
    } else if (type === ContentType.applicationData && epoch === 1) {
      const key = keyOf(body);
      this.#data.set(key, (this.#data.get(key) ?? 0) + 1);
    } else if (type === ContentType.routabilityCheck && epoch === 1) {
      const key = `${body[0]} ${keyOf(body.subarray(1))}`;
      this.#checks.set(key, (this.#checks.get(key) ?? 0) + 1);
    } else if (type === ContentType.handshake) {
      for (const each of fragmentsOf(body)) {
        if (epoch === 0) this.#deliveredTypes.add(each.type);
        else this.#compareFinished(each.offset, each.data);
      }
    }
  }

  #compareFinished(offset: number, data: Uint8Array): void {
    const genuine = this.#truth.finished[this.#peer];
    if (genuine === undefined) return;
    for (let i = 0; i < data.length && offset + i < verifyDataLength; i += 1) {
      if (data[i] === genuine[offset + i]) this.#finishedBytes[offset + i] = true;
    }
  }
}

function take<K>(counts: Map<K, number>, key: K, refill: () => void): boolean {
  if (!counts.has(key)) refill();
  const count = counts.get(key) ?? 0;
  if (count === 1) counts.delete(key);
  else if (count > 1) counts.set(key, count - 1);
  return count > 0;
}
