import type {
  Admission,
  AssociationOptions,
  ClientAssociationOptions,
  ClientEngineFactory,
  Engine,
  EngineSink,
  ServerEngineFactory,
} from '@avs-net/core';
import { type ClientContext, ClientEngine } from './client-engine.js';
import { type ClientHelloStart, readClientHello } from './client-hello.js';
import { minDatagramSize } from './engine.js';
import { AdmitOutcome, type NativeAssociation, type NativeContext, type NativeCookieExchange } from './native.js';
import { worstMaxPlaintext } from './overhead.js';
import { type ServerContext, ServerEngine, type ServerEngineContext } from './server-engine.js';
import { TicketKeys } from './session-tickets.js';

/** How long a secret makes new cookies, ms; they are accepted for as long again. */
const secretLifetime = 60_000;

/** Of what a cookie is bound to, the bytes in front of the peer's address: version and random. */
const subjectStart = 2 + 32;

/** Client engines over an SSL_CTX that holds the credentials, as the context does; `destroy` wipes them. */
export class OpensslClientFactory implements ClientEngineFactory {
  constructor(
    private readonly context: ClientContext,
    private readonly shared: NativeContext,
  ) {}

  createClient(sink: EngineSink, options: ClientAssociationOptions): Engine {
    const association = new this.context.native.Association(this.shared);
    return new ClientEngine(this.context, sink, options, association);
  }

  maxPlaintext(size: number): number {
    return worstMaxPlaintext(this.context.suites, size);
  }

  destroy(): void {
    this.shared.destroy();
    this.context.psk.key.fill(0);
  }
}

/** Server engines, and OpenSSL's stateless exchange before them. */
export class OpensslServerFactory implements ServerEngineFactory {
  readonly minDatagramSize = minDatagramSize;
  readonly #exchange: NativeCookieExchange;
  #secretBorn: number | undefined;
  /** Which acceptance the exchange still holds the association of. */
  #accepted: ClientHelloStart | undefined;
  readonly #tickets: TicketKeys | undefined;
  readonly #engineContext: ServerEngineContext;

  constructor(
    private readonly context: ServerContext,
    private readonly shared: NativeContext,
  ) {
    this.#exchange = new context.native.CookieExchange(shared);
    this.#tickets = context.sessions && new TicketKeys(context.sessions);
    this.#engineContext = { ...context, tickets: this.#tickets };
  }

  admit(datagram: Uint8Array, peer: Uint8Array, now: number): Admission {
    const hello = readClientHello(datagram);
    if (typeof hello === 'string') return { action: 'drop', reason: hello };
    const { exchange } = this.context.native;
    const { length } = hello.record;
    if (length + subjectStart + peer.length > exchange.capacity) return { action: 'drop', reason: 'malformed' };
    this.context.replenish?.();
    this.#rotateSecret(now);
    this.#accepted = undefined;
    exchange.put(hello.record);
    this.#putSubject(length, peer, hello);
    const result = this.#exchange.admit(length, subjectStart + peer.length, false);
    const outcome = result & 0xff;
    // The reply must not amplify what a forged source address has asked for.
    const replyLength = result >>> 8;
    if (outcome === AdmitOutcome.replied && replyLength > 0 && replyLength <= datagram.length) {
      return { action: 'reply', datagram: exchange.datagram(replyLength) };
    }
    if (outcome !== AdmitOutcome.accepted) return { action: 'drop', reason: 'malformed' };
    const copy: ClientHelloStart = { ...hello, record: hello.record.slice() };
    this.#accepted = copy;
    return {
      action: 'accept',
      handshakeId: new DataView(hello.random.buffer, hello.random.byteOffset).getUint32(28),
      create: (sink, options) => this.#create(copy, sink, options),
    };
  }

  maxPlaintext(size: number): number {
    return worstMaxPlaintext(this.context.suites, size);
  }

  destroy(): void {
    this.#exchange.destroy();
    this.shared.destroy();
    this.#tickets?.destroy();
    this.context.sessions?.destroy();
  }

  #create(hello: ClientHelloStart, sink: EngineSink, options: AssociationOptions): Engine {
    const admitted = { length: hello.record.length, messageSeq: hello.messageSeq };
    return new ServerEngine(this.#engineContext, sink, options, this.#take(hello), admitted);
  }

  /** The association of an accepted hello: still there, unless another stranger came in between. */
  #take(hello: ClientHelloStart): NativeAssociation {
    if (this.#accepted !== hello) {
      this.context.native.exchange.put(hello.record);
      this.#exchange.admit(hello.record.length, 0, true);
    }
    this.#accepted = undefined;
    const association = this.#exchange.takeAssociation();
    if (!association) throw new Error('OpenSSL is out of memory');
    return association;
  }

  #rotateSecret(now: number): void {
    this.#secretBorn ??= now;
    const age = now - this.#secretBorn;
    if (age < secretLifetime) return;
    this.#exchange.rotateSecret();
    if (age >= 2 * secretLifetime) this.#exchange.rotateSecret();
    this.#secretBorn += Math.floor(age / secretLifetime) * secretLifetime;
  }

  /**
   * What a cookie is bound to: the peer's address, and what of its hello is there even when it is fragmented (RFC 6347 §4.2.1), but the
   * session ID: with a ticket, Mbed TLS draws another one for each ClientHello (RFC 5077 §3.4).
   */
  #putSubject(at: number, peer: Uint8Array, { version, random }: ClientHelloStart): void {
    const { exchange } = this.context.native;
    // What varies in its length comes last, so that no two subjects read the same.
    exchange.put(Uint8Array.of(version >>> 8, version), at);
    exchange.put(random, at + 2);
    exchange.put(peer, at + subjectStart);
  }
}
