import type { Ciphersuite } from '../../packages/tls-pure/dist/ciphersuites.js';
import { prf } from '../../packages/tls-pure/dist/crypto/prf.js';
import type { CryptoProvider } from '../../packages/tls-pure/dist/crypto/provider.js';
import { type TrafficProtection, trafficProtection } from '../../packages/tls-pure/dist/dtls12/key-schedule.js';
import { decodeServerHello } from '../../packages/tls-pure/dist/handshake/server-hello.js';
import { noConnectionId } from '../../packages/tls-pure/dist/record/header.js';
import type { Role } from './model.js';
import { concat, fragment, fragmentsOf, HandshakeType, keyOf, type WireRecord } from './wire.js';

/** A whole handshake message. */
interface Message {
  readonly type: number;
  readonly body: Uint8Array;
  /** What of the body has been seen: as many as it has bytes when whole. */
  seen: number;
}

/** RFC 7366 §2. */
const encryptThenMacExtension = 22;

/**
 * The handshake as its two ends have really sent it, and the keys that follow from it: the fuzzer can read and write what they
 * protect. What an attacker changed on the way is not in here, so an engine that falls for it disagrees with this.
 */
export class Truth {
  readonly #provider: CryptoProvider;
  readonly #suites: readonly Ciphersuite[];
  readonly #messages: Record<Role, Map<number, Message>> = { client: new Map(), server: new Map() };
  readonly #masters: Partial<Record<Role, Uint8Array>> = {};
  #keys: TrafficProtection | undefined;
  /** The bodies of the Finished messages that the two ends have sent. */
  readonly finished: Partial<Record<Role, Uint8Array>> = {};

  constructor(provider: CryptoProvider, suites: readonly Ciphersuite[]) {
    this.#provider = provider;
    this.#suites = suites;
  }

  /** Takes the master secret that one end has derived, from its key log line. */
  keyLog(role: Role, line: string): void {
    this.#masters[role] = Buffer.from(line.slice(line.lastIndexOf(' ') + 1), 'hex');
  }

  /** Takes a record that one end has sent. */
  sent(role: Role, record: WireRecord, datagram: Uint8Array): void {
    if (record.type !== 22) return;
    if (record.epoch === 0) {
      for (const each of fragmentsOf(record.body)) this.#add(role, each.type, each.length, each);
    } else if (this.finished[role] === undefined) {
      const plaintext = this.open(role, record, datagram);
      const [message] = plaintext === undefined ? [] : fragmentsOf(plaintext);
      if (message?.type === HandshakeType.finished) this.finished[role] = message.data.slice();
    }
  }

  /** Keys by who writes with them, once both ends have what it takes. */
  get keys(): TrafficProtection | undefined {
    const master = this.#masters.client ?? this.#masters.server;
    const client = this.#first('client', HandshakeType.clientHello);
    const server = this.#first('server', HandshakeType.serverHello);
    if (this.#keys !== undefined || master === undefined || client === undefined || server === undefined) {
      return this.#keys;
    }
    const hello = decodeServerHello(server.body);
    const suite = this.#suites.find(({ id }) => id === hello.ciphersuite);
    if (suite === undefined) return undefined;
    this.#keys = trafficProtection(
      this.#provider,
      suite,
      master,
      { client: client.body.subarray(2, 34), server: hello.random },
      {
        encryptThenMac: hello.extensions.has(encryptThenMacExtension),
        random: (bytes) => bytes.fill(0x55),
        cids: { client: noConnectionId, server: noConnectionId },
        padding: 1,
      },
    );
    return this.#keys;
  }

  /** The plaintext of a record that `writer` protected; undefined when it is not authentic. Does not change the datagram. */
  open(writer: Role, record: WireRecord, datagram: Uint8Array): Uint8Array | undefined {
    const copy = datagram.slice(record.start, record.end);
    return this.keys?.[writer].open(copy, 0, copy.length)?.slice();
  }

  /** A record as `writer` would protect it; a record that nobody can authenticate while there are no keys. */
  seal(writer: Role, type: number, epoch: number, sequence: number, plaintext: Uint8Array): Uint8Array {
    const sealed = this.keys?.[writer].seal(type, epoch, sequence, plaintext);
    return sealed ?? Uint8Array.from([type, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 24, ...new Uint8Array(24)]);
  }

  /** Whether `verifyData` is what `role` has to put into its Finished, given what both ends have really sent. RFC 5246 §7.4.9. */
  isFinished(role: Role, verifyData: Uint8Array): boolean {
    const master = this.#masters[role === 'client' ? 'server' : 'client'];
    const hello = this.#first('server', HandshakeType.serverHello);
    const suite = hello && this.#suites.find(({ id }) => id === decodeServerHello(hello.body).ciphersuite);
    if (master === undefined || suite === undefined) return false;
    const hash = this.#provider.hash(suite.hash);
    hash.update(this.#transcript(role));
    const expected = prf(this.#provider, suite.hash, master, `${role} finished`, hash.digest(), verifyData.length);
    return keyOf(expected) === keyOf(verifyData);
  }

  /** All messages that the Finished of `role` covers. RFC 6347 §4.2.6: without the round of the cookie, as if never cut. */
  #transcript(role: Role): Uint8Array {
    const client = [...this.#messages.client].sort(([a], [b]) => a - b);
    const server = [...this.#messages.server].sort(([a], [b]) => a - b);
    const whole = ([seq, { type, body }]: [number, Message]): Uint8Array => fragment(type, body.length, seq, 0, body);
    const hellos = client.filter(([, { type }]) => type === HandshakeType.clientHello).slice(-1);
    const exchange = client.filter(([, { type }]) => type === HandshakeType.clientKeyExchange);
    const parts = [...hellos, ...server.filter(([, { type }]) => type !== HandshakeType.finished), ...exchange].map(
      whole,
    );
    const finished = this.finished.client;
    if (role === 'server' && finished !== undefined) {
      const seq = Math.max(...client.map(([each]) => each)) + 1;
      parts.push(fragment(HandshakeType.finished, finished.length, seq, 0, finished));
    }
    return concat(...parts);
  }

  #first(role: Role, type: number): Message | undefined {
    for (const message of this.#messages[role].values()) {
      if (message.type === type && message.seen === message.body.length) return message;
    }
    return undefined;
  }

  #add(role: Role, type: number, length: number, part: { messageSeq: number; offset: number; data: Uint8Array }): void {
    const messages = this.#messages[role];
    let message = messages.get(part.messageSeq);
    // After another cookie a ClientHello of another length may come under the same number.
    if (message === undefined || message.body.length !== length) {
      message = { type, body: new Uint8Array(length), seen: 0 };
      messages.set(part.messageSeq, message);
    }
    message.body.set(part.data, part.offset);
    message.seen = Math.max(message.seen, part.offset + part.data.length);
  }
}
