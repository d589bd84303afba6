import {
  AlertDescription,
  type ClientAssociationOptions,
  type EngineSink,
  openState,
  type ResumableSession,
  type SessionCrypto,
  type SessionScope,
  sealState,
  sessionExpiry,
} from '@avs-net/core';
import type { Ciphersuite } from '../ciphersuites.js';
import { constantTimeEqual } from '../crypto/constant-time.js';
import { type KeyShare, supportedGroups } from '../crypto/provider.js';
import { type ClientHello, encodeClientHello } from '../handshake/client-hello.js';
import { encodeClientKeyExchange } from '../handshake/client-key-exchange.js';
import {
  checkEmpty,
  checkPointFormats,
  checkRenegotiationInfo,
  decodeConnectionId,
  decodeMaxFragmentLength,
  type Extensions,
  ExtensionType,
  emptyExtension,
  emptyRenegotiationInfo,
  encodeConnectionId,
  encodeMaxFragmentLength,
  encodeServerName,
  encodeSupportedGroups,
  uncompressedPointFormats,
} from '../handshake/extensions.js';
import { decodeHelloVerifyRequest } from '../handshake/hello-verify-request.js';
import { type HandshakeMessage, HandshakeType, messageHeaderLength } from '../handshake/message.js';
import { decodeNewSessionTicket, type NewSessionTicket } from '../handshake/new-session-ticket.js';
import { decodeServerHello, type ServerHello } from '../handshake/server-hello.js';
import { decodeServerKeyExchange, type ServerEcdhParams } from '../handshake/server-key-exchange.js';
import { maxPlaintextLength, ProtocolVersion, recordHeaderLength } from '../record/header.js';
import { type ClientSession, restoreSession, storeSession } from '../session/client-session.js';
import { sessionCrypto } from '../session/session-crypto.js';
import { DecodeError, Reader } from '../wire/reader.js';
import { AssociationKeeper } from './association-keeper.js';
import { type ClientContext, randomBytes } from './context.js';
import { continueAssociation } from './continuation.js';
import { Dtls12Engine } from './engine.js';
import { Handshake } from './handshake.js';
import { premasterSecret } from './key-schedule.js';
import type { ConnectionIds } from './negotiation.js';

/** Bytes of the longest cookies in use; DTLS 1.0 allowed no more. RFC 4347 §4.2.1. */
const longestCookie = 32;

/**
 * Bytes of a datagram that holds a ClientHello with a session ID up to and with its cookie: headers, version, random, session ID, cookie. A server
 * can judge no less, and in smaller ones nothing is offered for resumption.
 */
const roomForSessionId = recordHeaderLength + messageHeaderLength + 2 + 32 + 1 + 32 + 1 + longestCookie;

/** Cookie rounds that a client goes along with: a server's secret may change once or twice meanwhile, not for ever. */
const maxCookieRounds = 4;

type State = 'ServerHello' | 'ServerKeyExchange' | 'ServerHelloDone' | 'NewSessionTicket' | 'Finished';

/** A client's association. */
export function createClientEngine(
  context: ClientContext,
  sink: EngineSink,
  options: ClientAssociationOptions,
): Dtls12Engine {
  const keeper = keeperOf(context, options);
  return new Dtls12Engine(sink, options, context, (engine) => new ClientHandshake(engine, context, options), keeper);
}

/** Goes on with an association of this scope that was kept; undefined when `state` is anything else. */
export function restoreClientEngine(
  context: ClientContext,
  sink: EngineSink,
  options: ClientAssociationOptions,
  state: Uint8Array,
): Dtls12Engine | undefined {
  const plaintext = openState(cryptoOf(context), 'association', scopeOf(context, options), state);
  if (!plaintext) return undefined;
  try {
    return continueAssociation(plaintext, 'client', context, sink, options, keeperOf(context, options));
  } finally {
    plaintext.fill(0);
  }
}

function keeperOf(context: ClientContext, options: ClientAssociationOptions): AssociationKeeper | undefined {
  const { persistence } = options;
  const seal = (state: Uint8Array): Uint8Array =>
    sealState(cryptoOf(context), 'association', scopeOf(context, options), state);
  return persistence && new AssociationKeeper(persistence, seal);
}

