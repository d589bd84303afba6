import type { AssociationOptions, ClientAssociationOptions } from '@avs-net/core';
import { type Ciphersuite, ciphersuites } from '../../packages/tls-pure/dist/ciphersuites.js';
import { nodeProvider } from '../../packages/tls-pure/dist/crypto/node.js';
import { portableProvider } from '../../packages/tls-pure/dist/crypto/portable.js';
import type { CryptoProvider } from '../../packages/tls-pure/dist/crypto/provider.js';
import { PskCredentials } from '../../packages/tls-pure/dist/dtls12/context.js';
import { PureClientFactory, PureServerFactory } from '../../packages/tls-pure/dist/engine-factories.js';
import type { Choices } from './choices.js';
import { Finding } from './finding.js';
import { Truth } from './keys.js';
import type { Role } from './model.js';
import { Oracle } from './oracle.js';
import { type Past, type PastSetup, readPast } from './past.js';
import { silentSink } from './silent-sink.js';
import { concat, fragmentsOf, HandshakeType, keyOf, recordsOf } from './wire.js';

/** How the two engines of a case are set up. */
export interface Setup {
  readonly suites: readonly Ciphersuite[];
  readonly provider: CryptoProvider;
  readonly maxDatagramSize: number;
  readonly maxFragmentLength: number | undefined;
  readonly identityHint: Uint8Array | undefined;
  readonly serverName: string | undefined;
  /** Undefined: the two sides meet for the first time, and the server remembers nothing. */
  readonly past: PastSetup | undefined;
  /** The server knows another key. */
  readonly isWrongKey: boolean;
  /** Undefined: neither side wants any. */
  readonly connectionIds: ConnectionIdSetup | undefined;
  /** What each engine's user does from within its callbacks. */
  readonly reaction: 'none' | 'echo' | 'close on data' | 'close on alert' | 'send when established';
}

/** What the two sides want of connection IDs. RFC 9146, RFC 9853. */
interface ConnectionIdSetup {
  /** What each asks for, undefined: the side does not know them. */
  readonly wanted: Readonly<Record<Role, Uint8Array | undefined>>;
  readonly checks: Readonly<Record<Role, boolean>>;
  readonly padding: number;
}

/** What a datagram was when its sender sent it. */
export interface Sent {
  readonly from: Role;
  readonly datagram: Uint8Array;
}

/** The key that the client has, and the server, unless it has a wrong one. */
export const key = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const otherKey = key.map((byte) => byte ^ 0xff);
export const identity = new TextEncoder().encode('device');
/** What the client calls the server. */
export const peer = 'server 5684';
const address = Uint8Array.of(10, 0, 0, 1, 0x16, 0x33);
const stateKey = new Uint8Array(32).fill(7);
/** Numbers that a state of the client's covers. */
const reserves = { writeReserve: 1, readReserve: 1 };
const timeouts = { min: 1_000, max: 8_000 };
/** Enough for what an engine chains to a lookup. */
const promiseTurns = 16;
/** PSK suites cost no elliptic curves, so that most cases are quick. */
const cheap = ciphersuites.filter(({ keyExchange }) => keyExchange === 'PSK');
const light = ciphersuites.filter(({ id }) => id === 0xc0a8);

/** Reads a setup from the first bytes of a case. */
export function readSetup(choices: Choices): Setup {
  const suites = choices.byte();
  const setup = {
    suites: suites < 160 ? light : suites < 240 ? [choices.pick(cheap)] : [choices.pick(ciphersuites)],
    provider: choices.chance(32) ? portableProvider : nodeProvider,
    maxDatagramSize: choices.pick([1_400, 1_400, 100, 200, 548]),
    maxFragmentLength: choices.pick([undefined, undefined, undefined, 512]),
    ...readHintAndPast(choices),
    serverName: choices.chance(64) ? 'server.example' : undefined,
    ...readSecrets(choices.byte()),
    reaction: choices.pick([
      'none',
      'none',
      'echo',
      'close on data',
      'close on alert',
      'send when established',
    ] as const),
  };
  return setup;
}

/** One byte: a quarter of the cases have a hint, and a half a past. */
function readHintAndPast(choices: Choices): Pick<Setup, 'identityHint' | 'past'> {
  const byte = choices.byte();
  return {
    identityHint: byte < 64 ? new TextEncoder().encode('hint') : undefined,
    past: byte < 128 ? undefined : readPast(byte & 127, choices),
  };
}

