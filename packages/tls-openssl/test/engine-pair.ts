import type {
  Alert,
  AvsError,
  ClientEngineFactory,
  DropReason,
  Engine,
  EngineSink,
  HandshakeTimeouts,
  PskClient,
  ServerEngineFactory,
  ServerSessions,
} from '@avs-net/core';
import { SeededRandom } from '@avs-net/core/testing';
import { ciphersuites as pureSuites } from '../../tls-pure/src/ciphersuites.js';
import { nodeProvider } from '../../tls-pure/src/crypto/node.js';
import { PskCredentials } from '../../tls-pure/src/dtls12/context.js';
import { PureClientFactory, PureServerFactory } from '../../tls-pure/src/engine-factories.js';
import { availableCiphersuites, type Ciphersuite } from '../src/ciphersuites.js';
import { OpensslClientFactory, OpensslServerFactory } from '../src/engine-factories.js';
import { loadNative } from '../src/native.js';
import { sessionCrypto } from '../src/session-crypto.js';

const loaded = loadNative();
if (loaded.error) throw loaded.error;
export const { native } = loaded;

/** The suites of the OpenSSL at hand. */
export const suites: readonly Ciphersuite[] = availableCiphersuites(native.ciphersuites);

export const testKey = Uint8Array.from({ length: 16 }, (_, index) => index + 1);
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export type Kind = 'openssl' | 'pure';

export interface PairOptions {
  readonly client?: Kind;
  readonly server?: Kind;
  readonly suites?: readonly Ciphersuite[];
  /** Default: `suites`. */
  readonly serverSuites?: readonly Ciphersuite[];
  readonly clientKey?: Uint8Array;
  readonly serverKey?: Uint8Array | undefined;
  readonly identity?: Uint8Array;
  readonly resolve?: (identity: Uint8Array, client: PskClient) => Promise<Uint8Array | undefined>;
  readonly identityHint?: Uint8Array;
  readonly serverName?: string;
  /** What the server keeps; undefined: nothing. */
  readonly sessions?: ServerSessions;
  /** What the client has kept. */
  readonly session?: Uint8Array;
  /** As given to `connect`. */
  readonly peer?: string;
  /** An OpenSSL client's. */
  readonly legacyServers?: boolean;
  /** As on the wire, 0 for none. */
  readonly maxFragmentLengthCode?: number;
  readonly maxDatagramSize?: number;
  readonly timeouts?: HandshakeTimeouts;
  readonly onKeyLog?: (line: string) => void;
  readonly seed?: number;
  /** Probabilities, each way. */
  readonly loss?: number;
  readonly duplication?: number;
  readonly reordering?: number;
  /** Sees each datagram before the network does; an array replaces it. */
  readonly tap?: (from: Side['name'], datagram: Uint8Array) => readonly Uint8Array[] | undefined;
}

/** What one side's sink has been told. */
export interface Side {
  readonly name: 'client' | 'server';
  engine: Engine | undefined;
  established: number;
  closed: number;
  error: AvsError | undefined;
  readonly alerts: Alert[];
  readonly received: Uint8Array[];
  /** What a client was given to keep. */
  readonly sessions: Uint8Array[];
  readonly dropped: Partial<Record<DropReason, number>>;
  readonly sent: { readonly at: number; readonly datagram: Uint8Array }[];
}

interface InFlight {
  readonly at: number;
  readonly order: number;
  readonly to: Side;
  readonly datagram: Uint8Array;
}

const peer = Uint8Array.of(10, 0, 0, 1, 0x16, 0x33);

/** A client and a server engine over a network in memory, in virtual time. The server's side begins with `admit`, as a listener's. */
export class EnginePair {
  now = 0;
  readonly client = side('client');
  readonly server = side('server');
  readonly clientFactory: ClientEngineFactory;
  readonly serverFactory: ServerEngineFactory;
  cookiesSent = 0;
  readonly #random: SeededRandom;
  readonly #woken = new Set<Side>();
  #network: InFlight[] = [];
  #order = 0;

  constructor(readonly options: PairOptions = {}) {
    this.#random = new SeededRandom(options.seed ?? 1);
    this.clientFactory = clientFactory(options);
    this.serverFactory = serverFactory(options);
  }