function scopeOf(context: ClientContext, { peer, serverName }: ClientAssociationOptions): SessionScope {
  const { psk, suites, maxFragmentLength } = context;
  const ciphersuites = suites.map(({ id }) => id);
  return { backend: 'pure', version: '1.2', psk, ciphersuites, maxFragmentLength, peer, serverName };
}

/** `session`, whose master secret is its own, for the shell. */
function resumable(
  context: ClientContext,
  options: ClientAssociationOptions,
  session: ClientSession,
): ResumableSession {
  return {
    store: () => storeSession(cryptoOf(context), scopeOf(context, options), session),
    destroy: () => session.master.fill(0),
  };
}

function cryptoOf({ provider, random }: ClientContext): SessionCrypto {
  return sessionCrypto(provider, random);
}

/** The client's side of RFC 6347 §4.2.4, figure 1, with pre-shared keys (RFC 4279 §2, RFC 5489 §2). */
class ClientHandshake extends Handshake {
  protected readonly side = 'client';
  #state: State = 'ServerHello';
  #cookie = new Uint8Array(0);
  #cookieRounds = 0;
  #identityHint: Uint8Array | undefined;
  #ecdh: ServerEcdhParams | undefined;
  readonly #hello: ClientHello;
  /** What is offered for resumption, then what is resumed. */
  #session: ClientSession | undefined;
  /** What the server lets us resume later. */
  #sessionId: Uint8Array = new Uint8Array(0);
  #ticket: NewSessionTicket | undefined;
  #ticketPromised = false;

