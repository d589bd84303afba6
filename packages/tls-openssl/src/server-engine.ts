import {
  type AssociationOptions,
  type AvsError,
  decodeSessionOwner,
  type EngineSink,
  type PskClient,
  type ServerSessions,
  type SessionOwner,
} from '@avs-net/core';
import { type EngineContext, OpensslEngine } from './engine.js';
import type { Negotiated, SessionOffer } from './exchange.js';
import { IdentityGate } from './identity-gate.js';
import type { NativeAssociation } from './native.js';
import type { TicketKeys } from './session-tickets.js';

/** Finds a client's key, or undefined. The array is the engine's to wipe. */
export type ResolveKey = (identity: Uint8Array, client: PskClient) => Promise<Uint8Array | undefined>;

/** What the server engines of one factory share. */
export interface ServerContext extends EngineContext {
  readonly resolve: ResolveKey;
  /** Undefined: no session is kept. */
  readonly sessions?: ServerSessions | undefined;
}

/** What the factory adds to that. */
export interface ServerEngineContext extends ServerContext {
  /** Of `sessions`. */
  readonly tickets: TicketKeys | undefined;
}

/** Bytes, and datagrams, that are kept while something is looked up. */
const maxKeptBytes = 16_384;
const maxKeptDatagrams = 32;

const nothing = new Uint8Array(0);

/** Something that is being looked for. */
interface Search {
  /** Goes on with what was found; undefined as long as nothing is known. */
  go: ((now: number) => void) | undefined;
  /** Wipes what was found. */
  discard: (() => void) | undefined;
}

/** A server's association, which holds the admitted ClientHello already. */
export class ServerEngine extends OpensslEngine {
  /** That of the key, or of the session, that was found. */
  protected override provenIdentity: Uint8Array | undefined;
  readonly #context: ServerEngineContext;
  /** The admitted record is at the start of the first datagram, and the addon has it. */
  #skip: number;
  #gate: IdentityGate | undefined;
  #search: Search | undefined;
  /** The ID under which the session is in the cache; empty: it is not. */
  #sessionId: Uint8Array = nothing;
  readonly #kept: Uint8Array[] = [];
  #keptBytes = 0;

  constructor(
    context: ServerEngineContext,
    sink: EngineSink,
    options: AssociationOptions,
    association: NativeAssociation,
    admitted: { readonly length: number; readonly messageSeq: number },
  ) {
    super(context, sink, options, association, undefined);
    this.#context = context;
    this.#skip = admitted.length;
    this.#gate = new IdentityGate((admitted.messageSeq + 1) & 0xffff);
    const { sessions, tickets } = context;
    if (sessions) association.allowResumption(sessions.hasCache, tickets?.newest ?? nothing);
  }

  override start(_now: number): void {
    // A server waits for the ClientHello.
  }

