import { VirtualClock } from '@avs-net/core/testing';
import { describe, expect, it } from 'vitest';
import type { Attributes } from '../../src/lwm2m/attributes.js';
import { Observation } from '../../src/lwm2m/observations.js';
import type { Datum } from '../../src/lwm2m/value.js';

const path = [3303, 0, 5700];

/** An observation of a number, on a virtual clock. */
function observe(first: number, initial: Attributes = {}, isResumed = false) {
  const clock = new VirtualClock();
  const sent: [seconds: number, value: unknown][] = [];
  const errors: unknown[] = [];
  let value: number | Error = first;
  let attributes = initial;
  const read = (): Datum[] => {
    if (value instanceof Error) throw value;
    return [{ path, type: 'float', value }];
  };
  const source = {
    read,
    attributes: () => attributes,
    notify: (data: readonly Datum[]) => sent.push([clock.now() / 1_000, data[0]?.value]),
    failed: (error: unknown) => errors.push(error),
  };
  const observation = new Observation(path, isResumed ? undefined : read(), source, clock);
  return {
    clock,
    sent,
    errors,
    observation,
    set: (next: number | Error): void => {
      value = next;
      observation.changed(path);
    },
    setAttributes: (next: Attributes): void => {
      attributes = next;
      observation.attributesChanged();
    },
  };
}

describe('an observation', () => {
  it('notifies every change at once when no attribute is set', () => {
    const { sent, set } = observe(20);
    set(21);
    set(21);
    set(22);
    expect(sent).toEqual([
      [0, 21],
      [0, 22],
    ]);
  });

  it('that goes on after a restart notifies the present value once, when pmin allows it and whatever the thresholds', async () => {
    const { sent, clock } = observe(20, { pmin: 3, gt: 40 }, true);
    await clock.advance(2_999);
    expect(sent).toEqual([]);
    await clock.advance(100_000);
    expect(sent).toEqual([[3, 20]]);
  });

  it('does not notify changes elsewhere', () => {
    const { sent, observation, set } = observe(20);
    observation.changed([3303, 0, 5701]);
    observation.changed([3303, 1]);
    expect(sent).toEqual([]);
    set(21);
    expect(sent).toHaveLength(1);
  });

  it('waits for pmin, and then sends the latest value once', async () => {
    const { sent, set, clock } = observe(20, { pmin: 10 });
    set(21);
    await clock.advance(4_000);
    set(22);
    await clock.advance(5_999);
    expect(sent).toEqual([]);
    await clock.advance(1);
    expect(sent).toEqual([[10, 22]]);
    await clock.advance(100_000);
    expect(sent).toHaveLength(1);
  });

  it('notifies after pmax without a change, again and again', async () => {
    const { sent, clock } = observe(20, { pmax: 30 });
    await clock.advance(95_000);
    expect(sent).toEqual([
      [30, 20],
      [60, 20],
      [90, 20],
    ]);
  });

  it('counts pmax from the last notification', async () => {
    const { sent, set, clock } = observe(20, { pmax: 30 });
    await clock.advance(20_000);
    set(21);
    await clock.advance(29_999);
    expect(sent).toEqual([[20, 21]]);
    await clock.advance(1);
    expect(sent).toEqual([
      [20, 21],
      [50, 21],
    ]);
  });

  it('ignores a pmax below pmin', async () => {
    const { sent, clock } = observe(20, { pmin: 60, pmax: 30 });
    await clock.advance(600_000);
    expect(sent).toEqual([]);
  });

  it('with gt and lt notifies when a threshold is crossed, in either direction', () => {
    const { sent, set } = observe(20, { gt: 25, lt: 15 });
    for (const value of [22, 25, 26, 30, 24, 16, 14, 10, 20]) set(value);
    expect(sent.map(([, value]) => value)).toEqual([26, 24, 14, 20]);
  });

  it('with st notifies steps from what was last notified', () => {
    const { sent, set } = observe(20, { st: 2 });
    for (const value of [21, 22, 23, 24.5, 23, 22]) set(value);
    expect(sent.map(([, value]) => value)).toEqual([22, 24.5, 22]);
  });

  it('takes new attributes into account at once', async () => {
    const { sent, set, setAttributes, clock } = observe(20);
    await clock.advance(5_000);
    setAttributes({ pmax: 8 });
    await clock.advance(3_000);
    expect(sent).toEqual([[8, 20]]);
    setAttributes({});
    await clock.advance(100_000);
    expect(sent).toHaveLength(1);
    set(21);
    expect(sent).toHaveLength(2);
  });

  it('is silent once it is cancelled', async () => {
    const { sent, set, clock, observation } = observe(20, { pmin: 1, pmax: 10 });
    set(21);
    observation.cancel();
    await clock.advance(100_000);
    set(22);
    expect(sent).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends when the value can no longer be read', async () => {
    const { sent, errors, set, clock } = observe(20, { pmax: 10 });
    set(new Error('sensor broken'));
    expect(errors).toHaveLength(1);
    set(21);
    await clock.advance(100_000);
    expect(sent).toEqual([]);
    expect(errors).toHaveLength(1);
  });
});
