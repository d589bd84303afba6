import {
  type AssociationOptions,
  type AvsError,
  decodeSessionOwner,
  type EngineSink,
  type PskClient,
  type ServerSessions,
} from '@avs-net/core';
import { type EngineContext, OpensslEngine } from './engine.js';
import { IdentityGate } from './identity-gate.js';
import type { NativeAssociation, SessionOffer } from './native.js';
import { openTicket, ticketKeyParts } from './session-tickets.js';

/** Finds a client's key, or undefined. The array is the engine's to wipe. */
export type ResolveKey = (identity: Uint8Array, client: PskClient) => Promise<Uint8Array | undefined>;

/** What the server engines of one factory share. */
export interface ServerContext extends EngineContext {
  readonly resolve: ResolveKey;
  /** Undefined: no session is kept. */
  readonly sessions?: ServerSessions | undefined;
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
  discard: () => void;
}

/** A server's association, which holds the admitted ClientHello already. */
export class ServerEngine extends OpensslEngine {
  readonly #context: ServerContext;
  /** The admitted record is at the start of the first datagram, and the addon has it. */
  #skip: number;
  #gate: IdentityGate | undefined;
  #search: Search | undefined;
  /** The ID under which the session is in the cache; empty: it is not. */
  #sessionId: Uint8Array = nothing;
  readonly #kept: Uint8Array[] = [];
  #keptBytes = 0;

  constructor(
    context: ServerContext,
    sink: EngineSink,
    options: AssociationOptions,
    association: NativeAssociation,
    admitted: { readonly length: number; readonly messageSeq: number },
  ) {
    super(context, sink, options, association, undefined);
    this.#context = context;
    this.#skip = admitted.length;
    this.#gate = new IdentityGate((admitted.messageSeq + 1) & 0xffff);
    const { sessions } = context;
    if (!sessions) return;
    const { ticketKey } = sessions;
    const parts = ticketKey ? ticketKeyParts(ticketKey) : nothing;
    association.allowResumption(sessions.hasCache, parts);
    parts.fill(0);
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
    this.#search?.discard();
    this.#kept.splice(0);
  }

  protected override handle(progress: number, now: number, plaintext?: Uint8Array): void {
    super.handle(progress, now, plaintext);
    if (this.association && progress & this.context.native.progress.sessionOffered) {
      this.#findSession(this.association.sessionOffered());
    }
  }

  protected override keepSession(association: NativeAssociation): void {
    const { sessions } = this.#context;
    if (!sessions || association.negotiated().resumed) return;
    const session = association.takeSession();
    // With a ticket the client keeps it.
    this.#sessionId = session?.sessionId ?? nothing;
    if (session && this.#sessionId.length > 0) sessions.keep(this.#sessionId, session.state);
    session?.state.fill(0);
  }

  protected override finish(error: AvsError | undefined): void {
    // RFC 5246 §7.2.2: the session of an association that ends with a fatal alert must not be resumed.
    if (error && this.info && this.#sessionId.length > 0) this.#context.sessions?.forget(this.#sessionId);
    super.finish(error);
  }

  #findKey(identity: Uint8Array): void {
    const { sessions, resolve } = this.#context;
    const serverName = this.association?.negotiated().serverName;
    // OpenSSL ends an identity at a zero byte: what it would then look for is not what the client has sent.
    const found = identity.includes(0) ? Promise.resolve(undefined) : resolve(identity.slice(), { serverName });
    this.#await(found, (key = nothing) => {
      const keyCheck = key.length > 0 ? sessions?.keyCheck(key) : undefined;
      const owner = (keyCheck && sessions?.ownerOf(identity, keyCheck, serverName)) ?? nothing;
      this.association?.setPeerKey(identity, serverName ?? '', key, owner);
      key.fill(0);
    });
  }

  #findSession(offer: SessionOffer): void {
    this.#await(this.#resumable(offer), (state, now) => {
      const isResumed = this.association?.resume(state ?? nothing) ?? false;
      state?.fill(0);
      if (isResumed && offer.ticket.length === 0) this.#sessionId = offer.sessionId;
      super.start(now);
    });
  }

  /** The session that the client offers, if its owner may resume it. RFC 5246 §7.4.1.2, RFC 5077 §3.4, RFC 6066 §3. */
  async #resumable({ sessionId, ticket, serverName }: SessionOffer): Promise<Uint8Array | undefined> {
    const { sessions, resolve, native } = this.#context;
    if (!sessions) return undefined;
    const state = ticket.length > 0 ? openTicket(sessions, ticket) : await sessions.find(sessionId);
    const owned = state && native.sessionOwner(state);
    const owner = owned && decodeSessionOwner(owned);
    const keyOf = (identity: Uint8Array) => resolve(identity, { serverName });
    if (owner && (await sessions.admits(owner, serverName, keyOf))) return state;
    state?.fill(0);
    return undefined;
  }

  /**
   * Waits without holding up others: `go` gets what was found, or undefined after a failure. The client has said what it had to say and can
   * only repeat itself meanwhile.
   */
  #await(found: Promise<Uint8Array | undefined>, go: (found: Uint8Array | undefined, now: number) => void): void {
    const search: Search = { go: undefined, discard: () => undefined };
    this.#search = search;
    this.timer.stop();
    const finish = (value: Uint8Array | undefined): void => {
      if (!this.association) {
        value?.fill(0);
        return;
      }
      search.go = (now) => go(value, now);
      search.discard = () => value?.fill(0);
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
