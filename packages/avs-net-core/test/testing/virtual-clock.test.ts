import { describe, expect, it } from 'vitest';
import { SeededRandom, VirtualClock } from '../../src/testing/index.js';

describe('VirtualClock', () => {
  it('stands still until it is advanced, then runs timers in the order of their time', async () => {
    const clock = new VirtualClock(100);
    const order: string[] = [];
    clock.setTimeout(() => order.push(`b at ${clock.now()}`), 20);
    clock.setTimeout(() => order.push(`a at ${clock.now()}`), 10);
    clock.setTimeout(() => order.push(`c at ${clock.now()}`), 20);
    expect(clock.now()).toBe(100);
    await clock.advance(15);
    expect(order).toEqual(['a at 110']);
    expect(clock.now()).toBe(115);
    await clock.advance(5);
    expect(order).toEqual(['a at 110', 'b at 120', 'c at 120']);
  });

  it('lets promise chains of any length settle between two timers', async () => {
    const clock = new VirtualClock();
    const order: string[] = [];
    clock.setTimeout(async () => {
      for (let i = 0; i < 10_000; i += 1) await undefined;
      order.push('chain of the first');
    }, 1);
    clock.setTimeout(() => order.push('second'), 1);
    await clock.advance(1);
    expect(order).toEqual(['chain of the first', 'second']);
  });

  it('runs timers that are set on the way when they become due in the same advance', async () => {
    const clock = new VirtualClock();
    const times: number[] = [];
    const tick = (): void => {
      times.push(clock.now());
      clock.setTimeout(tick, 10);
    };
    clock.setTimeout(tick, 10);
    await clock.advance(35);
    expect(times).toEqual([10, 20, 30]);
  });

  it('does not run a cancelled timer, and forgets it', async () => {
    const clock = new VirtualClock();
    let runs = 0;
    const handles = Array.from({ length: 1_000 }, (_, i) => clock.setTimeout(() => (runs += 1), i));
    for (const handle of handles) clock.clearTimeout(handle);
    for (const handle of handles) clock.clearTimeout(handle);
    expect(clock.pendingTimers).toBe(0);
    expect(clock.nextTimer).toBeUndefined();
    await clock.advance(2_000);
    expect(runs).toBe(0);
  });

  it('keeps the order of thousands of timers that are set and cancelled at random', async () => {
    const seed = 20_260_101;
    const random = new SeededRandom(seed);
    const clock = new VirtualClock();
    const expected: number[] = [];
    const seen: number[] = [];
    for (let i = 0; i < 2_000; i += 1) {
      const delay = random.integer(0, 500);
      const handle = clock.setTimeout(() => seen.push(delay), delay);
      if (random.chance(0.6)) clock.clearTimeout(handle);
      else expected.push(delay);
    }
    await clock.advance(500);
    expect(seen, `seed ${seed}`).toEqual(expected.sort((a, b) => a - b));
  });

  it('runs until a promise settles, and settles as it does', async () => {
    const clock = new VirtualClock();
    const later = new Promise<string>((resolve) => clock.setTimeout(() => resolve('done'), 60_000));
    await expect(clock.runUntil(later)).resolves.toBe('done');
    expect(clock.now()).toBe(60_000);
    const failure = new Promise<never>((_, reject) => clock.setTimeout(() => reject(new Error('no')), 1));
    await expect(clock.runUntil(failure)).rejects.toThrow('no');
  });

  it('says so when nothing is scheduled any more or the limit has passed', async () => {
    const clock = new VirtualClock();
    const never = new Promise<void>(() => undefined);
    await expect(clock.runUntil(never)).rejects.toThrow('nothing is scheduled');
    clock.setTimeout(() => undefined, 5_000);
    await expect(clock.runUntil(never, 1_000)).rejects.toThrow('after 1000 ms');
  });

  it('never runs a timer with an infinite delay', async () => {
    const clock = new VirtualClock();
    clock.clearTimeout(clock.setTimeout(() => undefined, Infinity));
    clock.setTimeout(() => expect.unreachable(), Infinity);
    await clock.advance(1e12);
    expect(clock.pendingTimers).toBe(0);
  });

  it('passes on what a timer throws', async () => {
    const clock = new VirtualClock();
    clock.setTimeout(() => {
      throw new Error('from a timer');
    }, 1);
    await expect(clock.advance(1)).rejects.toThrow('from a timer');
    await expect(clock.advance(-1)).rejects.toThrow(RangeError);
  });
});

describe('SeededRandom', () => {
  it('gives the same numbers for the same seed, and others for another', () => {
    const take = (seed: number): number[] => {
      const random = new SeededRandom(seed);
      return Array.from({ length: 8 }, () => random.uint32());
    };
    expect(take(1)).toEqual(take(1));
    expect(take(1)).not.toEqual(take(2));
    expect(take(1)).not.toEqual(take(1 + 2 ** 32));
  });

  it('spreads evenly and fills bytes', () => {
    const random = new SeededRandom(3);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i += 1) {
      const digit = random.integer(0, 9);
      counts[digit] = (counts[digit] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(200);
    const { fill } = random;
    const bytes = new Uint8Array(64);
    fill(bytes);
    expect(new Set(bytes).size).toBeGreaterThan(32);
    expect(() => new SeededRandom(0.5)).toThrow(TypeError);
  });
});
