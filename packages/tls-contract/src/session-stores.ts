import { MemorySessionCache, type SessionCache, TicketKeyRing } from '@avs-net/core';
import { SeededRandom } from '@avs-net/core/testing';
import { pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, isZero } from './bytes.js';
import { rejectionOf } from './outcomes.js';
import { pskServer, serverAddress, serverPort, Testbed, testKey } from './testbed.js';

const bufferSize = 2_048;

const byId = { tickets: false } as const;
const byTicket = { cache: false } as const;

/** What a server keeps for resumption, and what becomes of a client's session when either of them is not what it was. */
export function describeSessionStores(backends: BackendPair): void {
  const { client, server } = backends;
  // Without the capability nothing is kept: `describeResumption` says so.
  if (!client.capabilities.sessionResumption || !server.capabilities.sessionResumption) return;

  describe('the sessions that a listener keeps', () => {
    it('may lie in a cache of the caller, which takes its time', async () => {
      await using bed = new Testbed(backends);
      // Buffers, as stores give them: they are the cache's, and stay as they are.
      const sessions = new Map<string, Buffer>();
      const lifetimes: number[] = [];
      const later = <T>(value: () => T): Promise<T> =>
        new Promise((resolve) => bed.clock.setTimeout(() => resolve(value()), 300));
      const cache: SessionCache = {
        get: (id) => later(() => sessions.get(String(id))),
        set: async (id, state, lifetime) => {
          lifetimes.push(lifetime);
          sessions.set(String(id), Buffer.from(state));
        },
        delete: async (id) => void sessions.delete(String(id)),
      };
      const resumption = { ...byId, cache, lifetime: 60_000 };
      const { client: socket, listener } = await bed.pair({ server: { resumption } });
      expect([sessions.size, lifetimes]).toEqual([1, [60_000]]);
      for (let i = 0; i < 2; i++) {
        await bed.run(socket.close());
        const start = bed.clock.now();
        await bed.connect(socket, listener);
        expect(socket.getOption('sessionResumed')).toBe(true);
        expect(bed.clock.now() - start).toBeGreaterThanOrEqual(300);
      }
      sessions.clear();
      await bed.run(socket.close());
      await bed.connect(socket, listener);
      expect(socket.getOption('sessionResumed')).toBe(false);
    });

    it.each<[string, SessionCache['get']]>([
      ['forgets', async () => undefined],
      ['rejects', () => Promise.reject(new Error('down'))],
      [
        'throws',
        () => {
          throw new Error('broken');
        },
      ],
      ['gives rubbish', () => new Uint8Array(200).fill(3)],
      ['gives something else', () => 'session' as never],
    ])('are missed and no more when the cache %s', async (_how, get) => {
      await using bed = new Testbed(backends);
      const { client: socket, listener } = await bed.pair({
        server: { resumption: { ...byId, cache: brokenCache(get) } },
      });
      await bed.run(socket.close());
      await bed.connect(socket, listener);
      expect(socket.getOption('sessionResumed')).toBe(false);
    });

    it('may never come back from the cache: that ends with the time for a handshake, and holds up nobody else', async () => {
      await using bed = new Testbed(backends);
      const cache: SessionCache = { ...brokenCache(() => new Promise(() => undefined)) };
      const limits = { handshakeTime: 5_000 };
      const { client: socket, listener } = await bed.pair({ server: { limits, resumption: { ...byId, cache } } });
      await bed.run(socket.close());
      const start = bed.clock.now();
      const failed = rejectionOf(socket.connect(serverAddress, serverPort));
      const { client: other } = await bed.connect(await bed.client(), listener);
      expect(bed.clock.now() - start).toBeLessThan(1_000);
      expect(other.getOption('state')).toBe('connected');
      await bed.clock.advance(4_000);
      expect(listener.stats.halfOpen).toBe(1);
      await bed.clock.advance(2_000);
      expect(listener.stats.halfOpen).toBe(0);
      expect(await bed.run(failed)).toBeInstanceOf(Error);
    });

    it('may be given back damaged, which harms nobody but their client', async () => {
      const random = new SeededRandom(11);
      await using bed = new Testbed(backends);
      const kept = new MemorySessionCache(10, bed.clock);
      const damaged = (id: Uint8Array): Uint8Array | undefined => {
        const state = kept.get(id);
        if (!state) return undefined;
        const at = Math.floor(random.next() * state.length);
        state[at] = (state[at] ?? 0) ^ (1 << Math.floor(random.next() * 8));
        return random.next() < 0.3 ? state.subarray(0, at) : state;
      };
      const cache = { get: damaged, set: kept.set.bind(kept), delete: kept.delete.bind(kept) };
      const listener = await bed.listen({ resumption: { ...byId, cache } });
      const handshakeTimeouts = { min: 1_000, max: 1_000 };
      for (let i = 0; i < 60; i++) {
        const socket = await bed.client({ handshakeTimeouts });
        await bed.connect(socket, listener);
        await bed.run(socket.close());
        // Of the two, only the server knows what it has read: a wrong master secret is a wrong key.
        await bed.run(rejectionOf(socket.connect(serverAddress, serverPort))).catch(() => undefined);
        await bed.run(socket.cleanup());
      }
      const untouched = await bed.client();
      await bed.run(untouched.connect(serverAddress, serverPort));
      expect(untouched.getOption('state')).toBe('connected');
    });

    it.each([
      ['session IDs', byId],
      ['tickets', byTicket],
    ])('have a lifetime, as %s', async (_what, kind) => {
      await using bed = new Testbed(backends);
      const resumption = { ...kind, lifetime: 60_000 };
      const { client: socket, listener } = await bed.pair({ server: { resumption } });
      const resumed: boolean[] = [];
      for (const wait of [50_000, 20_000, 20_000]) {
        await bed.run(socket.close());
        await bed.clock.advance(wait);
        await bed.connect(socket, listener);
        resumed.push(socket.getOption('sessionResumed'));
      }
      expect(resumed, 'counted from the full handshake').toEqual([true, false, true]);
    });

    it.each([
      ['session IDs', byId],
      ['tickets', byTicket],
    ])('are not resumed, as %s, once their identity has lost its key', async (_what, resumption) => {
      await using bed = new Testbed(backends);
      let key: Uint8Array | undefined = testKey;
      const resolve = () => key && pskKeyInfoFromBuffer(key);
      const security = { mode: 'psk', resolve } as const;
      const { client: socket, listener } = await bed.pair({ server: { security, resumption } });
      for (const other of [counting(16, 3), undefined]) {
        key = other;
        await bed.run(socket.close());
        expect(await bed.run(rejectionOf(socket.connect(serverAddress, serverPort)))).toBeInstanceOf(Error);
        key = testKey;
        await bed.connect(socket, listener);
      }
      expect(socket.getOption('sessionResumed'), 'a failed handshake has no session').toBe(false);
    });
  });

  describe('ticket keys', () => {
    const [old, fresh] = [counting(48, 1), counting(48, 101)];

    it('let a listener take the tickets of another, for as long as it has the key', async () => {
      await using bed = new Testbed(backends);
      const buffer = new Uint8Array(bufferSize);
      const { client: socket, listener } = await bed.pair({
        client: { sessionResumptionBuffer: buffer },
        server: { resumption: { ...byTicket, tickets: new TicketKeyRing([old]) } },
      });
      const resumed: boolean[] = [];
      let last = listener;
      for (const keys of [[old], [fresh, old], [fresh]]) {
        await bed.run(socket.close());
        await bed.run(last.cleanup());
        last = await bed.listen({ resumption: { ...byTicket, tickets: new TicketKeyRing(keys) } });
        await bed.connect(socket, last);
        resumed.push(socket.getOption('sessionResumed'));
      }
      expect(resumed, 'the ticket of the first one').toEqual([true, true, false]);
      await bed.run(socket.close());
      await bed.connect(socket, last);
      expect(socket.getOption('sessionResumed'), 'a ticket of its own').toBe(true);
    });

    it('of which the caller has Buffers are copied, also when some of them stay', async () => {
      await using bed = new Testbed(backends);
      const [monday, tuesday] = [Buffer.from(old), Buffer.from(fresh)];
      const tickets = new TicketKeyRing([monday]);
      const { client: socket, listener } = await bed.pair({ server: { resumption: { ...byTicket, tickets } } });
      tickets.replace([tuesday, monday]);
      await bed.run(socket.close());
      await bed.connect(socket, listener);
      expect(socket.getOption('sessionResumed')).toBe(true);
      expect([monday, tuesday].map((key) => Uint8Array.from(key))).toEqual([old, fresh]);
      tickets.replace([tuesday]);
      await bed.run(socket.close());
      await bed.connect(socket, listener);
      expect(socket.getOption('sessionResumed')).toBe(false);
    });

    it('may run out: then there are session IDs, or nothing', async () => {
      for (const [cache, resumes] of [
        [undefined, true],
        [false, false],
      ] as const) {
        await using bed = new Testbed(backends);
        const tickets = {
          keys: () => {
            throw new Error('the store is down');
          },
        };
        const { client: socket, listener } = await bed.pair({ server: { resumption: { cache, tickets } } });
        await bed.run(socket.close());
        await bed.connect(socket, listener);
        expect(socket.getOption('sessionResumed')).toBe(resumes);
      }
    });

    it('do not make a backend take what another one has written', async () => {
      await using bed = new Testbed(backends);
      const resumption = { ...byTicket, tickets: new TicketKeyRing([old]) };
      const { client: socket, listener } = await bed.pair({ server: { resumption } });
      await bed.run(socket.close());
      await bed.run(listener.cleanup());
      await using other = new Testbed({ client, server: client });
      const below = bed.network.createUdpSocket(undefined, { address: serverAddress });
      const foreign = await other.listener({ resumption, below, clock: bed.clock });
      await bed.run(foreign.bind(serverAddress, serverPort));
      await bed.connect(socket, foreign);
      expect(socket.getOption('sessionResumed')).toBe(client.name === server.name);
      await bed.run(foreign.cleanup());
    });

    it('do not make a listener go on with a suite that it does not have', async () => {
      await using bed = new Testbed(backends);
      const ciphersuites = client.capabilities.ciphersuites.filter((id) =>
        server.capabilities.ciphersuites.includes(id),
      );
      const resumption = { ...byTicket, tickets: new TicketKeyRing([old]) };
      const { client: socket, listener } = await bed.pair({
        client: { ciphersuites },
        server: { ciphersuites, resumption },
      });
      const suite = socket.info?.ciphersuite;
      await bed.run(socket.close());
      await bed.run(listener.cleanup());
      const others = ciphersuites.filter((id) => id !== suite);
      await bed.connect(socket, await bed.listen({ ciphersuites: others, resumption }));
      expect(socket.getOption('sessionResumed')).toBe(false);
      expect(others).toContain(socket.info?.ciphersuite);
    });
  });

  describe("a client's session", () => {
    it('is of no use to another backend', async () => {
      await using bed = new Testbed(backends);
      const sessionResumptionBuffer = new Uint8Array(bufferSize);
      const { client: socket, listener } = await bed.pair({ client: { sessionResumptionBuffer } });
      await bed.run(socket.cleanup());
      expect(isZero(sessionResumptionBuffer)).toBe(false);
      await using other = new Testbed({ client: server, server });
      const below = bed.network.createUdpSocket();
      const foreign = await other.client({ sessionResumptionBuffer, below, clock: bed.clock });
      await bed.connect(foreign, listener);
      expect(foreign.getOption('sessionResumed')).toBe(client.name === server.name);
      await bed.run(foreign.cleanup());
    });

    it('makes a full handshake, and never an error, once it is damaged, cut or mixed up', async () => {
      const random = new SeededRandom(5);
      const below = (end: number): number => Math.floor(random.next() * end);
      await using bed = new Testbed(backends);
      const sessionResumptionBuffer = new Uint8Array(700);
      const { client: socket, listener } = await bed.pair({ client: { sessionResumptionBuffer } });
      const good = sessionResumptionBuffer.slice();
      const used = good.findLastIndex((byte) => byte !== 0) + 1;
      for (let i = 0; i < 60; i++) {
        const bad = good.slice();
        const at = below(used - 1);
        if (i % 3 === 0) bad[at] = (bad[at] ?? 0) ^ (1 + below(255));
        else if (i % 3 === 1) bad.fill(0, at);
        else bad.copyWithin(at, at + 1 + below(20));
        await bed.run(socket.close());
        sessionResumptionBuffer.set(bad);
        await bed.connect(socket, listener);
        expect(socket.getOption('sessionResumed'), `seed 5, turn ${i}`).toBe(false);
      }
    });

    it('is offered to the address that it was made with, and to no other', async () => {
      await using bed = new Testbed(backends);
      const resumption = { ...byTicket, tickets: new TicketKeyRing([counting(48)]) };
      const { client: socket } = await bed.pair({ server: { resumption } });
      await bed.run(socket.close());
      await bed.connect(socket, await bed.listen({ resumption, address: '10.0.0.2', security: pskServer() }));
      expect(socket.getOption('sessionResumed')).toBe(false);
    });
  });
}

/** A cache that keeps, and then does not. */
function brokenCache(get: SessionCache['get']): SessionCache {
  return { get, set: () => undefined, delete: () => Promise.reject(new Error('down')) };
}
