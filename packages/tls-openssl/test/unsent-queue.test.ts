import { constants } from 'node:os';
import type { Endpoint } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import { type UnsentOwner, UnsentQueue } from '../src/unsent-queue.js';

const noRoom = -constants.errno.EAGAIN;
const refused = -constants.errno.ECONNREFUSED;

/** A system with room for so many datagrams. */
class NarrowSystem implements UnsentOwner {
  room = 0;
  code = 0;
  asked = 0;
  readonly sent: { data: Uint8Array; to: Endpoint | undefined }[] = [];

  send(data: Uint8Array, to: Endpoint | undefined): number {
    if (this.room === 0) return noRoom;
    this.room -= 1;
    if (this.code === 0) this.sent.push({ data, to });
    return this.code;
  }

  awaitRoom(): number {
    this.asked += 1;
    return 0;
  }

  failure(code: number): Error {
    return new Error(`code ${code}`);
  }
}

describe('datagrams that the system has no room for', () => {
  it('wait in order, as they were, and are sent when there is room', async () => {
    const system = new NarrowSystem();
    const queue = new UnsentQueue(system);
    const data = Uint8Array.of(1);
    const sent = [queue.add(data, undefined), queue.add(Uint8Array.of(2), { host: '127.0.0.1', port: 9 })];
    data.fill(7);
    expect([queue.isWaiting, system.asked]).toEqual([true, 1]);
    system.room = 1;
    queue.flush();
    await sent[0];
    expect([queue.isWaiting, system.asked]).toEqual([true, 2]);
    system.room = 1;
    queue.flush();
    await sent[1];
    expect(system.sent).toEqual([
      { data: Uint8Array.of(1), to: undefined },
      { data: Uint8Array.of(2), to: { host: '127.0.0.1', port: 9 } },
    ]);
    expect([queue.isWaiting, system.asked]).toEqual([false, 2]);
  });

  it('fail one by one when the system refuses them', async () => {
    const system = new NarrowSystem();
    const queue = new UnsentQueue(system);
    const outcome = Promise.allSettled([
      queue.add(new Uint8Array(1), undefined),
      queue.add(new Uint8Array(1), undefined),
    ]);
    system.room = 1;
    system.code = refused;
    queue.flush();
    system.room = 1;
    system.code = 0;
    queue.flush();
    expect(await outcome).toEqual([
      { status: 'rejected', reason: new Error(`code ${refused}`) },
      { status: 'fulfilled', value: undefined },
    ]);
  });

  it('are ENOBUFS when too much waits, and there is room again when some are sent', async () => {
    const system = new NarrowSystem();
    const queue = new UnsentQueue(system);
    const waiting: Promise<void>[] = [];
    for (let added = 0; added < 212_992 / 1_064 - 1; added += 1)
      waiting.push(queue.add(new Uint8Array(1_000), undefined));
    expect(() => queue.add(new Uint8Array(1_000), undefined)).toThrow('ENOBUFS');
    system.room = 1;
    queue.flush();
    await waiting[0];
    waiting.push(queue.add(new Uint8Array(1_000), undefined));
    const outcomes = Promise.allSettled(waiting);
    queue.close();
    expect((await outcomes).map(({ status }) => status)).toEqual([
      'fulfilled',
      ...waiting.slice(1).map(() => 'rejected'),
    ]);
    expect(queue.isWaiting).toBe(false);
  });
});
