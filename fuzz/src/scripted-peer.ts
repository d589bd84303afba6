import type { Engine, EngineSink } from '@avs-net/core';
import { type Ciphersuite, ciphersuite } from '../../packages/tls-pure/dist/ciphersuites.js';
import { nodeProvider } from '../../packages/tls-pure/dist/crypto/node.js';
import { PskCredentials } from '../../packages/tls-pure/dist/dtls12/context.js';
import {
  masterSecret,
  premasterSecret,
  type TrafficProtection,
  trafficProtection,
  verifyData,
} from '../../packages/tls-pure/dist/dtls12/key-schedule.js';
import { PureClientFactory, PureServerFactory } from '../../packages/tls-pure/dist/engine-factories.js';
import { encodeClientHello } from '../../packages/tls-pure/dist/handshake/client-hello.js';
import { encodeServerHello } from '../../packages/tls-pure/dist/handshake/server-hello.js';
import { noConnectionId } from '../../packages/tls-pure/dist/record/header.js';
import type { Role } from './model.js';
import { silentSink } from './silent-sink.js';
import { concat, fragment, fragmentsOf, HandshakeType, plainRecord, recordsOf } from './wire.js';

/** What the peer of an engine can say, a letter each: whole, with the right keys, and with the next message_seq. */
export const letters = {
  V: 'HelloVerifyRequest',
  H: 'ClientHello',
  S: 'ServerHello',
  K: 'ServerKeyExchange',
  D: 'ServerHelloDone',
  X: 'ClientKeyExchange',
  C: 'ChangeCipherSpec',
  F: 'Finished',
  d: 'application data',
  r: 'HelloRequest',
  c: 'Certificate',
} as const;

/** One of {@link letters}. */
export type Letter = keyof typeof letters;

const key = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const identity = new TextEncoder().encode('device');
const address = Uint8Array.of(10, 0, 0, 1, 0x16, 0x33);
const randoms = { ours: new Uint8Array(32).fill(0x42) };
const types: Partial<Record<Letter, number>> = { V: 3, H: 1, S: 2, K: 12, D: 14, X: 16, F: 20, r: 0, c: 11 };

/**
 * A peer that has the key and says what it is told to, in any order, with a Finished over all that was said: what an engine
 * accepts of it, it accepts because of the order alone.
 */
export class ScriptedPeer {
  /** The engine under test. */
  readonly role: Role;
  state: 'handshaking' | 'established' | 'closed' = 'handshaking';
  readonly #suite: Ciphersuite;
  readonly #server: PureServerFactory;
  #engine: Engine | undefined;
  readonly #outgoing: Uint8Array[] = [];
  #woken = false;
  #transcript: Uint8Array[] = [];
  #theirRandom = new Uint8Array(32);
  #keys: TrafficProtection | undefined;
  #master: Uint8Array | undefined;
  #messageSeq = 0;
  #sequence = 0;
  #cookies = 0;

