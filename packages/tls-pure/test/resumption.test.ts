import {
  AlertDescription,
  isErrno,
  MemorySessionCache,
  type ResumptionSettings,
  ServerSessions,
  TicketKeyRing,
} from '@avs-net/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ciphersuite, ciphersuites } from '../src/ciphersuites.js';
import { nodeProvider } from '../src/crypto/node.js';
import { portableProvider } from '../src/crypto/portable.js';
import type { Dtls12Engine } from '../src/dtls12/engine.js';
import { decodeFragment, encodeMessage } from '../src/handshake/message.js';
import { decodeServerHello, encodeServerHello, type ServerHello } from '../src/handshake/server-hello.js';
import { decodeRecordHeader, plaintextRecord } from '../src/record/header.js';
import { sessionCrypto } from '../src/session/session-crypto.js';
import { Reader } from '../src/wire/reader.js';
import { EnginePair, type PairOptions } from './engine-pair.js';
import { rewriteHello } from './rewrite-hello.js';

const start = 1_800_000_000_000;
const day = 86_400_000;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A server's memory across associations, and the date that goes with it. */
class Memory {
  date = start;
  readonly sessions: ServerSessions;

  constructor(settings: Partial<ResumptionSettings> = {}) {
    const random = (into: Uint8Array): void => {
      globalThis.crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);
    };
    this.sessions = new ServerSessions(sessionCrypto(nodeProvider, random), () => this.date, {
      cache: undefined,
      tickets: undefined,
      lifetime: day,
      ...settings,
    });
  }
}

const byTicket = { cache: false } as const;
const byId = { tickets: false } as const;

async function full(memory: Memory, options: PairOptions = {}): Promise<Uint8Array> {
  const pair = new EnginePair({ provider: nodeProvider, sessions: memory.sessions, ...options });
  await pair.handshake();
  expect(pair.client.engine?.info?.resumed).toBe(false);
  expect(pair.client.sessions).toHaveLength(1);
  return pair.client.sessions[0];
}

async function again(memory: Memory, session: Uint8Array, options: PairOptions = {}): Promise<EnginePair> {
  const pair = new EnginePair({ provider: nodeProvider, sessions: memory.sessions, session, ...options });
  await pair.handshake();
  return pair;
}

const isResumed = ({ client, server }: EnginePair): unknown[] => [
  client.engine?.info?.resumed,
  server.engine?.info?.resumed,
];

describe.each([
  ['a ticket', byTicket],
  ['a session ID', byId],
])('resumption by %s', (_name, settings) => {
  it.each(ciphersuites.map((suite) => [suite.name, suite] as const))(
    'with %s takes a round trip less and carries data',
    async (_suite, suite) => {
      const memory = new Memory(settings);
      const session = await full(memory, { suites: [suite] });
      const pair = await again(memory, session, { suites: [suite] });
      expect(isResumed(pair)).toEqual([true, true]);
      expect(pair.client.engine?.info).toMatchObject({ ciphersuite: suite.id, extendedMasterSecret: true, flights: 3 });
      expect(pair.server.engine?.info?.pskIdentity).toEqual(bytes('device'));
      pair.client.engine?.send(bytes('ping'));
      pair.server.engine?.send(bytes('pong'));
      await pair.run();
      expect([pair.server.received, pair.client.received]).toEqual([['ping'], ['pong']]);
    },
  );

  it('lets the client send its data in the second round trip: nothing more is waited for', async () => {
    const memory = new Memory(settings);
    const times = [];
    const session = await full(memory);
    for (const each of [undefined, session]) {
      const pair: EnginePair = new EnginePair({ sessions: memory.sessions, session: each });
      pair.start();
      await pair.run(() => pair.client.established > 0);
      times.push(pair.now);
    }
    expect(times).toEqual([120, 80]);
  });

  it.each([
    [100, false],
    [124, false],
    [125, true],
    [200, true],
  ])(
    'in datagrams of %i bytes is offered only where the cookie has room beside the session ID',
    async (size, isOffered) => {
      const memory = new Memory(settings);
      // Made in large ones: what a device has kept may meet a narrower path.
      const session = await full(memory);
      const pair = await again(memory, session, { maxDatagramSize: size });
      expect(isResumed(pair)).toEqual([isOffered, isOffered]);
    },
  );

  it('can be repeated', async () => {
    const memory = new Memory(settings);
    let session = await full(memory);
    for (let i = 0; i < 3; i++) {
      const pair = await again(memory, session);
      expect(isResumed(pair)).toEqual([true, true]);
      [session] = pair.client.sessions;
    }
  });

  it.each<[string, PairOptions]>([
    ['key', { clientKey: new Uint8Array(16).fill(7) }],
    ['identity', { identity: bytes('another device') }],
    ['server', { peer: 'elsewhere.example 5684' }],
    ['server name', { serverName: 'other.example' }],
    ['set of suites', { suites: ciphersuites.slice(1) }],
  ])('is not offered for another %s', async (_what, options) => {
    const memory = new Memory(settings);
    const session = await full(memory);
    const pair = await again(memory, session, options);
    expect(isResumed(pair)).toEqual([false, false]);
  });

  it('ends when the key of the identity has changed', async () => {
    const memory = new Memory(settings);
    const session = await full(memory);
    const pair = await again(memory, session, { serverKey: new Uint8Array(16).fill(9) });
    expect(pair.client.error?.description).toBe(AlertDescription.decrypt_error);
  });

  it('ends with the lifetime', async () => {
    const memory = new Memory({ ...settings, lifetime: 1_000_000 });
    const session = await full(memory);
    memory.date += 999_999;
    expect(isResumed(await again(memory, session))).toEqual([true, true]);
    memory.date += 1;
    expect(isResumed(await again(memory, session))).toEqual([false, false]);
  });

  it('survives loss, duplication and reordering of 30 % each way, and both sides agree', async () => {
    const memory = new Memory(settings);
    const suites: readonly Ciphersuite[] = [ciphersuites[9]];
    const session = await full(memory, { suites });
    let resumed = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const faults = { loss: 0.3, duplication: 0.3, reordering: 0.3 };
      const pair = await again(memory, session, { suites, seed, ...faults });
      await pair.run();
      const { client, server } = pair;
      // Here the server waits for the last word, and whoever misses it gives up when its timers end, and says so.
      const sides = [client, server].filter(({ engine }) => engine !== undefined);
      for (const side of sides) expect(side.established + side.closed, `seed ${seed}`).toBeGreaterThan(0);
      const errors = sides.filter(({ established }) => established === 0).map(({ error }) => error);
      const gaveUp = errors.some((error) => isErrno(error, 'ETIMEDOUT'));
      expect(errors.length === 0 || gaveUp, `seed ${seed}: ${errors}`).toBe(true);
      if (client.established === 0 || server.established === 0) continue;
      resumed++;
      expect(isResumed(pair), `seed ${seed}`).toEqual([true, true]);
    }
    expect(resumed).toBeGreaterThan(180);
  }, 60_000);
});