  start(): void {
    const options = {
      ...this.#association(),
      serverName: this.options.serverName,
      session: this.options.session?.slice(),
      peer: this.options.peer ?? 'server 5684',
    };
    this.client.engine = this.clientFactory.createClient(this.#sink(this.client), options);
    this.client.engine.start(this.now);
  }

  /** Starts, and runs until both sides are established or have ended. */
  async handshake(): Promise<void> {
    this.start();
    await this.run(() => [this.client, this.server].every((each) => each.established + each.closed > 0));
  }

  /** Sends from one side and runs until nothing moves. */
  async send(from: Side, plaintext: Uint8Array): Promise<void> {
    from.engine?.send(plaintext);
    await this.run();
  }

  /** Handles datagrams and timers in the order of their time until `done`, or until nothing is pending. */
  async run(done: () => boolean = () => false, limit = 1_000_000): Promise<void> {
    for (;;) {
      for (let turn = 0; turn < 12; turn++) await Promise.resolve();
      for (const woken of this.#woken) {
        this.#woken.delete(woken);
        woken.engine?.handleTimeout(this.now);
      }
      if (done()) return;
      this.#network.sort((a, b) => a.at - b.at || a.order - b.order);
      const [datagram] = this.#network;
      const sides = [this.client, this.server];
      const at = Math.min(datagram?.at ?? Infinity, ...sides.map((each) => each.engine?.nextTimeout ?? Infinity));
      if (at === Infinity || at > limit) return;
      this.now = Math.max(this.now, at);
      if (datagram && datagram.at <= at) {
        this.#network.shift();
        this.deliver(datagram.to, datagram.datagram);
      } else {
        for (const { engine } of sides) engine?.handleTimeout(this.now);
      }
    }
  }

  /** Gives a datagram to one side now. */
  deliver(to: Side, datagram: Uint8Array): void {
    const copy = datagram.slice();
    if (to.engine) return to.engine.receive(copy, this.now);
    if (to === this.client) return;
    const admission = this.serverFactory.admit(copy, peer, this.now);
    if (admission.action === 'reply') {
      this.cookiesSent++;
      this.transmit(to, admission.datagram);
    } else if (admission.action === 'accept') {
      to.engine = admission.create(this.#sink(to), this.#association());
      to.engine.start(this.now);
      to.engine.receive(copy, this.now);
    } else {
      to.dropped[admission.reason] = (to.dropped[admission.reason] ?? 0) + 1;
    }
  }

  /** Puts a datagram of one side on the network, with its faults. */
  transmit(from: Side, datagram: Uint8Array): void {
    from.sent.push({ at: this.now, datagram: datagram.slice() });
    const to = from === this.client ? this.server : this.client;
    const { loss = 0, duplication = 0, reordering = 0 } = this.options;
    for (const each of this.options.tap?.(from.name, datagram) ?? [datagram]) {
      if (this.#random.next() < loss) continue;
      const copies = this.#random.next() < duplication ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        const delay = 20 + (this.#random.next() < reordering ? this.#random.next() * 400 : 0);
        this.#network.push({ at: this.now + delay, order: this.#order++, to, datagram: each.slice() });
      }
    }
  }

  destroy(): void {
    this.client.engine?.destroy();
    this.server.engine?.destroy();
    this.clientFactory.destroy();
    this.serverFactory.destroy();
  }

  #association() {
    return {
      maxDatagramSize: this.options.maxDatagramSize ?? 1400,
      handshakeTimeouts: this.options.timeouts ?? { min: 1_000, max: 60_000 },
    };
  }

  #sink(of: Side): EngineSink {
    return {
      transmit: (datagram) => this.transmit(of, datagram),
      deliver: (plaintext) => of.received.push(plaintext),
      established: () => {
        of.established++;
      },
      alert: (alert) => of.alerts.push(alert),
      session: (session) => {
        of.sessions.push(session.store());
        session.destroy();
      },
      dropped: (reason) => {
        of.dropped[reason] = (of.dropped[reason] ?? 0) + 1;
      },
      retransmitted: () => undefined,
      newest: () => undefined,
      routabilityCheck: () => undefined,
      wake: () => this.#woken.add(of),
      closed: (error) => {
        of.closed++;
        of.error = error;
      },
    };
  }
}

function clientFactory(options: PairOptions): ClientEngineFactory {
  const identity = options.identity ?? bytes('device');
  const key = options.clientKey ?? testKey;
  if (options.client === 'pure') {
    const psk = new PskCredentials(key.slice(), identity.slice());
    return new PureClientFactory({ ...pureContext(options), psk, maxFragmentLength: undefined });
  }
  const context = opensslContext(options);
  const code = options.maxFragmentLengthCode ?? 0;
  const logs = options.onKeyLog !== undefined;
  const shared = new native.Context({
    server: false,
    ciphersuites: names(context.suites),
    keyLog: logs,
    identity,
    key,
    maxFragmentLength: code,
    legacyServers: options.legacyServers,
  });
  const psk = { key: key.slice(), identity: identity.slice() };
  const maxFragmentLength = code === 0 ? undefined : 256 << code;
  return new OpensslClientFactory({ ...context, psk, maxFragmentLength }, shared);
}

function serverFactory({ serverSuites, ...given }: PairOptions): ServerEngineFactory {
  const options = serverSuites ? { ...given, suites: serverSuites } : given;
  const key = 'serverKey' in options ? options.serverKey : (options.clientKey ?? testKey);
  const resolve = options.resolve ?? (async () => key?.slice());
  const { identityHint, sessions } = options;
  if (options.server === 'pure') {
    return new PureServerFactory({ ...pureContext(options), identityHint, resolve, sessions });
  }
  const context = { ...opensslContext(options), resolve, sessions };
  const sessionLifetime = Math.floor((sessions?.lifetime ?? 0) / 1_000);
  return new OpensslServerFactory(
    context,
    new native.Context({ server: true, ciphersuites: names(context.suites), identityHint, sessionLifetime }),
  );
}

function opensslContext(options: PairOptions) {
  const common = { native, suites: options.suites ?? suites, onKeyLog: options.onKeyLog };
  return { ...common, crypto: sessionCrypto(), date: () => 0, version: '1.2' } as const;
}

function pureContext(options: PairOptions) {
  const wanted = (options.suites ?? suites).map(({ number }) => number);
  return {
    provider: nodeProvider,
    random: (random: Uint8Array): void => {
      globalThis.crypto.getRandomValues(random as Uint8Array<ArrayBuffer>);
    },
    onKeyLog: undefined,
    date: () => 0,
    suites: pureSuites.filter(({ id }) => wanted.includes(id)),
  };
}

function names(chosen: readonly Ciphersuite[]): string {
  return chosen.map(({ opensslName }) => opensslName).join(':');
}

function side(name: Side['name']): Side {
  return {
    name,
    engine: undefined,
    established: 0,
    closed: 0,
    error: undefined,
    alerts: [],
    received: [],
    sessions: [],
    dropped: {},
    sent: [],
  };
}
