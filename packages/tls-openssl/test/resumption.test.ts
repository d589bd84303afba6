import {
  AlertDescription,
  MemorySessionCache,
  type ResumptionSettings,
  ServerSessions,
  TicketKeyRing,
} from '@avs-net/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dtls12Engine } from '../../tls-pure/src/dtls12/engine.js';
import { rewriteHello } from '../../tls-pure/test/rewrite-hello.js';
import { sessionCrypto } from '../src/session-crypto.js';
import { bytes, EnginePair, type PairOptions, suites } from './engine-pair.js';
import { recordsIn } from './wire.js';

const day = 86_400_000;

/** A server's memory across associations, and the date that goes with it. */
class Memory {
  date = 1_800_000_000_000;
  readonly sessions: ServerSessions;

  constructor(settings: Partial<ResumptionSettings> = {}) {
    const defaults = { cache: undefined, tickets: undefined, lifetime: day };
    this.sessions = new ServerSessions(sessionCrypto(), () => this.date, { ...defaults, ...settings });
  }
}

const byTicket = { cache: false } as const;
const byId = { tickets: false } as const;

async function full(memory: Memory, options: PairOptions = {}): Promise<Uint8Array> {
  const pair = await again(memory, undefined, options);
  expect(pair.client.engine?.info?.resumed).toBe(false);
  const [session] = pair.client.sessions;
  if (!session) return expect.unreachable('no session');
  return session;
}

async function again(
  { sessions }: Memory,
  session: Uint8Array | undefined,
  options: PairOptions = {},
): Promise<EnginePair> {
  const pair = new EnginePair({ sessions, ...(session && { session }), ...options });
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
  it.each(suites.map((suite) => [suite.name, suite] as const))(
    'with %s takes a round trip less and carries data',
    async (_suite, suite) => {
      const memory = new Memory(settings);
      const session = await full(memory, { suites: [suite] });
      const pair = await again(memory, session, { suites: [suite] });
      expect([pair.client.error, pair.server.error]).toEqual([undefined, undefined]);
      expect(isResumed(pair)).toEqual([true, true]);
      const common = { ciphersuite: suite.number, extendedMasterSecret: true };
      expect(pair.client.engine?.info).toMatchObject({ ...common, flights: 3 });
      expect(pair.server.engine?.info).toMatchObject({ ...common, pskIdentity: bytes('device') });
      pair.client.engine?.send(bytes('ping'));
      pair.server.engine?.send(bytes('pong'));
      await pair.run();
      expect([pair.server.received, pair.client.received]).toEqual([[bytes('ping')], [bytes('pong')]]);
    },
  );
});