describe('what is stored', () => {
  it('does not hold the master secret in the open, and opens on either provider', async () => {
    const memory = new Memory();
    const lines: string[] = [];
    const session = await full(memory, { onKeyLog: (line) => lines.push(line) });
    const master = lines[0].split(' ')[2];
    expect(Buffer.from(session).toString('hex')).not.toContain(master);
    expect(isResumed(await again(memory, session, { provider: portableProvider }))).toEqual([true, true]);
  });

  it('that is damaged, cut, foreign or random makes a full handshake, and never an error', async () => {
    const memory = new Memory();
    const suites = [ciphersuites[9]];
    const session = await full(memory, { suites });
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.nat(session.length - 1).map((length) => session.slice(0, length)),
      fc.tuple(fc.nat(session.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, by]) => {
        const damaged = session.slice();
        damaged[at] ^= by;
        return damaged;
      }),
    );
    await fc.assert(
      fc.asyncProperty(content, async (stored) => {
        const pair = await again(memory, stored, { suites });
        expect(isResumed(pair)).toEqual([false, false]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('the server', () => {
  it('answers every ticket and every ID with a handshake, whatever it holds', async () => {
    const memory = new Memory();
    const suites = [ciphersuites[9]];
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.uint8Array({ maxLength: 32 }),
        async (ticket, sessionId) => {
          const pair = new EnginePair({
            suites,
            sessions: memory.sessions,
            provider: nodeProvider,
            tap: rewriteHello((hello) => {
              hello.extensions.set(35, ticket);
              return { ...hello, sessionId };
            }),
          });
          pair.start();
          await pair.run(() => pair.server.sent.length > 1);
          expect(pair.server.closed).toBe(0);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('refuses to resume a session with an extended master secret for a client that does without now', async () => {
    const memory = new Memory(byTicket);
    const session = await full(memory);
    const tap = rewriteHello((hello) => {
      hello.extensions.delete(23);
      return hello;
    });
    const pair = await again(memory, session, { tap });
    expect(pair.server.error).toMatchObject({ description: AlertDescription.handshake_failure, direction: 'sent' });
  });

  it('can do without either', async () => {
    const memory = new Memory({ cache: false, tickets: false });
    const pair = new EnginePair({ sessions: memory.sessions });
    await pair.handshake();
    expect(pair.client.sessions).toEqual([]);
    expect(pair.client.established).toBe(1);
  });

  it('shares tickets with another that has the same keys, for as long as they are there', async () => {
    const [old, fresh] = [new Uint8Array(48).fill(1), new Uint8Array(48).fill(2)];
    const ring = new TicketKeyRing([old]);
    const here = new Memory({ cache: false, tickets: ring });
    const there = new Memory({ cache: false, tickets: new TicketKeyRing([fresh, old]) });
    const session = await full(here);
    expect(isResumed(await again(there, session))).toEqual([true, true]);
    ring.replace([fresh]);
    expect(isResumed(await again(here, session))).toEqual([false, false]);
  });

  it('takes tickets of its own last key, and not of the one before', async () => {
    const memory = new Memory({ cache: false, lifetime: 1_000 });
    const session = await full(memory);
    memory.date += 999;
    expect(isResumed(await again(memory, session))).toEqual([true, true]);
    memory.date += 5_000;
    expect(isResumed(await again(memory, session))).toEqual([false, false]);
  });

  it.each([
    ['its own', ({ server }: EnginePair) => server.engine],
    ["the client's", ({ client }: EnginePair) => client.engine],
  ])('forgets a session by ID when an association of it ends with a fatal alert of %s', async (_whose, side) => {
    const memory = new Memory(byId);
    const session = await full(memory);
    const pair = await again(memory, session);
    (side(pair) as Dtls12Engine).close(pair.now);
    await pair.run();
    const next = await again(memory, session);
    expect(isResumed(next), 'close_notify ends nothing').toEqual([true, true]);
    (side(next) as Dtls12Engine).fatal(AlertDescription.internal_error);
    await next.run();
    expect([next.client.closed, next.server.closed]).toEqual([1, 1]);
    expect(isResumed(await again(memory, session))).toEqual([false, false]);
  });

  it('does not forget a session because a stranger names it and cannot prove it', async () => {
    const memory = new Memory(byId);
    const session = await full(memory);
    const tap: PairOptions['tap'] = (from, datagram) => {
      const header = decodeRecordHeader(datagram, 0);
      if (from !== 'client' || header?.type !== 20) return undefined;
      return [plaintextRecord(21, header.sequenceNumber, Uint8Array.of(2, AlertDescription.internal_error))];
    };
    const stranger = await again(memory, session, { tap });
    expect(stranger.server.error).toMatchObject({ description: AlertDescription.internal_error });
    expect(isResumed(await again(memory, session))).toEqual([true, true]);
  });

  it('goes on without tickets when there is no key for them', async () => {
    for (const keys of [
      () => [],
      () => [new Uint8Array(47)],
      () => {
        throw new Error('the store is down');
      },
    ]) {
      const memory = new Memory({ tickets: { keys } });
      const session = await full(memory);
      expect(isResumed(await again(memory, session)), 'by session ID').toEqual([true, true]);
    }
  });

  it('goes on with a full handshake when its cache is slow, fails, or gives rubbish', async () => {
    for (const get of [
      async () => undefined,
      () => Promise.reject(new Error('down')),
      () => {
        throw new Error('broken');
      },
      () => new Uint8Array(200).fill(3),
    ]) {
      const good = new MemorySessionCache();
      const cache = { get: (id: Uint8Array) => good.get(id), set: good.set.bind(good), delete: good.delete.bind(good) };
      const memory = new Memory({ tickets: false, cache });
      const session = await full(memory);
      cache.get = get as typeof cache.get;
      expect(isResumed(await again(memory, session))).toEqual([false, false]);
    }
  });
});

describe('the client', () => {
  it('does without a ticket rather than cut its hello for it', async () => {
    const memory = new Memory(byTicket);
    for (const [maxDatagramSize, tickets] of [
      [113, 0],
      [114, 1],
    ]) {
      const pair = new EnginePair({ suites: [ciphersuites[9]], maxDatagramSize, sessions: memory.sessions });
      await pair.handshake();
      expect(pair.client.established).toBe(1);
      expect(pair.client.sessions).toHaveLength(tickets);
    }
  });

  it.each([
    ['without the extended master secret', (hello: ServerHello) => hello.extensions.delete(23)],
    ['with another suite', (hello: ServerHello) => Object.assign(hello, { ciphersuite: 0xc0a8 })],
  ])('does not go on with a server that resumes %s', async (_how, change) => {
    const memory = new Memory(byTicket);
    const session = await full(memory);
    const tap: PairOptions['tap'] = (from, datagram) => {
      const header = decodeRecordHeader(datagram, 0);
      if (from !== 'server' || header?.type !== 22) return undefined;
      const fragment = decodeFragment(new Reader(datagram, header.body, header.end));
      if (fragment.type !== 2) return undefined;
      const hello = decodeServerHello(fragment.data.slice());
      change(hello);
      const message = encodeMessage(2, fragment.messageSeq, encodeServerHello(hello));
      const record = plaintextRecord(22, header.sequenceNumber, message.bytes);
      return [Uint8Array.of(...record, ...datagram.subarray(header.end))];
    };
    const pair = await again(memory, session, { tap });
    expect(pair.client.established).toBe(0);
    expect(pair.client.error).toMatchObject({ level: 2, direction: 'sent' });
  });
});
