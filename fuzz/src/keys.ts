import type { Ciphersuite } from '../../packages/tls-pure/dist/ciphersuites.js';
import { prf } from '../../packages/tls-pure/dist/crypto/prf.js';
import type { CryptoProvider } from '../../packages/tls-pure/dist/crypto/provider.js';
import { type TrafficProtection, trafficProtection } from '../../packages/tls-pure/dist/dtls12/key-schedule.js';
import { decodeClientHello } from '../../packages/tls-pure/dist/handshake/client-hello.js';
import { decodeServerHello } from '../../packages/tls-pure/dist/handshake/server-hello.js';
import type { Role } from './model.js';
import {
  ContentType,
  concat,
  fragment,
  fragmentsOf,
  HandshakeType,
  keyOf,
  type WireFragment,
  type WireRecord,
} from './wire.js';

/** A whole handshake message. */
interface Message {
  readonly type: number;
  readonly body: Uint8Array;
  /** What of the body has been seen: as many as it has bytes when whole. */
  seen: number;
}

/** What a record holds. */
export interface Content {
  readonly type: number;
  readonly content: Uint8Array;
}

/** What the hellos say of connection IDs, as they were sent. RFC 9146 §3, RFC 9853 §3. */
export interface ConnectionIds {
  /** By who writes them. Empty: none. */
  readonly written: Readonly<Record<Role, Uint8Array>>;
  readonly checks: boolean;
}

const none = new Uint8Array(0);

/** RFC 7366 §2, RFC 9146 §3, RFC 9853 §3. */
const extension = { encryptThenMac: 22, connectionId: 54, rrc: 61 } as const;

/**
 * The handshake as its two ends have really sent it, and the keys that follow from it: the fuzzer can read and write what they
 * protect. What an attacker changed on the way is not in here, so an engine that falls for it disagrees with this.
 */
export class Truth {
  readonly #provider: CryptoProvider;
  readonly #suites: readonly Ciphersuite[];
  readonly #padding: number;
  readonly #messages: Record<Role, Map<number, Message>> = { client: new Map(), server: new Map() };
  readonly #masters: Partial<Record<Role, Uint8Array>> = {};
  #keys: TrafficProtection | undefined;
  #connectionIds: ConnectionIds | undefined;
  readonly #pieces: Record<Role, number[]> = { client: [], server: [] };
  /** The bodies of the Finished messages that the two ends have sent. */
  readonly finished: Partial<Record<Role, Uint8Array>> = {};

  constructor(provider: CryptoProvider, suites: readonly Ciphersuite[], padding = 1) {
    this.#provider = provider;
    this.#suites = suites;
    this.#padding = padding;
  }

  /** Takes the master secret that one end has derived, from its key log line. */
  keyLog(role: Role, line: string): void {
    this.#masters[role] = Buffer.from(line.slice(line.lastIndexOf(' ') + 1), 'hex');
  }

  /** Takes a record that one end has sent. */
  sent(role: Role, record: WireRecord, datagram: Uint8Array): void {
    if (record.epoch === 0) {
      if (record.type !== ContentType.handshake) return;
      for (const each of fragmentsOf(record.body)) this.#add(role, each.type, each.length, each);
    } else if (this.finished[role] === undefined) {
      const { type, content } = this.read(role, record, datagram) ?? {};
      const [message] = type !== ContentType.handshake || content === undefined ? [] : fragmentsOf(content);
      if (message?.type === HandshakeType.finished) this.#addFinished(role, message);
    }
  }

