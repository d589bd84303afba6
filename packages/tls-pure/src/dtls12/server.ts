import { AlertDescription, type AssociationOptions, type EngineSink } from '@avs-net/core';
import type { KeyShare } from '../crypto/provider.js';
import { decodeClientHello } from '../handshake/client-hello.js';
import { decodeClientKeyExchange } from '../handshake/client-key-exchange.js';
import type { FlightPart } from '../handshake/flight.js';
import { type HandshakeMessage, HandshakeType } from '../handshake/message.js';
import { encodeServerHello } from '../handshake/server-hello.js';
import { encodeServerKeyExchange } from '../handshake/server-key-exchange.js';
import { ProtocolVersion } from '../record/header.js';
import { DecodeError } from '../wire/reader.js';
import { agree } from './client.js';
import { randomBytes, type ServerContext } from './context.js';
import { Dtls12Engine } from './engine.js';
import { Handshake } from './handshake.js';
import { premasterSecret } from './key-schedule.js';
import { negotiate, type ServerChoice } from './negotiation.js';

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
  return new Dtls12Engine(sink, options, context.suites, (engine) => new ServerHandshake(engine, context, start));
}

type State = 'ClientHello' | 'ClientKeyExchange' | 'key' | 'Finished';

/** The server's side of RFC 6347 §4.2.4, figure 1, from the second ClientHello on. */
class ServerHandshake extends Handshake {
  protected readonly side = 'server';
  #state: State = 'ClientHello';
  #share: KeyShare | undefined;
  #identity: Uint8Array = new Uint8Array(0);
  #sharedSecret: Uint8Array | undefined;
  /** What the lookup has found, until `handleTimeout` takes it. */
  #lookup: { readonly key: Uint8Array | undefined } | undefined;

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
    const found = this.#lookup;
    if (found) {
      this.#lookup = undefined;
      // RFC 4279 §2: an identity that nobody knows goes on with a key that nobody knows, and fails as a wrong key does.
      this.#useKey(found.key ?? randomBytes(this.context, 16), now);
    } else {
      super.handleTimeout(now);
    }
  }

  override destroy(): void {
    super.destroy();
    this.#share?.destroy();
    this.#sharedSecret?.fill(0);
    this.#lookup?.key?.fill(0);
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
    return this.#state === 'ClientKeyExchange' && type === HandshakeType.client_hello;
  }

  protected peerFinished(now: number): void {
    const lastFlight = this.finishedParts();
    this.sendFlight(lastFlight, now, true);
    this.complete({ pskIdentity: this.#identity, pskIdentityHint: undefined }, now, lastFlight);
  }

  #handleClientHello(body: Uint8Array, now: number): void {
    const hello = decodeClientHello(body);
    const choice = negotiate(hello, this.context.suites);
    const random = randomBytes(this.context, 32);
    this.negotiated = { ...choice, randoms: { client: hello.random.slice(), server: random } };
    this.transcript.choose(this.context.provider, choice.suite.hash);
    const serverHello = encodeServerHello({
      version: ProtocolVersion.dtls12,
      random,
      sessionId: new Uint8Array(0),
      ciphersuite: choice.suite.id,
      compressionMethod: 0,
      extensions: choice.extensions,
    });
    const flight = [this.message(HandshakeType.server_hello, serverHello)];
    const keyExchange = this.#keyExchange(choice);
    if (keyExchange) flight.push(keyExchange);
    flight.push(this.message(HandshakeType.server_hello_done, new Uint8Array(0)));
    this.#state = 'ClientKeyExchange';
    this.sendFlight(flight, now);
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
    // The client has answered our flight; until the key is found it can only repeat itself. A lookup that never ends runs out of time.
    this.paused = true;
    this.timer.start(now);
    this.#find().then(
      (key) => this.#found(key),
      () => this.#found(undefined),
    );
  }

  async #find(): Promise<Uint8Array | undefined> {
    return this.context.resolve(this.#identity.slice());
  }

  #found(key: Uint8Array | undefined): void {
    if (this.isDestroyed) {
      key?.fill(0);
      return;
    }
    this.#lookup = { key };
    this.engine.sink.wake();
  }

  #useKey(key: Uint8Array, now: number): void {
    const premaster = premasterSecret(key, this.#sharedSecret);
    key.fill(0);
    this.#sharedSecret?.fill(0);
    this.#sharedSecret = undefined;
    this.deriveKeys(premaster);
    this.#state = 'Finished';
    this.paused = false;
    this.timer.start(now);
    this.keysReady(now);
    this.advance(now);
  }
}
