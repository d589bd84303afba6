import {
  type ClientAssociationOptions,
  type EngineSink,
  openSession,
  type SessionCrypto,
  type SessionScope,
  sealSession,
  sessionExpiry,
  type TlsVersion,
} from '@avs-net/core';
import { type EngineContext, OpensslEngine } from './engine.js';
import type { NativeAssociation } from './native.js';

/** What the client engines of one factory share. */
export interface ClientContext extends EngineContext {
  /** Copies of the factory's own. */
  readonly psk: SessionScope['psk'];
  /** The lowest that is allowed. */
  readonly version: TlsVersion;
  /** What is asked for, bytes. */
  readonly maxFragmentLength: number | undefined;
  readonly crypto: SessionCrypto;
  /** Milliseconds since 1970. */
  readonly date: () => number;
}

/** A client's association, which offers the session that it is given, and gives the next one. */
export class ClientEngine extends OpensslEngine {
  protected override readonly provenIdentity = undefined;
  readonly #context: ClientContext;
  readonly #scope: SessionScope;
  /** When the session that is offered expires. */
  #expires = 0;

  constructor(
    context: ClientContext,
    sink: EngineSink,
    options: ClientAssociationOptions,
    association: NativeAssociation,
  ) {
    super(context, sink, options, association, options.serverName);
    const { psk, version, maxFragmentLength } = context;
    const { peer, serverName } = options;
    const ciphersuites = context.suites.map(({ number }) => number);
    this.#context = context;
    this.#scope = { backend: 'openssl', psk, peer, serverName, version, ciphersuites, maxFragmentLength };
    if (options.session) this.#offer(association, options.session);
  }

  protected override keepSession(association: NativeAssociation): void {
    const session = association.takeSession();
    if (!session) return;
    const { crypto, date } = this.#context;
    const { state, lifetimeHint, isOffered } = session;
    const expires = isOffered ? this.#expires : sessionExpiry(date(), lifetimeHint);
    const scope = this.#scope;
    this.sink.session({
      store: () => sealSession(crypto, scope, { state, expires }),
      destroy: () => state.fill(0),
    });
  }

  #offer(association: NativeAssociation, stored: Uint8Array): void {
    const { crypto, date } = this.#context;
    const session = openSession(crypto, this.#scope, stored, date());
    if (!session) return;
    association.offerSession(session.state);
    session.state.fill(0);
    this.#expires = session.expires;
  }
}
