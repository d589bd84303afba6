import { type ResumptionSettings, ServerSessions } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import { sessionCrypto } from '../src/session-crypto.js';
import { bytes, EnginePair, type PairOptions, suites } from './engine-pair.js';

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
