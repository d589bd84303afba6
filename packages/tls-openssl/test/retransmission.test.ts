import { isErrno } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import { mostRetransmissions, RetransmissionTimer } from '../src/retransmission.js';
import { EnginePair, type Side } from './engine-pair.js';
import { recordsIn } from './wire.js';

const loseAll = (from: Side['name']) => (sender: Side['name']) => (sender === from ? [] : undefined);
const timesOf = ({ sent }: Side): number[] => sent.filter(({ datagram }) => datagram[0] !== 21).map(({ at }) => at);

describe('the retransmission timer', () => {
  it('waits the minimum, doubles to the maximum, and gives up after the wait at the maximum', () => {
    const timer = new RetransmissionTimer({ min: 1_000, max: 60_000 });
    timer.start(0);
    const deadlines: number[] = [];
    for (let now = timer.deadline; now !== undefined && timer.expire(now); now = timer.deadline) deadlines.push(now);
    expect(deadlines).toEqual([1_000, 3_000, 7_000, 15_000, 31_000, 63_000]);
    expect(timer.deadline).toBe(123_000);
    expect(mostRetransmissions({ min: 1_000, max: 60_000 })).toBe(6);
    expect(mostRetransmissions({ min: 500, max: 500 })).toBe(0);
  });

  it('begins at the minimum again with each flight', () => {
    const timer = new RetransmissionTimer({ min: 10, max: 80 });
    timer.start(0);
    timer.expire(10);
    timer.start(100);
    expect([timer.deadline, timer.attempts]).toEqual([110, 0]);
  });
});

describe('a flight that is not answered', () => {
  it("is sent again by the shell's clock, each time under new record numbers, and then the client gives up", async () => {
    const pair = new EnginePair({ tap: loseAll('client') });
    await pair.handshake();
    expect(timesOf(pair.client)).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000]);
    expect(pair.now).toBe(123_000);
    expect(isErrno(pair.client.error, 'ETIMEDOUT')).toBe(true);
    const numbers = pair.client.sent.flatMap(({ datagram }) => recordsIn(datagram).map(({ sequence }) => sequence));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });

  it('is sent again more often than OpenSSL itself would when the timers ask for it', async () => {
    const pair = new EnginePair({ tap: loseAll('client'), timeouts: { min: 1, max: 60_000 } });
    await pair.handshake();
    expect(timesOf(pair.client)).toHaveLength(1 + 16);
    expect(isErrno(pair.client.error, 'ETIMEDOUT')).toBe(true);
  });

  it('is sent once when the first wait is the last', async () => {
    const pair = new EnginePair({ tap: loseAll('client'), timeouts: { min: 500, max: 500 } });
    await pair.handshake();
    expect(timesOf(pair.client)).toEqual([0]);
    expect(pair.now).toBe(500);
  });

  it('is sent again by the server too, which then gives up', async () => {
    let hellos = 0;
    const pair = new EnginePair({
      tap: (from, datagram) => (from === 'client' && (datagram[13] !== 1 || ++hellos > 2) ? [] : undefined),
      timeouts: { min: 1_000, max: 4_000 },
    });
    pair.start();
    await pair.run();
    const [helloVerify, ...flights] = timesOf(pair.server);
    expect(helloVerify).toBe(20);
    const [first = Number.NaN] = flights;
    expect(flights.map((at) => at - first)).toEqual([0, 1_000, 3_000]);
    expect(isErrno(pair.server.error, 'ETIMEDOUT')).toBe(true);
  });

  it.each([1, 2, 3, 4, 5, 6])('completes the handshake at repetition %i, and data flows', async (repetition) => {
    let flights = 0;
    const pair = new EnginePair({
      tap: (from, datagram) => {
        const last = from === 'client' && recordsIn(datagram).some(({ epoch }) => epoch === 1);
        return last && flights++ < repetition ? [] : undefined;
      },
    });
    await pair.handshake();
    expect(pair.client.engine?.info).toMatchObject({ flights: 3, retransmissions: repetition });
    await pair.send(pair.client, Uint8Array.of(1, 2, 3));
    expect(pair.server.received).toEqual([Uint8Array.of(1, 2, 3)]);
  });

  it.each([1, 5, 12])("answers the client's repeated last flight when its own was lost %i times", async (losses) => {
    let lost = 0;
    const pair = new EnginePair({
      timeouts: { min: 1, max: 60_000 },
      tap: (from, datagram) => {
        const last = from === 'server' && recordsIn(datagram).some(({ epoch }) => epoch === 1);
        return last && lost++ < losses ? [] : undefined;
      },
    });
    await pair.handshake();
    await pair.run(() => pair.client.established > 0);
    expect([pair.client.established, pair.server.established]).toEqual([1, 1]);
  });
});

describe('a handshake that is given up', () => {
  it('is told to a server that believes it complete', async () => {
    const pair = new EnginePair({
      timeouts: { min: 1_000, max: 2_000 },
      tap: (from, datagram) => {
        const last = from === 'server' && recordsIn(datagram).some(({ epoch, type }) => epoch === 1 && type === 22);
        return last ? [] : undefined;
      },
    });
    await pair.handshake();
    await pair.run();
    expect(isErrno(pair.client.error, 'ETIMEDOUT')).toBe(true);
    expect([pair.server.established, pair.server.closed]).toEqual([1, 1]);
    expect(pair.server.alerts.map(({ direction }) => direction)).toEqual(['received']);
  });
});