  /** A Finished may come in pieces, and its pieces again. */
  #addFinished(role: Role, { length, offset, data }: WireFragment): void {
    const pieces = this.#pieces[role];
    for (const [i, byte] of data.entries()) pieces[offset + i] = byte;
    if (Object.keys(pieces).length === length) this.finished[role] = Uint8Array.from(pieces);
  }

  /** What is negotiated, once both hellos have been sent. */
  get connectionIds(): ConnectionIds | undefined {
    return this.#connectionIds ?? this.#readConnectionIds();
  }

  #readConnectionIds(): ConnectionIds | undefined {
    const client = this.#first('client', HandshakeType.clientHello);
    const server = this.#first('server', HandshakeType.serverHello);
    if (client === undefined || server === undefined) return undefined;
    const asked = decodeClientHello(client.body).extensions;
    const given = decodeServerHello(server.body).extensions;
    const isAgreed = given.has(extension.connectionId);
    const cidIn = (extensions: typeof given): Uint8Array => extensions.get(extension.connectionId)?.subarray(1) ?? none;
    return {
      written: { client: isAgreed ? cidIn(given) : none, server: isAgreed ? cidIn(asked) : none },
      checks: given.has(extension.rrc),
    };
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
    this.#connectionIds = this.#readConnectionIds();
    const cids = this.#connectionIds?.written;
    if (suite === undefined || cids === undefined) return undefined;
    this.#keys = trafficProtection(
      this.#provider,
      suite,
      master,
      { client: client.body.subarray(2, 34), server: hello.random },
      {
        encryptThenMac: hello.extensions.has(extension.encryptThenMac),
        random: (bytes) => bytes.fill(0x55),
        cids,
        padding: this.#padding,
      },
    );
    return this.#keys;
  }

  /**
   * What a record of `writer`'s holds; undefined when it is not authentic, or does not have the connection ID that it must have. Does not change the
   * datagram. RFC 9146 §3, §4.
   */
  read(writer: Role, record: WireRecord, datagram: Uint8Array): Content | undefined {
    const { keys } = this;
    const cid = this.connectionIds?.written[writer] ?? none;
    const hasCid = record.type === ContentType.withConnectionId;
    if (keys === undefined || hasCid !== cid.length > 0 || keyOf(record.cid) !== keyOf(cid)) return undefined;
    const copy = datagram.slice(record.start, record.end);
    const plaintext = keys[writer].open(copy, 0, copy.length)?.slice();
    if (plaintext === undefined || !hasCid) return plaintext && { type: record.type, content: plaintext };
    const at = plaintext.findLastIndex((byte) => byte !== 0);
    // Nothing but zeros has no type, and is authentic all the same.
    return { type: plaintext[at] ?? 0, content: plaintext.slice(0, Math.max(0, at)) };
  }

  /** A record as `writer` would protect it; a record that nobody can authenticate while there are no keys. */
  seal(writer: Role, type: number, epoch: number, sequence: number, plaintext: Uint8Array): Uint8Array {
    // With a connection ID the protection makes no larger ones.
    const hasCid = (this.connectionIds?.written[writer].length ?? 0) > 0;
    const content = hasCid ? plaintext.subarray(0, 2 ** 14 - 1) : plaintext;
    const sealed = this.keys?.[writer].seal(type, epoch, sequence, content);
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

  /**
   * All messages that the Finished of `role` covers. RFC 6347 §4.2.6: without the round of the cookie, as if never cut. In a full handshake the
   * client's comes first, in an abbreviated one the server's. RFC 5246 §7.3, RFC 5077 §3.1.
   */
  #transcript(role: Role): Uint8Array {
    const client = [...this.#messages.client];
    const server = [...this.#messages.server].sort(([a], [b]) => a - b);
    const whole = ([seq, { type, body }]: [number, Message]): Uint8Array => fragment(type, body.length, seq, 0, body);
    const hellos = client.filter(([, { type }]) => type === HandshakeType.clientHello).slice(-1);
    const exchange = client.filter(([, { type }]) => type === HandshakeType.clientKeyExchange);
    const tickets = server.filter(([, { type }]) => type === HandshakeType.newSessionTicket);
    const rest = server.filter(([, { type }]) => type !== HandshakeType.newSessionTicket);
    const parts = [...hellos, ...rest, ...exchange].map(whole);
    const isFull = server.some(([, { type }]) => type === HandshakeType.serverHelloDone);
    const [first, ofFirst] = isFull ? (['client', exchange] as const) : (['server', server] as const);
    const finished = this.finished[first];
    if (role !== first && finished !== undefined) {
      const seq = Math.max(...ofFirst.map(([each]) => each)) + 1;
      parts.push(fragment(HandshakeType.finished, finished.length, seq, 0, finished), ...tickets.map(whole));
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
    // After another cookie another message may come under the same number.
    if (message === undefined || message.type !== type || message.body.length !== length) {
      message = { type, body: new Uint8Array(length), seen: 0 };
    }
    // The last that was sent comes last: a cookie that came before can bring the number that it had then.
    messages.delete(part.messageSeq);
    messages.set(part.messageSeq, message);
    message.body.set(part.data, part.offset);
    message.seen = Math.max(message.seen, part.offset + part.data.length);
  }
}
