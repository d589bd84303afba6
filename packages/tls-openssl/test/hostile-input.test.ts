import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readClientHello } from '../src/client-hello.js';
import { IdentityGate } from '../src/identity-gate.js';
import { fragmentsOf, packRecords, recordsOf } from '../src/record.js';
import { bytes, EnginePair } from './engine-pair.js';
import { recordsIn } from './wire.js';

const anything = fc.uint8Array({ maxLength: 300 });

/** A record of epoch 0 around a handshake message, or part of it. */
function fragment(type: number, messageSeq: number, message: Uint8Array, offset: number, length: number): Uint8Array {
  const record = new Uint8Array(25 + length);
  const view = new DataView(record.buffer);
  record.set([22, 0xfe, 0xfd]);
  view.setUint16(11, 12 + length);
  view.setUint8(13, type);
  view.setUint16(15, message.length);
  view.setUint16(17, messageSeq);
  view.setUint16(20, offset);
  view.setUint16(23, length);
  record.set(message.subarray(offset, offset + length), 25);
  return record;
}

function keyExchange(identity: Uint8Array): Uint8Array {
  return Uint8Array.of(identity.length >>> 8, identity.length, ...identity);
}

describe('the readers of records, fragments and hellos', () => {
  it('take any bytes without throwing, and never look beyond them', () => {
    fc.assert(
      fc.property(anything, (input) => {
        let total = 0;
        for (const { whole } of recordsOf(input)) total += whole.length;
        expect(total).toBeLessThanOrEqual(input.length);
        for (const { data, offset, length } of fragmentsOf(input))
          expect(offset + data.length).toBeLessThanOrEqual(length);
        readClientHello(input);
        new IdentityGate(1).inspect(input);
      }),
    );
  });

  it('pack records into datagrams in their order, none too large unless a record is', () => {
    const record = fc.integer({ min: 0, max: 60 }).map((length) => {
      const each = new Uint8Array(13 + length).fill(length);
      each.set([22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, length]);
      return each;
    });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), fc.integer({ min: 20, max: 200 }), (records, size) => {
        const all = Uint8Array.from(records.flatMap((each) => [...each]));
        const datagrams = packRecords(all, size);
        expect(Uint8Array.from(datagrams.flatMap((each) => [...each]))).toEqual(all);
        for (const datagram of datagrams) {
          expect(datagram.length <= size || recordsIn(datagram).length === 1).toBe(true);
        }
      }),
    );
  });
});

describe('the identity of a client', () => {
  it('is read from fragments in any order, with overlaps and repetitions', () => {
    const cut = fc.tuple(fc.nat(200), fc.nat(60));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 128 }), fc.array(cut, { maxLength: 20 }), (identity, cuts) => {
        const message = keyExchange(identity);
        const gate = new IdentityGate(2);
        let found: Uint8Array | undefined;
        const whole: [number, number][] = [[0, 1], ...cuts, [0, message.length]];
        for (const [offset, length] of whole) {
          const start = Math.min(offset, message.length);
          found ??= gate.inspect(fragment(16, 2, message, start, Math.min(length, message.length - start)));
        }
        expect(found).toEqual(identity);
      }),
    );
  });

  it('is not read from another message, nor from one that claims more than it has', () => {
    const message = keyExchange(bytes('device'));
    const read = (input: Uint8Array): Uint8Array | undefined => new IdentityGate(2).inspect(input);
    expect(read(fragment(16, 2, message, 0, message.length))).toEqual(bytes('device'));
    expect(read(fragment(16, 3, message, 0, message.length))).toBeUndefined();
    expect(read(fragment(20, 2, message, 0, message.length))).toBeUndefined();
    expect(read(fragment(16, 2, message, 0, message.length - 1))).toBeUndefined();
    expect(read(fragment(16, 2, Uint8Array.of(0, 9, 1, 2), 0, 4))).toBeUndefined();
    expect(read(fragment(16, 2, new Uint8Array(2_000), 0, 2_000))).toBeUndefined();
  });
});

