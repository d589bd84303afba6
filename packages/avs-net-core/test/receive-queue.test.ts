import { describe, expect, it, vi } from 'vitest';
import { endReason } from '../src/end-reason.js';
import { type AvsError, errnoError } from '../src/index.js';
import { ReceiveQueue } from '../src/receive-queue.js';
import { VirtualClock } from '../src/testing/index.js';

function queue(
  kind: 'datagram' | 'stream',
  limit?: number,
): { clock: VirtualClock; queue: ReceiveQueue; pressure: boolean[] } {
  const clock = new VirtualClock();
  const pressure: boolean[] = [];
  const made = new ReceiveQueue({ kind, clock, limit, onPressure: (paused) => pressure.push(paused) });
  made.open();
  return { clock, queue: made, pressure };
}

const push = (to: ReceiveQueue, ...data: number[]): boolean => to.push(Uint8Array.from(data), 'peer', 7);

async function failure(promise: Promise<unknown>): Promise<AvsError> {
  return promise.then(
    () => expect.unreachable('should have rejected'),
    (error) => error,
  );
}

describe('a datagram queue', () => {
  it('hands out what came, in order, one datagram at a time, empty ones too', async () => {
    const { queue: q } = queue('datagram');
    push(q, 1, 2);
    push(q);
    push(q, 3);
    expect(await q.receive(undefined, 0)).toEqual(Uint8Array.of(1, 2));
    expect(await q.receive({ maxLength: 0 }, 0)).toEqual(new Uint8Array(0));
    expect(await q.receiveFrom(undefined, 0)).toEqual({ data: Uint8Array.of(3), host: 'peer', port: 7 });
    expect(q.tryReceive()).toBeUndefined();
  });

  it('serves those who wait in the order in which they came', async () => {
    const { queue: q } = queue('datagram');
    const first = q.receive(undefined, 100);
    const second = q.receive(undefined, 100);
    push(q, 1);
    push(q, 2);
    expect([await first, await second]).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
  });

  it('cuts a datagram longer than maxLength off with an error that carries its beginning', async () => {
    const { queue: q } = queue('datagram');
    push(q, 1, 2, 3);
    const waiting = failure(q.receive({ maxLength: 2 }, 0));
    const error = await waiting;
    expect([error.errno, error.partial]).toEqual(['EMSGSIZE', Uint8Array.of(1, 2)]);
    const later = failure(q.receive({ maxLength: 1 }, 10));
    push(q, 4, 5);
    expect((await later).partial).toEqual(Uint8Array.of(4));
    expect(q.length).toBe(0);
  });

  it('times out on the clock, not before, and stays usable', async () => {
    const { queue: q, clock } = queue('datagram');
    let error: AvsError | undefined;
    const waiting = failure(q.receive(undefined, 1_000)).then((reason) => {
      error = reason;
    });
    await clock.advance(999);
    expect(error).toBeUndefined();
    await clock.advance(1);
    await waiting;
    expect(error?.errno).toBe('ETIMEDOUT');
    push(q, 1);
    expect(await q.receive(undefined, 1_000)).toEqual(Uint8Array.of(1));
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not wait at all with a timeout of 0', async () => {
    const { queue: q } = queue('datagram');
    expect((await failure(q.receive(undefined, 0))).errno).toBe('ETIMEDOUT');
  });

  it('waits out a timeout beyond the longest delay of the platform', async () => {
    const { queue: q, clock } = queue('datagram');
    const original = clock.setTimeout.bind(clock);
    vi.spyOn(clock, 'setTimeout').mockImplementation((callback, delay) => original(callback, Math.min(delay, 1_000)));
    const waiting = failure(q.receive(undefined, 2_500));
    expect((await clock.runUntil(waiting)).errno).toBe('ETIMEDOUT');
    expect(clock.now()).toBe(2_500);
  });

  it('ends a wait with the reason of its signal, and leaves the others alone', async () => {
    const { queue: q, clock } = queue('datagram');
    const controller = new AbortController();
    const aborted = failure(q.receive({ signal: controller.signal }, 50));
    const other = q.receive(undefined, 50);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await aborted).toBe(reason);
    push(q, 1);
    expect(await other).toEqual(Uint8Array.of(1));
    expect(clock.pendingTimers).toBe(0);
    push(q, 2);
    expect(await failure(q.receive({ signal: controller.signal }, 50))).toBe(reason);
    expect(q.length).toBe(1);
  });

  it('drops the newest when full, counts it, and is bounded for empty datagrams too', () => {
    const { queue: q } = queue('datagram', 1_000);
    expect(q.push(new Uint8Array(900), 'peer', 1)).toBe(true);
    expect(q.push(new Uint8Array(100), 'peer', 1)).toBe(false);
    expect([q.length, q.dropped]).toEqual([1, 1]);
    q.tryReceive();
    for (let i = 0; i < 1_000; i += 1) push(q);
    expect(q.length).toBeLessThan(20);
    for (let i = 0; i < 10_000; i += 1) {
      q.tryReceive();
      push(q, i);
    }
    expect(q.length).toBeLessThan(20);
  });

  it('after the peer has ended hands out the rest, then rejects ENOTCONN or with the error', async () => {
    for (const error of [undefined, errnoError('ECONNRESET', 'test')]) {
      const { queue: q } = queue('datagram');
      push(q, 1);
      q.end(error);
      expect(push(q, 2)).toBe(false);
      expect(await q.receive(undefined, 10)).toEqual(Uint8Array.of(1));
      expect((await failure(q.receive(undefined, 10))).errno).toBe(error === undefined ? 'ENOTCONN' : 'ECONNRESET');
    }
  });

  it('rejects those who wait when the peer ends or the socket closes, and can be opened again', async () => {
    const { queue: q } = queue('datagram');
    const one = failure(q.receive(undefined, 10));
    q.end();
    expect((await one).errno).toBe('ENOTCONN');
    q.open();
    const three = failure(q.receive(undefined, 10));
    q.close(() => errnoError('EBADF', 'gone'));
    expect((await three).errno).toBe('EBADF');
    expect((await failure(q.receive(undefined, 10))).errno).toBe('EBADF');
    expect(push(q, 1)).toBe(false);
    q.open();
    push(q, 9);
    expect(q.tryReceive()?.data).toEqual(Uint8Array.of(9));
  });

  it('makes the error of a close when somebody wants it, the same for all', async () => {
    const { queue: q } = queue('datagram');
    let made = 0;
    const reason = endReason(() => {
      made += 1;
      return errnoError('EBADF', 'gone');
    });
    q.open();
    q.close(reason);
    expect(made).toBe(0);
    q.open();
    const waiting = [failure(q.receive(undefined, 10)), failure(q.receive(undefined, 10))];
    q.close(reason);
    const errors = await Promise.all([...waiting, failure(q.receive(undefined, 10))]);
    expect(new Set(errors).size).toBe(1);
    expect(made).toBe(1);
  });

  it('gives an error that the socket survives to one who waits, or keeps the last for the next', async () => {
    const { queue: q } = queue('datagram');
    const waiting = failure(q.receive(undefined, 10));
    q.report(errnoError('ECONNREFUSED', 'first'));
    expect((await waiting).message).toContain('first');
    q.report(errnoError('ECONNREFUSED', 'second'));
    q.report(errnoError('ECONNREFUSED', 'third'));
    expect((await failure(q.receive(undefined, 10))).message).toContain('third');
    q.report(errnoError('ECONNREFUSED', 'fourth'));
    expect(q.takeReported()?.message).toContain('fourth');
    expect(q.takeReported()).toBeUndefined();
  });

  it('hands a receiver what was queued first, then what comes, then the end', () => {
    const { queue: q } = queue('datagram');
    const log: string[] = [];
    push(q, 1);
    q.setReceiver({
      onData: (data, host, port) => log.push(`${data.join()} from ${host}:${port}`),
      onError: (error) => log.push(`${error.errno}`),
      onEnd: () => log.push('end'),
    });
    push(q, 2);
    q.report(errnoError('ECONNREFUSED', 'x'));
    q.end();
    expect(log).toEqual(['1 from peer:7', '2 from peer:7', 'ECONNREFUSED', 'end']);
  });

  it('tells a receiver that is set after the end as well, once what was queued is handed over', () => {
    const { queue: q } = queue('datagram');
    push(q, 1);
    q.end(errnoError('ECONNRESET', 'x'));
    const log: string[] = [];
    q.setReceiver({ onData: () => log.push('data'), onError: (error) => log.push(`${error.errno}`) });
    expect(log).toEqual(['data', 'ECONNRESET']);
  });

  it('stops handing over when the receiver is taken away in its callback', () => {
    const { queue: q } = queue('datagram');
    push(q, 1);
    push(q, 2);
    const got: number[] = [];
    q.setReceiver({
      onData: (data) => {
        got.push(data[0] ?? 0);
        q.setReceiver(undefined);
      },
    });
    expect(got).toEqual([1]);
    expect(q.tryReceive()?.data).toEqual(Uint8Array.of(2));
  });

  it('does not let anyone wait while a receiver is set', async () => {
    const { queue: q } = queue('datagram');
    const waiting = failure(q.receive(undefined, Infinity));
    q.setReceiver({ onData: () => undefined });
    expect((await waiting).errno).toBe('EBUSY');
    expect((await failure(q.receive(undefined, Infinity))).errno).toBe('EBUSY');
    expect(() => q.setReceiver({} as never)).toThrow(TypeError);
  });

  it('survives a receiver that throws, and lets the exception surface as uncaught', async () => {
    const { queue: q, clock } = queue('datagram');
    const uncaught: unknown[] = [];
    const original = globalThis.queueMicrotask;
    const spy = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((callback) =>
      original(() => {
        try {
          callback();
        } catch (error) {
          uncaught.push(error);
        }
      }),
    );
    try {
      q.setReceiver({
        onData: () => {
          throw new Error('from the receiver');
        },
      });
      expect(push(q, 1)).toBe(true);
      await clock.settle();
    } finally {
      spy.mockRestore();
    }
    expect(uncaught).toEqual([new Error('from the receiver')]);
  });

  it('iterates until the peer ends, and throws the error if it ends with one', async () => {
    const { queue: q } = queue('datagram');
    push(q, 1);
    push(q, 2);
    q.end();
    const got: number[] = [];
    for await (const data of q.iterate()) got.push(data[0] ?? 0);
    expect(got).toEqual([1, 2]);
    q.open();
    q.end(errnoError('ECONNRESET', 'x'));
    expect((await failure(q.iterate().next())).errno).toBe('ECONNRESET');
  });

  it('ends an iteration quietly when the socket is closed, and when it is left', async () => {
    const { queue: q } = queue('datagram');
    const iterator = q.iterate();
    const next = iterator.next();
    q.close(() => errnoError('ENOTCONN', 'closed'));
    expect((await next).done).toBe(true);
    expect((await iterator.next()).done).toBe(true);
    expect((await failure(q.iterate().next())).errno).toBe('ENOTCONN');
    q.open();
    const left = q.iterate();
    const pending = left.next();
    await left.return?.();
    expect((await pending).done).toBe(true);
    push(q, 1);
    expect(q.length).toBe(1);
  });

  it('names a wrong argument', async () => {
    const { queue: q } = queue('datagram');
    push(q, 1);
    for (const maxLength of [-1, 1.5, Number.NaN]) {
      expect((await failure(q.receive({ maxLength }, 0))).message).toContain('EINVAL: maxLength');
    }
    await expect(q.receive({ maxLength: '1' as unknown as number }, 0)).rejects.toThrow(TypeError);
    await expect(q.receive({ signal: 1 as unknown as AbortSignal }, 0)).rejects.toThrow('signal');
    expect(q.length).toBe(1);
  });
});