/** One byte for what is rare and what is not: a sixteenth of the cases have a wrong key, and a half connection IDs. */
function readSecrets(byte: number): Pick<Setup, 'isWrongKey' | 'connectionIds'> {
  if (byte < 128) return { isWrongKey: byte < 16, connectionIds: undefined };
  const cid = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => 0xc0 + i);
  const [client, server, checks] = [byte & 3, (byte >> 2) & 3, (byte >> 4) & 3];
  return {
    isWrongKey: false,
    connectionIds: {
      wanted: {
        client: [cid(0), cid(0), cid(5), undefined][client],
        server: [cid(8), cid(8), cid(1), cid(0)][server],
      },
      checks: { client: checks !== 1, server: checks !== 2 },
      padding: (byte & 64) === 0 ? 1 : 16,
    },
  };
}

/** A client's engine and a server's, each watched by its oracle, and all that is on the way between them. No time passes by itself. */
export class World {
  now = 0;
  /** Datagrams given to an engine, or to the server's admission. */
  inputs = 0;
  readonly truth: Truth;
  /** What is on its way to each side, oldest first. */
  readonly pending: Record<Role, Uint8Array[]> = { client: [], server: [] };
  readonly history: Sent[] = [];
  readonly #setup: Setup;
  readonly #past: Past | undefined;
  readonly #clientFactory: PureClientFactory;
  readonly #serverFactory: PureServerFactory;
  readonly #oracles: Record<Role, Oracle>;
  readonly #lookups: (() => void)[] = [];
  readonly #woken = new Set<Role>();
  readonly #cookies = new Set<string>();
  readonly #seen: (event: string) => void;
  #serverExists = false;
  #random: number;
  /** What the client has left for its restart. */
  #kept: Uint8Array | undefined;
  #finding: Finding | undefined;
  #sent = 0;

