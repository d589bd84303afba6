import type { AssociationOptions, EngineSink, PskClient } from '@avs-net/core';
import { type EngineContext, OpensslEngine } from './engine.js';
import { IdentityGate } from './identity-gate.js';
import type { NativeAssociation } from './native.js';

/** Finds a client's key, or undefined. The array is the engine's to wipe. */
export type ResolveKey = (identity: Uint8Array, client: PskClient) => Promise<Uint8Array | undefined>;

/** What the server engines of one factory share. */
export interface ServerContext extends EngineContext {
  readonly resolve: ResolveKey;
}

/** Bytes, and datagrams, that are kept while a key is looked up. */
const maxKeptBytes = 16_384;
const maxKeptDatagrams = 32;

const noKey = new Uint8Array(0);

/** A key that is being looked for. */
interface Lookup {
  readonly identity: Uint8Array;
  readonly serverName: string | undefined;
  key: Uint8Array | undefined;
  finished: boolean;
}

/** A server's association, which holds the admitted ClientHello already. */
export class ServerEngine extends OpensslEngine {
  readonly #resolve: ResolveKey;
  /** The admitted record is at the start of the first datagram, and the addon has it. */
  #skip: number;
  #gate: IdentityGate | undefined;
  #lookup: Lookup | undefined;
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
    this.#resolve = context.resolve;
    this.#skip = admitted.length;
    this.#gate = new IdentityGate((admitted.messageSeq + 1) & 0xffff);
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
    if (this.#lookup) return this.#keep(rest);
    const identity = this.handshaking ? this.#gate?.inspect(rest) : undefined;
    if (!identity) return super.receive(rest, now);
    this.#gate = undefined;
    // The client has answered; until its key is found it can only repeat itself.
    this.timer.stop();
    this.#keep(rest);
    this.#find(identity);
  }

  override handleTimeout(now: number): void {
    const lookup = this.#lookup;
    if (!lookup?.finished) return super.handleTimeout(now);
    this.#lookup = undefined;
    this.association?.setPeerKey(lookup.identity, lookup.serverName ?? '', lookup.key ?? noKey);
    lookup.key?.fill(0);
    for (const datagram of this.#kept.splice(0)) super.receive(datagram, now);
  }

  override destroy(): void {
    super.destroy();
    this.#lookup?.key?.fill(0);
    this.#kept.splice(0);
  }

  #find(identity: Uint8Array): void {
    const serverName = this.association?.negotiated().serverName;
    const lookup: Lookup = { identity, serverName, key: undefined, finished: false };
    this.#lookup = lookup;
    const finish = (key: Uint8Array | undefined): void => {
      if (!this.association) {
        key?.fill(0);
        return;
      }
      lookup.key = key;
      lookup.finished = true;
      this.sink.wake();
    };
    // OpenSSL ends an identity at a zero byte: what it would then look for is not what the client has sent.
    const found = identity.includes(0) ? Promise.resolve(undefined) : this.#resolve(identity.slice(), { serverName });
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