  constructor(role: Role) {
    this.role = role;
    const suite = ciphersuite(0xc0a8);
    if (suite === undefined) throw new Error('TLS_PSK_WITH_AES_128_CCM_8 is gone');
    this.#suite = suite;
    const common = { provider: nodeProvider, suites: [suite], random: (bytes: Uint8Array) => bytes.fill(0x17) };
    const context = { ...common, onKeyLog: undefined, date: () => 0 };
    this.#server = new PureServerFactory({ ...context, identityHint: undefined, resolve: async () => key.slice() });
    const options = { maxDatagramSize: 1_400, handshakeTimeouts: { min: 1_000, max: 8_000 } };
    if (role === 'client') {
      const psk = new PskCredentials(key.slice(), identity.slice());
      const factory = new PureClientFactory({ ...context, psk, maxFragmentLength: undefined });
      this.#engine = factory.createClient(this.#sink(), {
        ...options,
        serverName: undefined,
        session: undefined,
        peer: 'server 5684',
      });
      this.#engine.start(0);
    } else {
      this.#beginServer(options);
    }
    this.#hear();
  }

  /** Says something, and lets the engine do what it does about it. */
  async say(letter: Letter): Promise<void> {
    this.#engine?.receive(this.#datagram(letter), 0);
    for (let turns = 0; turns < 8; turns += 1) await undefined;
    if (this.#woken) this.#engine?.handleTimeout(0);
    this.#woken = false;
    this.#hear();
  }

  destroy(): void {
    this.#engine?.destroy();
  }

  /** The client's first ClientHello, and the one with the cookie, are needed for there to be an engine at all. */
  #beginServer(
    options: Parameters<Extract<ReturnType<PureServerFactory['admit']>, { action: 'accept' }>['create']>[1],
  ): void {
    const first = this.#server.admit(this.#record(this.#hello(new Uint8Array(0))), address, 0);
    if (first.action !== 'reply') throw new Error(`the first ClientHello: ${first.action}`);
    const [answer] = recordsOf(first.datagram);
    const cookie = answer === undefined ? undefined : fragmentsOf(answer.body)[0]?.data.slice(3);
    const hello = this.#hello(cookie ?? new Uint8Array(0));
    const datagram = this.#record(hello);
    const second = this.#server.admit(datagram, address, 0);
    if (second.action !== 'accept') throw new Error(`the second ClientHello: ${second.action}`);
    this.#transcript = [hello];
    this.#engine = second.create(this.#sink(), options);
    this.#engine.start(0);
    this.#engine.receive(datagram, 0);
  }

  #datagram(letter: Letter): Uint8Array {
    const type = types[letter];
    if (letter === 'C') return this.#record(Uint8Array.of(1), 20);
    if (letter === 'd') return this.#seal(23, new TextEncoder().encode('data'));
    if (type === undefined) throw new Error(`no message for ${letter}`);
    const body = this.#body(letter);
    const message = letter === 'H' ? body : fragment(type, body.length, this.#messageSeq, 0, body);
    // RFC 5246 §7.4.1.1: a HelloRequest is not part of the handshake, and is not counted.
    if (letter !== 'H' && letter !== 'r') this.#messageSeq += 1;
    if (letter !== 'V' && letter !== 'r') this.#transcript.push(message);
    return letter === 'F' ? this.#seal(22, message) : this.#record(message);
  }

  #body(letter: Letter): Uint8Array {
    switch (letter) {
      case 'V':
        this.#cookies += 1;
        return Uint8Array.of(0xfe, 0xff, 1, this.#cookies);
      case 'H':
        return this.#hello(new Uint8Array(0));
      case 'S':
        return encodeServerHello({
          version: 0xfefd,
          random: randoms.ours,
          sessionId: new Uint8Array(0),
          ciphersuite: this.#suite.id,
          compressionMethod: 0,
          extensions: new Map([[0xff01, Uint8Array.of(0)]]),
        });
      case 'K':
        return Uint8Array.of(0, 1, 0x68);
      case 'X':
        return concat(Uint8Array.of(0, identity.length), identity);
      case 'F':
        return this.#verifyData();
      case 'c':
        return Uint8Array.of(0, 0, 0);
      default:
        return new Uint8Array(0);
    }
  }

  /** A whole message, header included: its number counts the ClientHellos. */
  #hello(cookie: Uint8Array): Uint8Array {
    const body = encodeClientHello({
      version: 0xfefd,
      random: randoms.ours,
      sessionId: new Uint8Array(0),
      cookie,
      ciphersuites: [this.#suite.id],
      compressionMethods: Uint8Array.of(0),
      extensions: new Map(),
    });
    const message = fragment(HandshakeType.clientHello, body.length, this.#messageSeq, 0, body);
    this.#messageSeq += 1;
    return message;
  }

  #verifyData(): Uint8Array {
    if (this.#master === undefined) return new Uint8Array(12);
    const hash = nodeProvider.hash(this.#suite.hash);
    hash.update(concat(...this.#transcript));
    return verifyData(nodeProvider, this.#suite, this.#master, this.#writer, hash.digest());
  }

  get #writer(): Role {
    return this.role === 'client' ? 'server' : 'client';
  }

  /** Both randoms are known, and the key is: the keys follow. RFC 5246 §8.1. */
  #derive(): void {
    const [client, server] =
      this.role === 'client' ? [this.#theirRandom, randoms.ours] : [randoms.ours, this.#theirRandom];
    const both = { client, server };
    this.#master = masterSecret(nodeProvider, this.#suite, premasterSecret(key, undefined), both, undefined);
    const fill = (bytes: Uint8Array): Uint8Array => bytes.fill(0);
    const cids = { client: noConnectionId, server: noConnectionId };
    const options = { encryptThenMac: false, random: fill, cids, padding: 1 };
    this.#keys = trafficProtection(nodeProvider, this.#suite, this.#master, both, options);
  }

  /** Takes what the engine has sent into the transcript. */
  #hear(): void {
    for (const datagram of this.#outgoing.splice(0)) {
      for (const record of recordsOf(datagram)) {
        if (record.type !== 22 || record.epoch !== 0) continue;
        for (const each of fragmentsOf(record.body)) this.#hearMessage(each.type, each.messageSeq, each.data);
      }
    }
  }

  #hearMessage(type: number, messageSeq: number, body: Uint8Array): void {
    const message = fragment(type, body.length, messageSeq, 0, body);
    if (type === HandshakeType.clientHello) this.#transcript = [];
    this.#transcript.push(message);
    if (type === HandshakeType.clientHello || type === HandshakeType.serverHello) this.#theirRandom = body.slice(2, 34);
    this.#derive();
    // The engine's Finished follows its ClientKeyExchange; ours covers it.
    if (type === HandshakeType.clientKeyExchange) this.#addTheirFinished(messageSeq + 1);
  }

  #addTheirFinished(messageSeq: number): void {
    if (this.#master === undefined) return;
    const hash = nodeProvider.hash(this.#suite.hash);
    hash.update(concat(...this.#transcript));
    const body = verifyData(nodeProvider, this.#suite, this.#master, this.role, hash.digest());
    this.#transcript.push(fragment(HandshakeType.finished, body.length, messageSeq, 0, body));
  }

  #record(body: Uint8Array, type = 22): Uint8Array {
    this.#sequence += 1;
    return plainRecord(type, 0, this.#sequence, body);
  }

  #seal(type: number, plaintext: Uint8Array): Uint8Array {
    this.#sequence += 1;
    const sealed = this.#keys?.[this.#writer].seal(type, 1, this.#sequence, plaintext);
    return sealed ?? plainRecord(type, 1, this.#sequence, new Uint8Array(32));
  }

  #sink(): EngineSink {
    return {
      ...silentSink,
      transmit: (datagram) => this.#outgoing.push(datagram),
      established: () => {
        this.state = 'established';
      },
      wake: () => {
        this.#woken = true;
      },
      closed: () => {
        this.state = 'closed';
      },
    };
  }
}