describe('the server', () => {
  const light = suites.filter(({ number }) => number === 0xc0a8);

  it('answers every ticket and every ID with a handshake, whatever it holds', async () => {
    const memory = new Memory({ tickets: new TicketKeyRing([new Uint8Array(48).fill(1)]) });
    const named = fc
      .uint8Array({ maxLength: 300 })
      .map((rest) => Uint8Array.of(...new Uint8Array(16).fill(1), ...rest));
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(named, fc.uint8Array({ maxLength: 300 })),
        fc.uint8Array({ maxLength: 32 }),
        async (ticket, sessionId) => {
          const tap = rewriteHello((hello) => {
            hello.extensions.set(35, ticket);
            return { ...hello, sessionId };
          });
          const pair = new EnginePair({ client: 'pure', suites: light, sessions: memory.sessions, tap });
          pair.start();
          await pair.run(() => pair.server.sent.length > 1);
          expect([pair.server.sent.length > 1, pair.server.closed]).toEqual([true, 0]);
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each([
    ['cut', (ticket: Uint8Array) => ticket.subarray(0, -1)],
    ['damaged in its MAC', (ticket: Uint8Array) => flip(ticket, ticket.length - 1)],
    ['damaged in its ciphertext', (ticket: Uint8Array) => flip(ticket, 40)],
    ['damaged in its IV', (ticket: Uint8Array) => flip(ticket, 16)],
    ['damaged in its name', (ticket: Uint8Array) => flip(ticket, 0)],
  ])('does not take a ticket that is %s', async (_how, damage) => {
    const memory = new Memory(byTicket);
    const options = { client: 'pure', suites: light } as const;
    const session = await full(memory, options);
    for (const change of [(ticket: Uint8Array) => ticket, damage]) {
      let tickets = 0;
      const tap = rewriteHello((hello) => {
        const ticket = hello.extensions.get(35);
        if (ticket?.length) tickets++;
        hello.extensions.set(35, change(ticket?.slice() ?? new Uint8Array(0)));
        return hello;
      });
      const pair = new EnginePair({ ...options, sessions: memory.sessions, session, tap });
      pair.start();
      await pair.run(() => pair.server.sent.length > 1);
      expect(tickets).toBe(2);
      expect(isResuming(pair)).toBe(change !== damage);
    }
  });

  it.each<[string, Parameters<typeof rewriteHello>[0]]>([
    ['wants another maximum fragment length', (hello) => withExtension(hello, 1, 2)],
    ['does not offer its suite', (hello) => ({ ...hello, ciphersuites: [0x00a8] })],
    ['has another server name', (hello) => withExtension(hello, 0, 0, 4, 0, 0, 1, 0x61)],
  ])('makes a full handshake, and no alert, when a client offers a session and %s', async (_what, change) => {
    const memory = new Memory(byTicket);
    const session = await full(memory, { client: 'pure', suites: light });
    for (const rewrite of [change, (hello: Parameters<typeof change>[0]) => hello]) {
      const tap = rewriteHello(rewrite);
      const server = suites.filter(({ number }) => [0x00a8, 0xc0a8].includes(number));
      const { sessions } = memory;
      const pair = new EnginePair({ client: 'pure', suites: light, serverSuites: server, sessions, session, tap });
      pair.start();
      await pair.run(() => pair.server.sent.length > 1);
      expect([isResuming(pair), pair.server.alerts]).toEqual([rewrite !== change, []]);
    }
  });

  it('refuses to resume a session with an extended master secret for a client that does without now', async () => {
    const memory = new Memory();
    const options = { client: 'pure', suites: light } as const;
    const session = await full(memory, options);
    const tap = rewriteHello((hello) => {
      hello.extensions.delete(23);
      return hello;
    });
    const pair = await again(memory, session, { ...options, tap });
    expect(pair.server.error).toMatchObject({ description: AlertDescription.handshake_failure, direction: 'sent' });
  });

  it('keeps nothing of a session without the extended master secret', async () => {
    for (const settings of [byId, byTicket]) {
      const memory = new Memory(settings);
      const tap = rewriteHello((hello) => {
        hello.extensions.delete(23);
        return hello;
      });
      const pair = new EnginePair({ client: 'pure', suites: light, sessions: memory.sessions, tap });
      pair.start();
      await pair.run(() => pair.server.sent.length > 1);
      const hello = pair.server.sent
        .flatMap(({ datagram }) => recordsIn(datagram))
        .find(({ fragment }) => fragment[0] === 2);
      // RFC 5246 §7.4.1.3: behind the header, the version and the random, an empty session ID; no session_ticket among the extensions.
      expect(hello?.fragment[12 + 2 + 32]).toBe(0);
      expect(Buffer.from(hello?.fragment ?? []).includes(Buffer.from([0, 35, 0, 0]))).toBe(false);
      pair.destroy();
    }
  });

  it('forgets a session by ID when an association of it ends with a fatal alert, and not when it is closed', async () => {
    const memory = new Memory(byId);
    const options = { client: 'pure', suites: light } as const;
    const session = await full(memory, options);
    const closed = await again(memory, session, options);
    closed.client.engine?.close(closed.now);
    await closed.run();
    const next = await again(memory, session, options);
    expect(isResumed(next), 'close_notify ends nothing').toEqual([true, true]);
    (next.client.engine as Dtls12Engine).fatal(AlertDescription.internal_error);
    await next.run();
    expect([next.client.closed, next.server.closed]).toEqual([1, 1]);
    expect(isResumed(await again(memory, session, options))).toEqual([false, false]);
  });

  it('keeps nothing of the system clock: what it sends is made of what it is given', async () => {
    const states: Uint8Array[] = [];
    const set = (_id: Uint8Array, state: Uint8Array): void => void states.push(state);
    const memory = new Memory({ tickets: false, cache: { get: () => undefined, set, delete: () => undefined } });
    const before = Math.floor(Date.now() / 1_000);
    await full(memory);
    const [state] = states;
    expect(states).toHaveLength(1);
    for (let second = before; second <= Math.ceil(Date.now() / 1_000); second++) {
      const inDer = Buffer.alloc(4);
      inDer.writeUInt32BE(second);
      expect(Buffer.from(state ?? []).includes(inDer)).toBe(false);
    }
  });

  it('sends an empty ticket when it has lost its key meanwhile, and its client keeps nothing', async () => {
    let keys: Uint8Array[] = [new Uint8Array(48)];
    const memory = new Memory({ cache: false, tickets: { keys: () => keys } });
    const session = await full(memory);
    expect(isResumed(await again(memory, session))).toEqual([true, true]);
    keys = [];
    const pair = await again(memory, session);
    expect(isResumed(pair)).toEqual([false, false]);
    expect(pair.client.sessions).toEqual([]);
  });

  it('keeps what comes while it looks for a session, and goes on where it was', async () => {
    let found: (state: Uint8Array | undefined) => void = () => undefined;
    const kept = new MemorySessionCache();
    const cache = {
      get: () => new Promise<Uint8Array | undefined>((resolve) => (found = resolve)),
      set: kept.set.bind(kept),
      delete: kept.delete.bind(kept),
    };
    const memory = new Memory({ tickets: false, cache });
    const session = await full(memory);
    const pair = new EnginePair({ sessions: memory.sessions, session });
    pair.start();
    await pair.run(() => pair.now > 10_000);
    expect(pair.server.sent).toHaveLength(1);
    expect(pair.server.engine?.nextTimeout).toBeUndefined();
    found(undefined);
    await pair.run(() => pair.client.established > 0);
    expect(isResumed(pair)).toEqual([false, false]);
  });

  it('is at ease when it is destroyed while it looks for a session', async () => {
    let found: (state: Uint8Array) => void = () => undefined;
    const kept = new Map<string, Uint8Array>();
    const cache = {
      get: () => new Promise<Uint8Array>((resolve) => (found = resolve)),
      set: (id: Uint8Array, state: Uint8Array) => void kept.set(String(id), state),
      delete: () => undefined,
    };
    const memory = new Memory({ tickets: false, cache });
    const pair = new EnginePair({ sessions: memory.sessions, session: await full(memory) });
    pair.start();
    await pair.run(() => pair.now > 1_000);
    pair.server.engine?.destroy();
    const [state] = kept.values();
    found(state?.slice() ?? new Uint8Array());
    await pair.run(() => false, pair.now + 100);
    expect(pair.server.closed).toBe(0);
    pair.destroy();
  });
});

describe('the client', () => {
  it('keeps no secret in the open', async () => {
    const lines: string[] = [];
    const session = await full(new Memory(), { onKeyLog: (line) => lines.push(line) });
    const master = lines[0]?.split(' ')[2];
    expect(master).toHaveLength(96);
    expect(Buffer.from(session).toString('hex')).not.toContain(master);
  });

  it.each([
    [599, byTicket, 0],
    [600, byTicket, 1],
    [599, byId, 1],
  ])(
    'in datagrams of %i bytes asks for a ticket only where it can bring it back in one',
    async (size, settings, kept) => {
      const pair = await again(new Memory(settings), undefined, { maxDatagramSize: size });
      expect(pair.client.sessions).toHaveLength(kept);
      const [session] = pair.client.sessions;
      if (!session) return;
      const next = await again(new Memory(settings), session, { maxDatagramSize: size });
      const hellos = next.client.sent.filter(({ datagram }) => recordsIn(datagram)[0]?.fragment[0] === 1);
      expect(hellos, 'one for each ClientHello').toHaveLength(2);
    },
  );
});

describe('both', () => {
  it.each([
    ['a ticket', byTicket],
    ['a session ID', byId],
  ])(
    'agree on %s through loss, duplication and reordering each way',
    async (_name, settings) => {
      const memory = new Memory(settings);
      const session = await full(memory);
      let resumed = 0;
      for (let seed = 1; seed <= 200; seed++) {
        const faults = { loss: 0.3, duplication: 0.3, reordering: 0.3 };
        const pair = await again(memory, session, { seed, ...faults });
        await pair.run(() => false, pair.now + 200_000);
        const { client, server } = pair;
        // Whoever misses the last word gives up when its timers end, and says so.
        for (const side of [client, server]) {
          if (side.engine) expect(side.established + side.closed, `seed ${seed}: ${side.name}`).toBeGreaterThan(0);
        }
        if (client.established > 0 && server.established > 0) {
          resumed++;
          expect(isResumed(pair), `seed ${seed}`).toEqual([true, true]);
        }
      }
      expect(resumed).toBeGreaterThan(180);
    },
    60_000,
  );
});

/** Behind a ServerHello come a ChangeCipherSpec when the server resumes, else a ServerHelloDone. */
function isResuming({ server }: EnginePair): boolean {
  const records = server.sent.flatMap(({ datagram }) => recordsIn(datagram));
  expect(records.some(({ type, fragment }) => type === 22 && fragment[0] === 2)).toBe(true);
  return records.some(({ type }) => type === 20);
}

type Hello = Parameters<Parameters<typeof rewriteHello>[0]>[0];

function withExtension(hello: Hello, type: number, ...body: number[]): Hello {
  hello.extensions.set(type, Uint8Array.from(body));
  return hello;
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  return flipped;
}