  constructor(
    engine: Dtls12Engine,
    protected override readonly context: ClientContext,
    private readonly options: ClientAssociationOptions,
  ) {
    super(engine, context, 0);
    const { session } = options;
    this.#session =
      session && options.maxDatagramSize >= roomForSessionId
        ? restoreSession(this.#crypto, this.#scope, session, context.date())
        : undefined;
    this.#hello = {
      version: ProtocolVersion.dtls12,
      random: randomBytes(context, 32),
      sessionId: this.#offeredSessionId(),
      cookie: new Uint8Array(0),
      ciphersuites: context.suites.map((suite) => suite.id),
      compressionMethods: Uint8Array.of(0),
      extensions: offeredExtensions(context, options, this.#session?.ticket),
    };
    // Hardly a server takes a ClientHello in pieces: where it would have to be cut for that, no ticket is asked for.
    if (!this.#session && helloSize(this.#hello) > options.maxDatagramSize) {
      this.#hello.extensions.delete(ExtensionType.session_ticket);
    }
  }

  start(now: number): void {
    this.#sendHello(now);
  }

  override destroy(): void {
    super.destroy();
    this.#session?.master.fill(0);
  }

  protected get expectsFinished(): boolean {
    return this.#state === 'Finished';
  }

  protected get waitingFor(): string {
    return this.#state === 'Finished' || this.#state === 'NewSessionTicket'
      ? "the server's Finished: it may have another key for this identity, or not know the identity"
      : `the server's ${this.#state}`;
  }

  protected handle(message: HandshakeMessage, now: number): void {
    const { type, body } = message;
    if (type === HandshakeType.hello_verify_request && this.#state === 'ServerHello') {
      return this.#handleHelloVerifyRequest(message, now);
    }
    this.transcript.add(message);
    switch (type) {
      case HandshakeType.server_hello:
        this.#expect('ServerHello', type);
        return this.#handleServerHello(decodeServerHello(body), now);
      case HandshakeType.new_session_ticket:
        this.#expect('NewSessionTicket', type);
        return this.#handleNewSessionTicket(decodeNewSessionTicket(body));
      case HandshakeType.server_key_exchange:
        this.#expect('ServerKeyExchange', type);
        return this.#handleServerKeyExchange(body);
      case HandshakeType.server_hello_done:
        // RFC 4279 §2: without a hint there is no ServerKeyExchange, except that ECDHE_PSK needs its key.
        if (this.#state === 'ServerKeyExchange' && this.settled().suite.keyExchange === 'PSK') {
          this.#state = 'ServerHelloDone';
        }
        this.#expect('ServerHelloDone', type);
        new Reader(body).expectEnd('ServerHelloDone');
        return this.#sendKeyExchange(now);
      default:
        throw unexpected(type);
    }
  }

  protected asksForFlight(type: number): boolean {
    const isAnswered = this.#state === 'Finished' || this.#state === 'NewSessionTicket';
    return isAnswered && type === HandshakeType.server_hello_done;
  }

  /**
   * A second HelloVerifyRequest: the server's secret has changed, or the first one was forged. Servers without state number each of them 0
   * (OpenSSL's DTLSv1_listen), or as the ClientHello that it answers (this library's).
   */
  protected override repeated(message: HandshakeMessage, now: number): boolean {
    if (message.type !== HandshakeType.hello_verify_request || this.#state !== 'ServerHello') return false;
    if (constantTimeEqual(decodeHelloVerifyRequest(message.body).cookie, this.#cookie)) return false;
    this.#handleHelloVerifyRequest(message, now);
    return true;
  }

  protected peerFinished(now: number): void {
    this.#storeSession();
    // In an abbreviated handshake the client has the last word. RFC 5246 §7.3, figure 2.
    const lastFlight = this.resumed ? this.finishedParts() : undefined;
    if (lastFlight) this.sendFlight(lastFlight, now, true);
    this.complete({ pskIdentity: undefined, pskIdentityHint: this.#identityHint }, now, lastFlight);
  }

  #sendHello(now: number): void {
    this.transcript.reset();
    const body = encodeClientHello({ ...this.#hello, cookie: this.#cookie });
    this.sendFlight([this.message(HandshakeType.client_hello, body)], now);
  }

  #handleHelloVerifyRequest({ messageSeq, body }: HandshakeMessage, now: number): void {
    // Its version says nothing about the one to come: RFC 6347 §4.2.1.
    const { cookie } = decodeHelloVerifyRequest(body);
    // Another answer with the cookie in use changes nothing: our hello with it may have been accepted already.
    if (constantTimeEqual(cookie, this.#cookie)) return this.expectFrom(this.nextSendSeq - 1);
    if (++this.#cookieRounds > maxCookieRounds) throw unexpected(HandshakeType.hello_verify_request);
    this.#cookie = cookie.slice();
    // The server's count of the cookie round goes: it may keep none, or one of its own (RFC 6347 §4.2.2).
    this.nextSendSeq = messageSeq + 1;
    // A ServerHello that has come before it belongs to a handshake that this address began earlier, before the device was restarted.
    this.restartFrom(messageSeq + 1);
    this.#sendHello(now);
  }

  /** RFC 5077 §3.4: with a ticket, an ID of the client's own, by whose return it learns that the ticket was taken. */
  #offeredSessionId(): Uint8Array {
    if (!this.#session) return new Uint8Array(0);
    return this.#session.ticket.length > 0 ? randomBytes(this.context, 32) : this.#session.sessionId;
  }

  get #scope(): SessionScope {
    return scopeOf(this.context, this.options);
  }

  get #crypto(): SessionCrypto {
    return cryptoOf(this.context);
  }

  #handleServerHello(hello: ServerHello, now: number): void {
    if (hello.version !== ProtocolVersion.dtls12) {
      throw new DecodeError(
        `the server chose version 0x${hello.version.toString(16)}`,
        AlertDescription.protocol_version,
      );
    }
    const suite = this.context.suites.find((each) => each.id === hello.ciphersuite);
    if (!suite) throw illegal('the server chose a ciphersuite that was not offered');
    if (hello.compressionMethod !== 0) throw illegal('the server chose compression');
    const { extensions } = hello;
    for (const type of extensions.keys()) {
      // RFC 5246 §7.4.1.4: nothing that was not asked for.
      if (!this.#hello.extensions.has(type)) {
        throw new DecodeError(`extension ${type} was not offered`, AlertDescription.unsupported_extension);
      }
    }
    const agreed = this.#readExtensions(extensions, suite);
    this.negotiated = {
      suite,
      randoms: { client: this.#hello.random, server: hello.random.slice() },
      extendedMasterSecret: agreed.extendedMasterSecret,
      encryptThenMac: agreed.encryptThenMac,
      maxFragmentLength: agreed.maxFragmentLength,
      connectionIds: agreed.connectionIds,
      serverName: this.options.serverName,
    };
    this.transcript.choose(this.context.provider, suite.hash);
    this.#sessionId = hello.sessionId.slice();
    this.#ticketPromised = extensions.has(ExtensionType.session_ticket);
    const isOurs = this.#sessionId.length > 0 && constantTimeEqual(this.#sessionId, this.#hello.sessionId);
    if (this.#session && isOurs) return this.#resume(this.#session, now);
    this.#session?.master.fill(0);
    this.#session = undefined;
    this.#state = 'ServerKeyExchange';
  }

  #resume(session: ClientSession, now: number): void {
    const { suite, extendedMasterSecret, encryptThenMac } = this.settled();
    if (suite !== session.suite) throw illegal('the server resumed a session with another ciphersuite');
    // RFC 7627 §5.3: a session with an extended master secret is not resumed without.
    if (!extendedMasterSecret || encryptThenMac !== session.encryptThenMac) {
      throw new DecodeError('the server resumed a session in a weaker form', AlertDescription.handshake_failure);
    }
    this.resumed = true;
    this.useMaster(session.master.slice());
    this.#expectEnd(now);
  }

  /** What is left to come is the server's Finished, and a ticket before it if one was promised. */
  #expectEnd(now: number): void {
    this.#state = this.#ticketPromised ? 'NewSessionTicket' : 'Finished';
    this.openEpoch(now);
  }

  #handleNewSessionTicket(message: NewSessionTicket): void {
    this.#ticket = { ...message, ticket: message.ticket.slice() };
    this.#state = 'Finished';
  }

  #storeSession(): void {
    const { suite, extendedMasterSecret, encryptThenMac } = this.settled();
    const ticket = this.#ticket?.ticket ?? this.#session?.ticket ?? new Uint8Array(0);
    const sessionId = ticket.length > 0 ? new Uint8Array(0) : this.#sessionId;
    // RFC 7627 §5.3: only sessions with an extended master secret are worth keeping.
    if (!extendedMasterSecret || (ticket.length === 0 && sessionId.length === 0)) return;
    const expires =
      this.#ticket || !this.#session
        ? sessionExpiry(this.context.date(), this.#ticket?.lifetimeHint ?? 0)
        : this.#session.expires;
    const session = { suite, master: this.secret().slice(), encryptThenMac, sessionId, ticket, expires };
    this.engine.sink.session(resumable(this.context, this.options, session));
  }

  #readExtensions(extensions: Extensions, suite: Ciphersuite) {
    const extendedMasterSecret = extensions.get(ExtensionType.extended_master_secret);
    if (extendedMasterSecret) checkEmpty(extendedMasterSecret, 'extended_master_secret');
    const encryptThenMac = extensions.get(ExtensionType.encrypt_then_mac);
    if (encryptThenMac) {
      checkEmpty(encryptThenMac, 'encrypt_then_mac');
      // RFC 7366 §3: not with suites that have no MAC of their own.
      if (suite.protection.kind !== 'cbc') throw illegal('encrypt_then_mac with an AEAD suite');
    }
    const renegotiation = extensions.get(ExtensionType.renegotiation_info);
    if (renegotiation) checkRenegotiationInfo(renegotiation);
    // RFC 9325 §3.5: elsewhere this server may renegotiate, and take our handshake for the continuation of an attacker's.
    else if (!this.context.legacyServers) {
      throw new DecodeError('the server lacks renegotiation_info (RFC 5746)', AlertDescription.handshake_failure);
    }
    const pointFormats = extensions.get(ExtensionType.ec_point_formats);
    if (pointFormats) checkPointFormats(pointFormats);
    const fragment = extensions.get(ExtensionType.max_fragment_length);
    const maxFragmentLength = fragment ? decodeMaxFragmentLength(fragment) : maxPlaintextLength;
    if (fragment && maxFragmentLength !== this.context.maxFragmentLength) {
      throw illegal('the server changed max_fragment_length');
    }
    return {
      extendedMasterSecret: extendedMasterSecret !== undefined,
      encryptThenMac: encryptThenMac !== undefined,
      maxFragmentLength,
      connectionIds: this.#readConnectionIds(extensions),
    };
  }

  /** RFC 9146 §3; RFC 9853 §3: rrc is of use only beside connection_id. */
  #readConnectionIds(extensions: Extensions): ConnectionIds | undefined {
    const rrc = extensions.get(ExtensionType.rrc);
    if (rrc) checkEmpty(rrc, 'rrc');
    const data = extensions.get(ExtensionType.connection_id);
    const own = this.options.connectionId;
    return data && own && { own, peer: decodeConnectionId(data).slice(), rrc: rrc !== undefined };
  }

  #handleServerKeyExchange(body: Uint8Array): void {
    const { identityHint, ecdh } = decodeServerKeyExchange(body, this.settled().suite.keyExchange);
    if (ecdh && !supportedGroups.some((group) => group === ecdh.group))
      throw illegal('the server chose a group that was not offered');
    if (identityHint.length > 0) this.#identityHint = identityHint.slice();
    this.#ecdh = ecdh && { group: ecdh.group, publicKey: ecdh.publicKey.slice() };
    this.#state = 'ServerHelloDone';
  }

  #sendKeyExchange(now: number): void {
    const { psk, provider, random } = this.context;
    const group = supportedGroups.find((each) => each === this.#ecdh?.group);
    const share = group && provider.keyShare(group, random);
    const body = encodeClientKeyExchange({ identity: psk.identity, publicKey: share?.publicKey });
    const keyExchange = this.message(HandshakeType.client_key_exchange, body);
    const sharedSecret = share && this.#ecdh && agree(share, this.#ecdh.publicKey);
    const premaster = premasterSecret(psk.key, sharedSecret);
    sharedSecret?.fill(0);
    this.deriveKeys(premaster);
    this.sendFlight([keyExchange, ...this.finishedParts()], now);
    this.#expectEnd(now);
  }

  #expect(state: State, type: number): void {
    if (this.#state !== state) throw unexpected(type);
  }
}

/** Bytes of the datagram of a hello with as long a cookie as servers make. */
function helloSize(hello: ClientHello): number {
  return (
    recordHeaderLength + messageHeaderLength + encodeClientHello(hello).length - hello.cookie.length + longestCookie
  );
}

/** The shared secret; a public key that is none is the peer's mistake. Consumes the share. */
export function agree(share: KeyShare, peerPublicKey: Uint8Array): Uint8Array {
  try {
    return share.agree(peerPublicKey);
  } catch {
    throw illegal('not a public key of the chosen group');
  } finally {
    share.destroy();
  }
}

function offeredExtensions(
  context: ClientContext,
  { serverName, connectionId }: ClientAssociationOptions,
  ticket: Uint8Array | undefined,
): Extensions {
  const extensions: Extensions = new Map();
  if (serverName !== undefined) extensions.set(ExtensionType.server_name, encodeServerName(serverName));
  if (context.maxFragmentLength !== undefined) {
    extensions.set(ExtensionType.max_fragment_length, encodeMaxFragmentLength(context.maxFragmentLength));
  }
  if (context.suites.some((suite) => suite.keyExchange === 'ECDHE_PSK')) {
    extensions.set(ExtensionType.supported_groups, encodeSupportedGroups(supportedGroups));
    extensions.set(ExtensionType.ec_point_formats, uncompressedPointFormats);
  }
  if (context.suites.some((suite) => suite.protection.kind === 'cbc')) {
    extensions.set(ExtensionType.encrypt_then_mac, emptyExtension);
  }
  extensions.set(ExtensionType.extended_master_secret, emptyExtension);
  // RFC 5077 §3.2: without content it asks for a ticket.
  extensions.set(ExtensionType.session_ticket, ticket ?? emptyExtension);
  if (connectionId !== undefined) {
    extensions.set(ExtensionType.connection_id, encodeConnectionId(connectionId));
    // RFC 9853 §3: whoever offers the one should offer the other.
    if (context.returnRoutabilityCheck !== false) extensions.set(ExtensionType.rrc, emptyExtension);
  }
  extensions.set(ExtensionType.renegotiation_info, emptyRenegotiationInfo);
  return extensions;
}

function illegal(message: string): DecodeError {
  return new DecodeError(message, AlertDescription.illegal_parameter);
}

function unexpected(type: number): DecodeError {
  return new DecodeError(`handshake message ${type} out of order`, AlertDescription.unexpected_message);
}