describe('a stream queue', () => {
  it('hands out at most maxLength bytes and keeps the rest', async () => {
    const { queue: q } = queue('stream');
    const early = q.receive({ maxLength: 2 }, 10);
    const next = q.receive({ maxLength: 1 }, 10);
    push(q, 1, 2, 3, 4);
    expect([await early, await next]).toEqual([Uint8Array.of(1, 2), Uint8Array.of(3)]);
    expect(await q.receive(undefined, 10)).toEqual(Uint8Array.of(4));
    expect((await failure(q.receive({ maxLength: 0 }, 10))).errno).toBe('EINVAL');
  });

  it('returns empty arrays once the peer has ended', async () => {
    const { queue: q } = queue('stream');
    const waiting = q.receive(undefined, 10);
    q.end();
    expect(await waiting).toHaveLength(0);
    expect(await q.receive(undefined, 10)).toHaveLength(0);
    expect((await q.iterate().next()).done).toBe(true);
  });

  it('never hands out an empty array before the end', async () => {
    const { queue: q } = queue('stream');
    const waiting = q.receive(undefined, 10);
    push(q);
    push(q, 1);
    expect(await waiting).toEqual(Uint8Array.of(1));
  });

  it('asks for a pause when full and goes on when half is free again, losing nothing', () => {
    const { queue: q, pressure } = queue('stream', 1_000);
    for (let i = 0; i < 5; i += 1) expect(q.push(new Uint8Array(300), 'peer', 1)).toBe(true);
    expect(pressure).toEqual([true]);
    q.tryReceive();
    q.tryReceive();
    expect(pressure).toEqual([true]);
    q.tryReceive();
    q.tryReceive();
    expect(pressure).toEqual([true, false]);
    expect(q.length).toBe(1);
    expect(q.dropped).toBe(0);
  });
});
