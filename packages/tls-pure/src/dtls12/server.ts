import {
  AlertDescription,
  type AssociationOptions,
  type EngineSink,
  type ServerSessions,
  type SessionCrypto,
} from '@avs-net/core';
import type { Ciphersuite } from '../ciphersuites.js';
import type { KeyShare } from '../crypto/provider.js';
import { type ClientHello, decodeClientHello, emptyRenegotiationInfoScsv } from '../handshake/client-hello.js';
import { decodeClientKeyExchange } from '../handshake/client-key-exchange.js';
import { ExtensionType, emptyExtension } from '../handshake/extensions.js';
import type { FlightPart } from '../handshake/flight.js';
import { type HandshakeMessage, HandshakeType } from '../handshake/message.js';
import { encodeNewSessionTicket } from '../handshake/new-session-ticket.js';
import { encodeServerHello } from '../handshake/server-hello.js';
import { encodeServerKeyExchange } from '../handshake/server-key-exchange.js';
import { ProtocolVersion } from '../record/header.js';
import {
  decodeServerSession,
  encodeServerSession,
  openTicket,
  type ServerSession,
  sealTicket,
} from '../session/server-session.js';
import { sessionCrypto } from '../session/session-crypto.js';
import { DecodeError } from '../wire/reader.js';
import { agree } from './client.js';
import { randomBytes, type ServerContext } from './context.js';
import { Dtls12Engine } from './engine.js';
import { Handshake } from './handshake.js';
import { premasterSecret } from './key-schedule.js';
import { inClientOrder, negotiate, type ServerChoice } from './negotiation.js';

/** The numbers at which a server continues after a stateless HelloVerifyRequest. RFC 6347 §4.2.1, §4.2.2. */
export interface ServerStart {
  /** Of the ClientHello that carries the cookie. */
  readonly messageSeq: number;
  /** Of the record that carries it. */
  readonly recordSequence: number;
}

/** A server's association, for a client whose address is proven. */
export function createServerEngine(
  context: ServerContext,
  sink: EngineSink,
  options: AssociationOptions,
  start: ServerStart,
): Dtls12Engine {
  return new Dtls12Engine(sink, options, context, (engine) => new ServerHandshake(engine, context, start));
}

type State = 'ClientHello' | 'ClientKeyExchange' | 'key' | 'Finished';

/** The server's side of RFC 6347 §4.2.4, figure 1, from the second ClientHello on. */
class ServerHandshake extends Handshake {
  protected readonly side = 'server';
  #state: State = 'ClientHello';
  #share: KeyShare | undefined;
  #identity: Uint8Array = new Uint8Array(0);
  #sharedSecret: Uint8Array | undefined;
  /** How to go on with what was looked up, until `handleTimeout` does; `discard` wipes it instead. */
  #found: { readonly go: (now: number) => void; readonly discard: () => void } | undefined;
  #keyCheck: Uint8Array = new Uint8Array(0);
  /** The ID under which the session is in the cache, or will be; empty: it is not. */
  #sessionId: Uint8Array = new Uint8Array(0);
  #ticketPromised = false;

  constructor(
    engine: Dtls12Engine,
    protected override readonly context: ServerContext,
    start: ServerStart,
  ) {
    super(engine, context, start.messageSeq);
    // Each HelloVerifyRequest used up one of our message_seq, as each ClientHello did one of the client's.
    this.nextSendSeq = start.messageSeq;
    engine.continueSequence(start.recordSequence);
  }

  start(now: number): void {
    // What is to come of a ClientHello in pieces has as long as a flight.
    this.timer.start(now);
  }

  override handleTimeout(now: number): void {
    const found = this.#found;
    if (found) {
      this.#found = undefined;
      this.paused = false;
      found.go(now);
      this.advance(now);
    } else {
      super.handleTimeout(now);
    }
  }

  override destroy(): void {
    super.destroy();
    this.#share?.destroy();
    this.#sharedSecret?.fill(0);
    this.#found?.discard();
  }

  protected get expectsFinished(): boolean {
    return this.#state === 'Finished';
  }

  protected get waitingFor(): string {
    return `the client's ${this.#state}`;
  }

  protected handle(message: HandshakeMessage, now: number): void {
    const { type, body } = message;
    this.transcript.add(message);
    if (type === HandshakeType.client_hello && this.#state === 'ClientHello') {
      this.#handleClientHello(body, now);
    } else if (type === HandshakeType.client_key_exchange && this.#state === 'ClientKeyExchange') {
      this.#handleClientKeyExchange(body, now);
    } else {
      throw new DecodeError(`handshake message ${type} out of order`, AlertDescription.unexpected_message);
    }
  }

  protected asksForFlight(type: number): boolean {
    const isAnswered = this.#state === 'ClientKeyExchange' || this.resumed;
    return isAnswered && type === HandshakeType.client_hello;
  }

