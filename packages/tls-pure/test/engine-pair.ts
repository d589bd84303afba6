import { randomFillSync } from 'node:crypto';
import type { Alert, AvsError, DropReason, Engine, EngineSink, HandshakeTimeouts, ServerSessions } from '@avs-net/core';
import { type Ciphersuite, ciphersuites } from '../src/ciphersuites.js';
import { portableProvider } from '../src/crypto/portable.js';
import type { CryptoProvider } from '../src/crypto/provider.js';
import { PskCredentials } from '../src/dtls12/context.js';
import { PureClientFactory, PureServerFactory } from '../src/engine-factories.js';

/** A small seeded generator (mulberry32), so that a failure can be repeated by its seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface PairOptions {
  readonly suites?: readonly Ciphersuite[];
  readonly serverSuites?: readonly Ciphersuite[];
  readonly provider?: CryptoProvider;
  readonly clientKey?: Uint8Array;
  readonly serverKey?: Uint8Array | undefined;
  readonly resolve?: (identity: Uint8Array) => Promise<Uint8Array | undefined>;
  readonly identity?: Uint8Array;
  readonly identityHint?: Uint8Array;
  readonly serverName?: string;
  readonly maxFragmentLength?: number;
  readonly maxDatagramSize?: number;
  readonly sessions?: ServerSessions;
  /** What an earlier client's sink was given. */
  readonly session?: Uint8Array;
  readonly peer?: string;
  readonly timeouts?: HandshakeTimeouts;
  /** What each side wants to receive; undefined: none are negotiated. */
  readonly clientCid?: Uint8Array;
  readonly serverCid?: Uint8Array;
  readonly recordPadding?: number;
  readonly seed?: number;
  /** Probabilities, each way. */
  readonly loss?: number;
  readonly duplication?: number;
  readonly reordering?: number;
  readonly onKeyLog?: (line: string) => void;
  /** What the user of an engine does when it is told of an alert. */
  readonly onAlert?: (side: Side) => void;
  /** Sees each datagram before the network does; an array replaces it. */
  readonly tap?: (from: Side['name'], datagram: Uint8Array) => Uint8Array[] | undefined;
}

/** What one side's sink has been told. */
export interface Side {
  readonly name: 'client' | 'server';
  engine: Engine | undefined;
  established: number;
  closed: number;
  error: AvsError | undefined;
  readonly alerts: Alert[];
  readonly received: string[];
  readonly dropped: Partial<Record<DropReason, number>>;
  readonly sent: Uint8Array[];
  readonly sessions: Uint8Array[];
  /** Records that were newer than all before. */
  newest: number;
  readonly checks: { readonly type: number; readonly cookie: Uint8Array }[];
}

export const testKey = Uint8Array.from({ length: 16 }, (_, i) => i + 1);

interface InFlight {
  readonly at: number;
  readonly order: number;
  readonly to: Side;
  readonly datagram: Uint8Array;
}

const peerAddress = Uint8Array.of(10, 0, 0, 1, 0x16, 0x33);
const text = new TextDecoder();
const random = (bytes: Uint8Array): void => {
  randomFillSync(bytes);
};

/** A client and a server engine over a network in memory, in virtual time. The server's side begins with `admit`, as a listener's would. */
export class EnginePair {
  now = 0;
  readonly client: Side = side('client');
  readonly server: Side = side('server');
  readonly clientFactory: PureClientFactory;
  readonly serverFactory: PureServerFactory;
  /** Datagrams answered by `admit` without keeping state. */
  cookiesSent = 0;
  readonly #random: () => number;
  readonly #network: InFlight[] = [];
  readonly #wakes = new Set<Side>();
  #order = 0;

  constructor(readonly options: PairOptions = {}) {
    this.#random = seeded(options.seed ?? 1);
    const provider = options.provider ?? portableProvider;
    const suites = options.suites ?? ciphersuites;
    const { onKeyLog } = options;
    this.clientFactory = new PureClientFactory({
      provider,
      random,
      recordPadding: options.recordPadding ?? ((options.clientCid ?? options.serverCid) ? 1 : undefined),
      onKeyLog,
      date: () => 1_800_000_000_000 + this.now,
      suites,
      psk: new PskCredentials(
        (options.clientKey ?? testKey).slice(),
        (options.identity ?? new TextEncoder().encode('device')).slice(),
      ),
      maxFragmentLength: options.maxFragmentLength,
    });
    this.serverFactory = new PureServerFactory({
      provider,
      random,
      recordPadding: options.recordPadding ?? ((options.clientCid ?? options.serverCid) ? 1 : undefined),
      onKeyLog: undefined,
      date: () => 1_800_000_000_000 + this.now,
      sessions: options.sessions,
      suites: options.serverSuites ?? suites,
      identityHint: options.identityHint,
      resolve:
        options.resolve ??
        (async () => ('serverKey' in options ? options.serverKey?.slice() : (options.clientKey ?? testKey).slice())),
    });
  }

