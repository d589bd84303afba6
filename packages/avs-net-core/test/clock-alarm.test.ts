import { describe, expect, it } from 'vitest';
import { ClockAlarm } from '../src/clock-alarm.js';
import { VirtualClock } from '../src/testing/index.js';

function world() {
  const clock = new VirtualClock();
  const timers = { set: 0, cleared: 0 };
  const rung: number[] = [];
  const counting = {
    now: () => clock.now(),
    setTimeout: (callback: () => void, delay: number) => {
      timers.set += 1;
      return clock.setTimeout(callback, delay);
    },
    clearTimeout: (handle: unknown) => {
      timers.cleared += 1;
      clock.clearTimeout(handle);
    },
  };
  const alarm = new ClockAlarm(counting, () => rung.push(clock.now()));
  const start = clock.now();
  return { clock, timers, alarm, start, rung: () => rung.map((time) => time - start) };
}

describe('an alarm', () => {
  it('rings once, at the time that was set last, however often that was put off', async () => {
    const { clock, timers, alarm, start, rung } = world();
    for (const at of [100, 150, 400]) alarm.set(start + at);
    expect(timers).toEqual({ set: 1, cleared: 0 });
    await clock.advance(399);
    expect(rung()).toEqual([]);
    await clock.advance(1_000);
    expect(rung()).toEqual([400]);
    expect(timers).toEqual({ set: 2, cleared: 0 });
  });

  it('rings earlier when it is told so', async () => {
    const { clock, alarm, start, rung } = world();
    alarm.set(start + 100);
    alarm.set(start + 300);
    alarm.set(start + 50);
    await clock.advance(1_000);
    expect(rung()).toEqual([50]);
  });

  it('leaves no timer behind when it is not wanted any more', async () => {
    const { clock, timers, alarm, start, rung } = world();
    alarm.set(start + 100);
    alarm.set(undefined);
    expect(timers).toEqual({ set: 1, cleared: 1 });
    await clock.advance(1_000);
    expect(rung()).toEqual([]);
    alarm.set(clock.now() + 5);
    await clock.advance(5);
    expect(rung()).toEqual([1_005]);
  });
});