  protected peerFinished(now: number): void {
    const about = { pskIdentity: this.#identity, pskIdentityHint: undefined };
    const { sessions } = this.context;
    const id = this.#sessionId;
    if (sessions && id.length > 0) this.engine.forgetOnFatal(() => sessions.forget(id));
    // In an abbreviated handshake the client has the last word. RFC 5246 §7.3, figure 2.
    if (this.resumed) return this.complete(about, now);
    const lastFlight = [...this.#newSession(), ...this.finishedParts()];
    this.sendFlight(lastFlight, now, true);
    this.complete(about, now, lastFlight);
  }

  #handleClientHello(body: Uint8Array, now: number): void {
    const hello = decodeClientHello(body);
    const { suites, clientOrder } = this.context;
    const choice = this.#negotiate(hello, clientOrder ? inClientOrder(suites, hello) : suites);
    const { sessions } = this.context;
    const ticket = hello.extensions.get(ExtensionType.session_ticket);
    if (!sessions || (hello.sessionId.length === 0 && !ticket?.length)) return this.#greet(hello, choice, now);
    // What is kept of the hello beyond this call must not be a view of the datagram's message.
    const kept = decodeClientHello(body.slice());
    this.#await(
      this.#findSession(sessions, kept, choice),
      (session) => session?.master.fill(0),
      (session, later) => (session ? this.#resume(kept, session, later) : this.#greet(kept, choice, later)),
      now,
    );
  }

  #negotiate(hello: ClientHello, suites: readonly Ciphersuite[]): ServerChoice {
    return negotiate(hello, suites, this.engine.options.connectionId, this.context.returnRoutabilityCheck);
  }

