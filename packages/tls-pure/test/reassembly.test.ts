import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fragment } from '../src/handshake/message.js';
import { maxMessageLength, Reassembler } from '../src/handshake/reassembly.js';

const piece = (messageSeq: number, body: Uint8Array, offset: number, end: number): Fragment => ({
  type: 1,
  length: body.length,
  messageSeq,
  offset,
  data: body.subarray(offset, end),
});

const body = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);

describe('reassembly', () => {
  it('puts messages together from fragments in any order, with overlaps and duplicates, and hands them out in order', () => {
    const cut = fc.tuple(fc.integer({ min: 0, max: 299 }), fc.integer({ min: 1, max: 300 }));
    fc.assert(
      fc.property(fc.array(cut, { maxLength: 12 }), fc.integer(), (cuts, seed) => {
        const bodies = [body(300), body(0), body(1)];
        const fragments = [
          ...cuts.map(([offset, length]) => piece(0, bodies[0], offset, Math.min(300, offset + length))),
          ...[0, 100, 200].map((offset) => piece(0, bodies[0], offset, offset + 100)),
          piece(1, bodies[1], 0, 0),
          piece(2, bodies[2], 0, 1),
        ];
        let state = seed >>> 0;
        const shuffled = fragments
          .map((fragment) => {
            state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
            return { fragment, key: state };
          })
          .sort((a, b) => a.key - b.key);
        const reassembler = new Reassembler(0);
        const whole: Uint8Array[] = [];
        for (const { fragment } of shuffled) {
          reassembler.add(fragment, 0);
          for (let next = reassembler.next(); next; next = reassembler.next()) whole.push(next.body.slice());
        }
        expect(whole).toEqual(bodies);
      }),
    );
  });

  it('keeps the first copy of a byte, so that a late forgery changes nothing', () => {
    const reassembler = new Reassembler(0);
    reassembler.add(piece(0, body(100), 0, 60), 0);
    reassembler.add({ ...piece(0, body(100), 30, 100), data: new Uint8Array(70).fill(0xee) }, 0);
    const whole = reassembler.next();
    expect(whole?.body.subarray(0, 60)).toEqual(body(100).subarray(0, 60));
    expect(whole?.body.subarray(60)).toEqual(new Uint8Array(40).fill(0xee));
  });

  it.each([
    ['type', { ...piece(0, body(20), 0, 10), type: 2 }],
    ['length', { ...piece(0, body(20), 0, 10), length: 4000 }],
  ])('overcomes a forged fragment of another %s by a retransmission', (_what, forged) => {
    const reassembler = new Reassembler(0);
    reassembler.add(forged, 0);
    reassembler.add(piece(0, body(20), 0, 10), 0);
    reassembler.add(piece(0, body(20), 10, 20), 0);
    expect(reassembler.next()?.body).toEqual(body(20));
  });

  it('lets an authenticated fragment replace what anyone can have sent', () => {
    const reassembler = new Reassembler(0);
    reassembler.add({ ...piece(0, body(40), 0, 20), type: 2 }, 0);
    expect(reassembler.add({ ...piece(0, body(12), 0, 12), type: 20 }, 1)).toBe(true);
    expect(reassembler.next()).toMatchObject({ type: 20 });
  });

  it.each([
    ['a message that was handed out', piece(4, body(10), 0, 10)],
    ['a message too far ahead', piece(13, body(10), 0, 10)],
    ['a fragment that ends behind its message', { ...piece(5, body(10), 0, 10), offset: 1 }],
    ['a message over the bound', { ...piece(5, body(10), 0, 10), length: maxMessageLength + 1 }],
    ['a fragment of nothing', piece(6, body(20), 5, 5)],
  ])('refuses %s', (_what, fragment) => {
    const reassembler = new Reassembler(5);
    reassembler.add(piece(6, body(20), 0, 10), 0);
    expect(reassembler.add(fragment, 0)).toBe(false);
  });

  it('bounds the pieces that it keeps of one message', () => {
    const reassembler = new Reassembler(0);
    const whole = body(8000);
    const taken = Array.from({ length: 4000 }, (_, i) => reassembler.add(piece(0, whole, 2 * i, 2 * i + 1), 0));
    expect(taken.filter(Boolean)).toHaveLength(64);
  });
});
