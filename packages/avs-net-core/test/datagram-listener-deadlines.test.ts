import { array, assert, constant, integer, oneof, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeadlineHeap, type HeapEntry } from '../src/deadline-heap.js';

const seed = Number(process.env['TEST_SEED'] ?? 20_240_607);

describe('deadlines', () => {
  it(`come out in order whatever was set, moved and taken out (seed ${seed})`, () => {
    const step = record({
      index: integer({ min: 0, max: 15 }),
      deadline: oneof(integer({ min: 0, max: 50 }), constant(undefined)),
    });
    assert(
      property(array(step, { maxLength: 200 }), (steps) => {
        const heap = new DeadlineHeap<HeapEntry>();
        const entries = Array.from({ length: 16 }, (): HeapEntry => ({ deadline: Infinity, heapIndex: -1 }));
        const model = new Map<HeapEntry, number>();
        for (const { index, deadline } of steps) {
          const entry = entries[index] as HeapEntry;
          heap.set(entry, deadline);
          if (deadline === undefined) model.delete(entry);
          else model.set(entry, deadline);
          expect(heap.size).toBe(model.size);
          expect(heap.peek()?.deadline).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
        }
        const drained: number[] = [];
        for (let first = heap.peek(); first !== undefined; first = heap.peek()) {
          drained.push(first.deadline);
          heap.set(first, Infinity);
        }
        expect(drained).toEqual([...model.values()].sort((a, b) => a - b));
      }),
      { seed },
    );
  });
});