  /** The session that the client offers, if it may be resumed. RFC 5246 §7.4.1.2, RFC 5077 §3.4, RFC 7627 §5.3, RFC 6066 §3. */
  async #findSession(
    sessions: ServerSessions,
    hello: ClientHello,
    choice: ServerChoice,
  ): Promise<ServerSession | undefined> {
    const ticket = hello.extensions.get(ExtensionType.session_ticket);
    const state = ticket?.length ? openTicket(this.#crypto, sessions, ticket) : await sessions.find(hello.sessionId);
    const session = state && decodeServerSession(state);
    if (!session) return undefined;
    const { suite, encryptThenMac, owner } = session;
    const fits =
      this.context.suites.includes(suite) &&
      hello.ciphersuites.includes(suite.id) &&
      (!encryptThenMac || hello.extensions.has(ExtensionType.encrypt_then_mac));
    const { serverName } = choice;
    const resolve = (identity: Uint8Array) => this.context.resolve(identity, { serverName });
    if (fits && (await sessions.admits(owner, serverName, resolve))) return session;
    session.master.fill(0);
    return undefined;
  }

  /** The abbreviated handshake: RFC 5246 §7.3, figure 2. */
  #resume(hello: ClientHello, session: ServerSession, now: number): void {
    // RFC 7627 §5.3: such a session must not be resumed by a client that does not offer the extension.
    if (!hello.extensions.has(ExtensionType.extended_master_secret)) {
      session.master.fill(0);
      throw new DecodeError('resumption without extended_master_secret', AlertDescription.handshake_failure);
    }
    const { suite, encryptThenMac, owner } = session;
    const narrowed = { ...hello, ciphersuites: [suite.id, ...signalling(hello)] };
    // RFC 9146 §3: connection IDs are negotiated afresh.
    const choice = this.#negotiate(narrowed, [suite]);
    this.resumed = true;
    this.#identity = owner.identity;
    if (!hello.extensions.get(ExtensionType.session_ticket)?.length) this.#sessionId = hello.sessionId;
    const serverHello = this.#serverHello(hello, { ...choice, encryptThenMac }, hello.sessionId);
    this.useMaster(session.master);
    this.#state = 'Finished';
    this.sendFlight([serverHello, ...this.finishedParts()], now);
    this.openEpoch(now);
  }

  /** The full handshake: RFC 5246 §7.3, figure 1. */
  #greet(hello: ClientHello, choice: ServerChoice, now: number): void {
    const { sessions } = this.context;
    if (sessions && choice.extendedMasterSecret) {
      const canTicket = sessions.ticketKey !== undefined;
      this.#ticketPromised = canTicket && hello.extensions.has(ExtensionType.session_ticket);
      if (this.#ticketPromised) choice.extensions.set(ExtensionType.session_ticket, emptyExtension);
      else if (sessions.hasCache) this.#sessionId = randomBytes(this.context, 32);
    }
    const flight = [this.#serverHello(hello, choice, this.#sessionId)];
    const keyExchange = this.#keyExchange(choice);
    if (keyExchange) flight.push(keyExchange);
    flight.push(this.message(HandshakeType.server_hello_done, new Uint8Array(0)));
    this.#state = 'ClientKeyExchange';
    this.sendFlight(flight, now);
  }

  #serverHello(hello: ClientHello, choice: ServerChoice, sessionId: Uint8Array): FlightPart {
    const random = randomBytes(this.context, 32);
    this.negotiated = { ...choice, randoms: { client: hello.random.slice(), server: random } };
    this.transcript.choose(this.context.provider, choice.suite.hash);
    const body = encodeServerHello({
      version: ProtocolVersion.dtls12,
      random,
      sessionId,
      ciphersuite: choice.suite.id,
      compressionMethod: 0,
      extensions: choice.extensions,
    });
    return this.message(HandshakeType.server_hello, body);
  }

  /** Lets the client resume later: a ticket if it was promised one, else an ID in the cache. */
  #newSession(): FlightPart[] {
    const { sessions } = this.context;
    if (!sessions || (!this.#ticketPromised && this.#sessionId.length === 0)) return [];
    const { suite, encryptThenMac, serverName } = this.settled();
    const owner = sessions.ownerOf(this.#identity, this.#keyCheck, serverName);
    const state = encodeServerSession({ suite, encryptThenMac, master: this.secret() }, owner);
    const key = sessions.ticketKey;
    if (!this.#ticketPromised) sessions.keep(this.#sessionId, state);
    // RFC 5077 §3.3: a server that has changed its mind sends an empty ticket.
    const ticket = this.#ticketPromised && key ? sealTicket(this.#crypto, key, state) : new Uint8Array(0);
    state.fill(0);
    if (!this.#ticketPromised) return [];
    const lifetimeHint = Math.floor(sessions.lifetime / 1_000);
    return [this.message(HandshakeType.new_session_ticket, encodeNewSessionTicket({ lifetimeHint, ticket }))];
  }

  /** RFC 4279 §2: only to give a hint; RFC 5489 §2: always, for the public key. */
  #keyExchange({ group }: ServerChoice): FlightPart | undefined {
    const { identityHint, provider, random } = this.context;
    if (group !== undefined) this.#share = provider.keyShare(group, random);
    else if (identityHint === undefined) return undefined;
    const body = encodeServerKeyExchange({
      identityHint: identityHint ?? new Uint8Array(0),
      ecdh: this.#share && { group: this.#share.group, publicKey: this.#share.publicKey },
    });
    return this.message(HandshakeType.server_key_exchange, body);
  }

  #handleClientKeyExchange(body: Uint8Array, now: number): void {
    const { identity, publicKey } = decodeClientKeyExchange(body, this.settled().suite.keyExchange);
    this.#identity = identity.slice();
    if (publicKey && this.#share) this.#sharedSecret = agree(this.#share, publicKey);
    this.#share = undefined;
    this.#state = 'key';
    this.#await(
      this.#findKey(),
      (key) => key?.fill(0),
      // RFC 4279 §2: an identity that nobody knows goes on with a key that nobody knows, and fails as a wrong key does.
      (key, later) => this.#useKey(key ?? randomBytes(this.context, 16), later),
      now,
    );
  }

  get #crypto(): SessionCrypto {
    return sessionCrypto(this.context.provider, this.context.random);
  }

  async #findKey(): Promise<Uint8Array | undefined> {
    const { serverName } = this.settled();
    return this.context.resolve(this.#identity.slice(), { serverName });
  }

  /**
   * Waits without holding up others: `go` gets what was found, or undefined after a failure. The client has said what it had to say and can
   * only repeat itself meanwhile; a search that never ends runs out of time as an unanswered flight does.
   */
  #await<T>(
    search: Promise<T>,
    discard: (found: T | undefined) => void,
    go: (found: T | undefined, now: number) => void,
    now: number,
  ): void {
    this.paused = true;
    this.timer.start(now);
    const found = (value: T | undefined): void => {
      if (this.isDestroyed) return discard(value);
      this.#found = { go: (later) => go(value, later), discard: () => discard(value) };
      this.engine.sink.wake();
    };
    search.then(found, () => found(undefined));
  }

  #useKey(key: Uint8Array, now: number): void {
    const premaster = premasterSecret(key, this.#sharedSecret);
    if (this.context.sessions) this.#keyCheck = this.context.sessions.keyCheck(key);
    key.fill(0);
    this.#sharedSecret?.fill(0);
    this.#sharedSecret = undefined;
    this.deriveKeys(premaster);
    this.#state = 'Finished';
    this.timer.start(now);
    this.openEpoch(now);
  }
}

/** The values among a client's ciphersuites that say something else. RFC 5746 §3.3. */
function signalling({ ciphersuites }: ClientHello): number[] {
  return ciphersuites.includes(emptyRenegotiationInfoScsv) ? [emptyRenegotiationInfoScsv] : [];
}