  start(): void {
    this.client.engine = this.clientFactory.createClient(this.#sink(this.client), {
      ...this.#associationOptions(),
      connectionId: this.options.clientCid?.slice(),
      serverName: this.options.serverName,
      peer: this.options.peer ?? 'server.example 5684',
      session: this.options.session,
    });
    this.client.engine.start(this.now);
  }

  /** Starts, and runs until both sides are established or have ended. */
  async handshake(limit = 600_000): Promise<void> {
    this.start();
    await this.run(() => settled(this.client) && (this.server.engine === undefined || settled(this.server)), limit);
  }

  /** Handles datagrams and timers in the order of their time until `done`, or until nothing is pending. */
  async run(done: () => boolean = () => false, limit = 600_000): Promise<void> {
    for (;;) {
      for (let turn = 0; turn < 6; turn++) await Promise.resolve();
      for (const woken of this.#wakes) {
        this.#wakes.delete(woken);
        woken.engine?.handleTimeout(this.now);
      }
      if (done()) return;
      const datagram = this.#network.reduce(
        (first, each) =>
          !first || each.at < first.at || (each.at === first.at && each.order < first.order) ? each : first,
        undefined as InFlight | undefined,
      );
      const timeouts = [this.client, this.server].map((each) => each.engine?.nextTimeout ?? Number.POSITIVE_INFINITY);
      const at = Math.min(datagram?.at ?? Number.POSITIVE_INFINITY, ...timeouts);
      if (at === Number.POSITIVE_INFINITY || at > limit) return;
      this.now = Math.max(this.now, at);
      if (datagram && datagram.at <= at) {
        this.#network.splice(this.#network.indexOf(datagram), 1);
        this.deliver(datagram.to, datagram.datagram);
      } else {
        for (const each of [this.client, this.server]) {
          const { engine } = each;
          if (engine?.nextTimeout !== undefined && engine.nextTimeout <= this.now) engine.handleTimeout(this.now);
        }
      }
    }
  }

  /** Gives a datagram to one side now. */
  deliver(to: Side, datagram: Uint8Array): void {
    const copy = datagram.slice();
    if (to.engine) return to.engine.receive(copy, this.now);
    if (to === this.client) return;
    const admission = this.serverFactory.admit(copy, peerAddress, this.now);
    if (admission.action === 'reply') {
      this.cookiesSent++;
      this.send(this.server, admission.datagram);
    } else if (admission.action === 'accept') {
      to.engine = admission.create(this.#sink(to), {
        ...this.#associationOptions(),
        connectionId: this.options.serverCid?.slice(),
      });
      to.engine.start(this.now);
      to.engine.receive(copy, this.now);
    } else {
      to.dropped[admission.reason] = (to.dropped[admission.reason] ?? 0) + 1;
    }
  }

  /** Puts a datagram of one side on the network, with its faults. */
  send(from: Side, datagram: Uint8Array): void {
    from.sent.push(datagram.slice());
    const to = from === this.client ? this.server : this.client;
    const { loss = 0, duplication = 0, reordering = 0 } = this.options;
    for (const each of this.options.tap?.(from.name, datagram) ?? [datagram]) {
      if (this.#random() < loss) continue;
      const copies = this.#random() < duplication ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        const delay = 20 + (this.#random() < reordering ? this.#random() * 400 : 0);
        this.#network.push({ at: this.now + delay, order: this.#order++, to, datagram: each.slice() });
      }
    }
  }

  #associationOptions() {
    return {
      maxDatagramSize: this.options.maxDatagramSize ?? 1400,
      handshakeTimeouts: this.options.timeouts ?? { min: 1_000, max: 60_000 },
    };
  }

  #sink(of: Side): EngineSink {
    return {
      transmit: (datagram) => this.send(of, datagram),
      deliver: (plaintext) => of.received.push(text.decode(plaintext)),
      established: () => of.established++,
      alert: (alert) => {
        of.alerts.push(alert);
        this.options.onAlert?.(of);
      },
      session: (session) => {
        of.sessions.push(session.store());
        session.destroy();
      },
      dropped: (reason) => {
        of.dropped[reason] = (of.dropped[reason] ?? 0) + 1;
      },
      retransmitted: () => undefined,
      newest: () => {
        of.newest++;
      },
      routabilityCheck: (type, cookie) => of.checks.push({ type, cookie }),
      wake: () => this.#wakes.add(of),
      closed: (error) => {
        of.closed++;
        of.error = error;
      },
    };
  }
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
    dropped: {},
    sent: [],
    sessions: [],
    newest: 0,
    checks: [],
  };
}

function settled({ established, closed }: Side): boolean {
  return established > 0 || closed > 0;
}