describe('a server', () => {
  const pair = new EnginePair();
  pair.start();
  const hello = pair.client.sent[0]?.datagram ?? new Uint8Array();

  it('answers strangers with nothing or a cookie, whatever they send, and never with more than they sent', () => {
    const mutation = fc.tuple(fc.nat(hello.length - 1), fc.integer({ min: 0, max: 255 }));
    const mutated = fc.array(mutation, { minLength: 1, maxLength: 8 }).map((changes) => {
      const copy = hello.slice();
      for (const [at, value] of changes) copy[at] = value;
      return copy;
    });
    const cut = fc.nat(hello.length).map((length) => hello.slice(0, length));
    fc.assert(
      fc.property(fc.oneof(anything, mutated, cut), (datagram) => {
        const admission = pair.serverFactory.admit(datagram, bytes('stranger'), 0);
        expect(admission.action).not.toBe('accept');
        if (admission.action === 'reply') expect(admission.datagram.length).toBeLessThanOrEqual(datagram.length);
      }),
      { numRuns: 2_000 },
    );
    expect(pair.serverFactory.admit(hello, bytes('stranger'), 0).action).toBe('reply');
  });

  it('survives whatever comes in the middle of a handshake: it ends at most', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { maxLength: 8 }), fc.nat(3), async (datagrams, types) => {
        const attacked = new EnginePair({ timeouts: { min: 100, max: 200 } });
        attacked.start();
        await attacked.run(() => attacked.server.engine !== undefined);
        for (const [index, datagram] of datagrams.entries()) {
          const record = Uint8Array.of(
            20 + ((types + index) & 3),
            0xfe,
            0xfd,
            0,
            0,
            0,
            0,
            0,
            0,
            9,
            index,
            0,
            0,
            ...datagram,
          );
          new DataView(record.buffer).setUint16(11, datagram.length);
          attacked.deliver(index & 1 ? attacked.server : attacked.client, record);
        }
        await attacked.run();
        for (const side of [attacked.client, attacked.server]) {
          expect(side.closed).toBeLessThanOrEqual(1);
          expect(side.engine?.nextTimeout).toBeUndefined();
        }
        attacked.destroy();
      }),
      { numRuns: 300 },
    );
  });
});

// OpenSSL gives up over some of these, and some without a reason.
describe.each<[string, (record: DataView) => void]>([
  ['that reach beyond their message', (record) => record.setUint8(13 + 6, 0x20)],
  ['of a later message that reach beyond it', (record) => record.setUint32(13 + 4, 0x0004_2000)],
  ['of a later message, the longest that there can be', (record) => record.setUint32(13 + 1, 0xffffff04)],
  ['longer than their record', (record) => record.setUint8(13 + 10, 0x01)],
])('a handshake whose network adds fragments %s', (_, damage) => {
  it.each(['client', 'server'] as const)('goes on: to the %s', async (to) => {
    const damaged = (datagram: Uint8Array): Uint8Array => {
      const copy = datagram.slice();
      damage(new DataView(copy.buffer));
      return copy;
    };
    // Only what the associations see: the first ClientHellos are the listener's.
    const isHandshake = ([type, , , , epoch]: Uint8Array, { engine }: EnginePair['server']): boolean =>
      type === 22 && epoch === 0 && engine !== undefined;
    const pair: EnginePair = new EnginePair({
      tap: (from, datagram) =>
        from !== to && isHandshake(datagram, pair.server) ? [damaged(datagram), datagram] : [datagram],
    });
    await pair.handshake();
    expect([pair.client.error, pair.server.error]).toEqual([undefined, undefined]);
    expect([pair.client.established, pair.server.established]).toEqual([1, 1]);
    expect(pair[to].dropped.malformed).toBeGreaterThan(0);
    pair.destroy();
  });
});