  override receive(datagram: Uint8Array, now: number): void {
    let rest = datagram;
    if (this.#skip > 0) {
      rest = datagram.subarray(this.#skip);
      this.#skip = 0;
      super.start(now);
    }
    if (rest.length === 0) return;
    if (this.#search) return this.#keep(rest);
    const identity = this.handshaking ? this.#gate?.inspect(rest) : undefined;
    if (!identity) return super.receive(rest, now);
    this.#gate = undefined;
    this.#keep(rest);
    this.#findKey(identity);
  }

  override handleTimeout(now: number): void {
    const go = this.#search?.go;
    if (!go) return super.handleTimeout(now);
    this.#search = undefined;
    go(now);
    this.#keptBytes = 0;
    for (const datagram of this.#kept.splice(0)) this.receive(datagram, now);
  }

  override destroy(): void {
    super.destroy();
    this.#search?.discard?.();
    this.#kept.splice(0);
  }

  protected override handle(progress: number, now: number, plaintext?: Uint8Array): void {
    super.handle(progress, now, plaintext);
    if (this.association && progress & this.context.native.progress.sessionOffered) {
      this.association.sessionOffered();
      this.#findSession(this.context.native.exchange.offer());
    }
  }

  protected override keepSession(association: NativeAssociation, { resumed }: Negotiated): void {
    const { sessions } = this.#context;
    // With a ticket the client keeps it.
    const session = sessions?.hasCache && !resumed ? association.takeSession() : undefined;
    if (!session) return;
    this.#sessionId = session.sessionId;
    sessions?.keep(session.sessionId, session.state);
    session.state.fill(0);
  }

  protected override finish(error: AvsError | undefined): void {
    // RFC 5246 §7.2.2: the session of an association that ends with a fatal alert must not be resumed.
    if (error && this.info && this.#sessionId.length > 0) this.#context.sessions?.forget(this.#sessionId);
    super.finish(error);
  }

  #findKey(identity: Uint8Array): void {
    const { sessions, resolve } = this.#context;
    this.association?.negotiated();
    const { serverName } = this.context.native.exchange.negotiated();
    // OpenSSL ends an identity at a zero byte: what it would then look for is not what the client has sent.
    const found = identity.includes(0) ? Promise.resolve(undefined) : resolve(identity.slice(), { serverName });
    const setKey = (key: Uint8Array = nothing): void => {
      const keyCheck = key.length > 0 ? sessions?.keyCheck(key) : undefined;
      const owner = (keyCheck && sessions?.ownerOf(identity, keyCheck, serverName)) ?? nothing;
      this.provenIdentity = identity;
      this.association?.setPeerKey(identity, serverName ?? '', key, owner);
      key.fill(0);
    };
    this.#await(found, setKey, (key) => key.fill(0));
  }

  #findSession(offer: SessionOffer): void {
    this.#await(this.#resumable(offer), (owner, now) => {
      const isResumed = this.association?.decide(owner !== undefined) ?? false;
      if (isResumed) this.provenIdentity = owner?.identity;
      if (isResumed && offer.ticketName.length === 0) this.#sessionId = offer.sessionId;
      super.start(now);
    });
  }

  /**
   * Who may resume the session that the client offers, which the addon then holds ready; undefined: nobody. RFC 5246 §7.4.1.2, RFC 5077 §3.4,
   * RFC 6066 §3.
   */
  async #resumable(offer: SessionOffer): Promise<SessionOwner | undefined> {
    const { sessions, resolve } = this.#context;
    const owned = offer.ticketName.length > 0 ? this.#ownerOfTicket(offer) : await this.#ownerOfKept(offer);
    const owner = owned && decodeSessionOwner(owned);
    const { serverName } = offer;
    const keyOf = (identity: Uint8Array) => resolve(identity, { serverName });
    return owner && (await sessions?.admits(owner, serverName, keyOf)) ? owner : undefined;
  }

  #ownerOfTicket({ ticketName }: SessionOffer): Uint8Array | undefined {
    return this.#context.tickets?.open(ticketName, (key) => this.association?.considerTicket(key));
  }

  async #ownerOfKept({ sessionId }: SessionOffer): Promise<Uint8Array | undefined> {
    const state = await this.#context.sessions?.find(sessionId);
    const owned = state && this.association?.considerSession(state);
    state?.fill(0);
    return owned;
  }

  /**
   * Waits without holding up others: `go` gets what was found, or undefined after a failure. The client has said what it had to say and can
   * only repeat itself meanwhile.
   */
  #await<T>(
    found: Promise<T | undefined>,
    go: (found: T | undefined, now: number) => void,
    wipe?: (found: T) => void,
  ): void {
    const search: Search = { go: undefined, discard: undefined };
    this.#search = search;
    this.timer.stop();
    const finish = (value: T | undefined): void => {
      const discard = (): void => {
        if (value !== undefined) wipe?.(value);
      };
      if (!this.association) return discard();
      search.go = (now) => go(value, now);
      search.discard = discard;
      this.sink.wake();
    };
    found.then(finish, () => finish(undefined));
  }

  #keep(datagram: Uint8Array): void {
    if (this.#kept.length >= maxKeptDatagrams || this.#keptBytes + datagram.length > maxKeptBytes) {
      return this.sink.dropped('overflow');
    }
    this.#kept.push(datagram.slice());
    this.#keptBytes += datagram.length;
  }
}