  constructor(setup: Setup, seen: (event: string) => void, past?: Past) {
    this.#setup = setup;
    this.#past = past;
    this.#seen = seen;
    this.#random = past?.seed ?? 1;
    this.#finding = past?.finding;
    this.history.push(...(past?.history ?? []));
    if (past !== undefined) past.memory.answerLater = (answer) => void this.#lookups.push(answer);
    const { provider, suites, identityHint, maxFragmentLength } = setup;
    const { connectionIds } = setup;
    this.truth = new Truth(provider, suites, connectionIds?.padding);
    const recordPadding = connectionIds?.padding;
    const common = { provider, suites, random: (bytes: Uint8Array) => this.#fill(bytes), recordPadding };
    this.#clientFactory = new PureClientFactory({
      ...common,
      returnRoutabilityCheck: connectionIds?.checks.client,
      onKeyLog: (line) => this.truth.keyLog('client', line),
      date: () => 0,
      psk: new PskCredentials(key.slice(), identity.slice()),
      maxFragmentLength,
    });
    this.#serverFactory = new PureServerFactory({
      ...common,
      returnRoutabilityCheck: connectionIds?.checks.server,
      onKeyLog: (line) => this.truth.keyLog('server', line),
      date: () => 0,
      identityHint,
      sessions: past?.sessions,
      resolve: () => this.#lookUp(),
    });
    this.#oracles = { client: this.#oracle('client'), server: this.#oracle('server') };
    const client = this.oracle('client');
    client.watch(this.#clientFactory.createClient(client, this.#clientOptions()), 0);
    client.start(0);
  }

  /** Bytes of the connection IDs that a side is to find in its records. */
  cidLength(role: Role): number {
    return this.#setup.connectionIds?.wanted[role]?.length ?? 0;
  }

  oracle(role: Role): Oracle {
    return this.#oracles[role];
  }

  /** The server has an engine. */
  get serverExists(): boolean {
    return this.#serverExists;
  }

  /** The first thing that must not have happened. */
  get finding(): Finding | undefined {
    return this.#finding ?? this.#oracles.client.finding ?? this.#oracles.server.finding;
  }

  /** Gives a datagram to one side, as if it came from the other's address, or to the server from a stranger's. */
  deliver(to: Role, datagram: Uint8Array, from = address): void {
    this.inputs += 1;
    if (to === 'client' || this.#serverExists) this.#oracles[to].receive(datagram, this.now);
    else this.#admit(datagram, from);
  }

  /** One datagram, on a network without faults. */
  async exchange(): Promise<void> {
    const to = this.pending.client.length > 0 ? 'client' : 'server';
    const datagram = this.pending[to].shift();
    if (datagram === undefined) await this.wake();
    else this.deliver(to, datagram);
  }

  /** Whether what the client offers is to be resumed; undefined: that depends. */
  get isToResume(): boolean | undefined {
    return this.#past === undefined ? false : this.#past.isGood;
  }

  /** Completes the lookups of keys and sessions that are under way, and calls the engines that asked for it. */
  async wake(): Promise<void> {
    if (this.#lookups.length > 0) {
      for (const complete of this.#lookups.splice(0)) complete();
      for (let turns = 0; turns < promiseTurns; turns += 1) await undefined;
    }
    for (const role of this.#woken) {
      this.#woken.delete(role);
      this.#oracles[role].handleTimeout(this.now);
    }
  }

  /** Lets time pass up to the next timer; false: there is none. */
  passTime(): boolean {
    const at = Math.min(this.#oracles.client.nextTimeout ?? Infinity, this.#oracles.server.nextTimeout ?? Infinity);
    if (at === Infinity) return false;
    this.now = Math.max(this.now, at);
    this.fireTimers();
    return true;
  }

  /** Calls the engines whose time has come. */
  fireTimers(): void {
    for (const role of ['client', 'server'] as const) {
      const at = this.#oracles[role].nextTimeout;
      if (at !== undefined && at <= this.now) this.#oracles[role].handleTimeout(this.now);
    }
  }

  /** Sends application data that no other call sends. */
  send(from: Role, length: number): void {
    const plaintext = new Uint8Array(length);
    this.#sent += 1;
    new DataView(plaintext.buffer).setUint32(0, this.#sent);
    if (from === 'server' && !this.#serverExists) return;
    this.#oracles[from].send(plaintext, this.now);
  }

  /** Sends a return routability check. */
  check(from: Role, type: 0 | 1 | 2, cookie: Uint8Array): void {
    if (from === 'client' || this.#serverExists) this.#oracles[from].check(type, cookie, this.now);
  }

  /** One side's engine is lost, and another one goes on: after a crash, or from a state that was saved in order. */
  restart(role: Role, inOrder: boolean): void {
    const oracle = this.#oracles[role];
    if (oracle.state !== 'established') return;
    if (role === 'server') {
      const state = oracle.save(this.now);
      const engine = state && this.#serverFactory.restoreServer(oracle, this.#options(role), state);
      this.#require(engine !== undefined, 'an association of the server cannot be restored');
      if (engine !== undefined) oracle.resume(engine, this.now, 0);
      return;
    }
    // A client that keeps nothing has nothing to go on from.
    if (this.#setup.connectionIds === undefined) return;
    const state = inOrder ? oracle.save(this.now) : this.#kept;
    if (state === undefined) {
      this.#require(
        !inOrder || this.truth.connectionIds?.written.client.length === 0,
        'an association of the client cannot be saved',
      );
      return;
    }
    const engine = this.#clientFactory.restoreClient(oracle, this.#clientOptions(), state.slice());
    this.#require(engine !== undefined, 'an association of the client cannot be restored');
    if (engine !== undefined) oracle.resume(engine, this.now, 1 + reserves.readReserve);
  }

  /** What was left, changed: the client must not take it, the listener must not open it, and what a server makes of it must not throw. */
  spoilState(role: Role, spoil: (state: Uint8Array) => Uint8Array): void {
    const state = role === 'client' ? this.#kept : this.#oracles.server.save(this.now);
    if (state === undefined) return;
    try {
      if (role === 'client') {
        const spoilt = spoil(state);
        if (keyOf(spoilt) === keyOf(state)) return;
        const engine = this.#clientFactory.restoreClient(silentSink, this.#clientOptions(), spoilt);
        this.#require(engine === undefined, 'the client goes on from a state that was changed');
        return;
      }
      const sealed = this.#serverFactory.seal(state, stateKey);
      const opened = this.#serverFactory.open(sealed.slice(), stateKey);
      this.#require(opened !== undefined && keyOf(opened) === keyOf(state), 'a state is not what it was when opened');
      const spoilt = spoil(sealed);
      if (keyOf(spoilt) !== keyOf(sealed)) {
        this.#require(this.#serverFactory.open(spoilt, stateKey) === undefined, 'a state that was changed is opened');
      }
      const engine = this.#serverFactory.restoreServer(silentSink, this.#options('server'), spoil(state));
      engine?.start(this.now);
      for (const { datagram } of this.history.slice(-2)) engine?.receive(datagram.slice(), this.now);
      engine?.destroy();
    } catch (error) {
      this.#require(false, `a state that was changed: ${String(error)}`);
    }
  }

  #admit(datagram: Uint8Array, from: Uint8Array): void {
    const copy = datagram.slice();
    const admission = this.#serverFactory.admit(copy, from, this.now);
    this.#require(keyOf(copy) === keyOf(datagram), 'admission changed the datagram');
    if (admission.action === 'drop') {
      this.#seen(`admission drop ${admission.reason}`);
    } else if (admission.action === 'reply') {
      const answer = admission.datagram;
      this.#seen('admission reply');
      this.#require(answer.length <= datagram.length, `${answer.length} bytes in answer to ${datagram.length}`);
      const [record] = recordsOf(answer);
      const [message] = record === undefined ? [] : fragmentsOf(record.body);
      this.#require(message?.type === HandshakeType.helloVerifyRequest, 'the answer is no HelloVerifyRequest');
      if (message !== undefined) this.#cookies.add(keyOf(concat(from, message.data.subarray(3))));
      if (from === address) this.#transmitted('server', answer);
    } else {
      this.#seen('admission accept');
      const [record] = recordsOf(datagram);
      const [hello] = record === undefined ? [] : fragmentsOf(record.body);
      const at = 35 + (hello?.data[34] ?? 0);
      const cookie = hello?.data.subarray(at + 1, at + 1 + (hello.data[at] ?? 0)) ?? new Uint8Array(0);
      this.#require(this.#cookies.has(keyOf(concat(from, cookie))), 'accepted with a cookie that was not given to it');
      const server = this.#oracles.server;
      server.evidence.cookie();
      server.watch(admission.create(server, this.#options('server')), record?.sequence ?? 0);
      this.#serverExists = true;
      server.start(this.now);
      server.receive(datagram, this.now);
    }
  }

  #oracle(role: Role): Oracle {
    const { maxDatagramSize } = this.#setup;
    return new Oracle({
      role,
      truth: this.truth,
      maxDatagramSize,
      cidLength: this.cidLength(role),
      mayResume:
        role === 'client' ? this.#past?.offered !== undefined : this.#past !== undefined && this.#past.isGood !== false,
      shortestWait: timeouts.min,
      transmit: (datagram) => this.#transmitted(role, datagram),
      wake: () => this.#woken.add(role),
      react: (event, cookie) => this.#react(role, event, cookie),
      seen: this.#seen,
    });
  }

  #react(role: Role, event: 'established' | 'deliver' | 'alert' | 'challenge', cookie?: Uint8Array): void {
    const { reaction } = this.#setup;
    // RFC 9853 §5.4: a challenge is answered at once. Not once more after a close: that is ENOTCONN.
    if (event === 'challenge' && cookie !== undefined && reaction !== 'none') this.check(role, 1, cookie);
    if (reaction === 'echo' && event === 'deliver' && this.#sent < 100) this.send(role, 4);
    if (reaction === 'send when established' && event === 'established') this.send(role, 20);
    if (reaction === 'close on data' && event === 'deliver') this.#oracles[role].close(this.now);
    if (reaction === 'close on alert' && event === 'alert') this.#oracles[role].close(this.now);
  }

  #transmitted(from: Role, datagram: Uint8Array): void {
    const to = from === 'client' ? 'server' : 'client';
    this.history.push({ from, datagram });
    this.pending[to].push(datagram);
  }

  /** A promise that the case settles when it likes. */
  #lookUp(): Promise<Uint8Array | undefined> {
    const found = (this.#setup.isWrongKey ? otherKey : key).slice();
    return new Promise((resolve) => {
      this.#lookups.push(() => resolve(found));
    });
  }

  #options(role: Role): AssociationOptions {
    const connectionId = this.#setup.connectionIds?.wanted[role]?.slice();
    return { maxDatagramSize: this.#setup.maxDatagramSize, handshakeTimeouts: timeouts, connectionId };
  }

  #clientOptions(): ClientAssociationOptions {
    const keep = (state: Uint8Array): void => {
      this.#kept = state.slice();
    };
    return {
      ...this.#options('client'),
      serverName: this.#setup.serverName,
      session: this.#past?.offered?.slice(),
      peer,
      persistence: this.#setup.connectionIds && { ...reserves, keep },
    };
  }

  #fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i += 1) {
      this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
      bytes[i] = this.#random >>> 24;
    }
  }

  #require(holds: boolean, what: string): void {
    if (!holds) this.#finding ??= new Finding(what);
  }
}
