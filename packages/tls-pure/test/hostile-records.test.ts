import { AlertLevel } from '@avs-net/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ciphersuite } from '../src/ciphersuites.js';
import { EnginePair } from './engine-pair.js';

const seed = Number(process.env['TEST_SEED'] ?? 20_261_122);
const peer = Uint8Array.of(10, 0, 0, 1, 0x16, 0x33);

const ccm8 = ciphersuite(0xc0a8);
const suites = ccm8 === undefined ? [] : [ccm8];

describe('a stranger’s first datagram', () => {
  const hello = (): { pair: EnginePair; datagram: Uint8Array } => {
    const pair = new EnginePair({ suites });
    pair.start();
    return { pair, datagram: pair.client.sent[0] };
  };

  it(`never throws and never gets more bytes back than it has, whatever its bytes (seed ${seed})`, () => {
    const { pair, datagram } = hello();
    const damage = fc.array(fc.tuple(fc.nat(datagram.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 6 });
    const damaged = fc.tuple(damage, fc.nat(datagram.length)).map(([changes, length]) => {
      const copy = datagram.slice(0, length);
      for (const [at, value] of changes) if (at < length) copy[at] = value;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (bytes) => {
        const before = bytes.slice();
        const admission = pair.serverFactory.admit(bytes, peer, 0);
        expect(admission.action).not.toBe('accept');
        if (admission.action === 'reply') expect(admission.datagram.length).toBeLessThanOrEqual(bytes.length);
        expect(bytes).toEqual(before);
      }),
      { seed, numRuns: 3_000 },
    );
  });
});

describe('a peer’s alert', () => {
  it(`is reported as it is, or dropped when it is none, whatever its bytes (seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5 }), async (body) => {
        const pair = new EnginePair({ suites });
        await pair.handshake();
        // The engine is also the carrier of its flights: the one way to send any protected record.
        const carrier = pair.client.engine as unknown as Record<'seal', (...of: unknown[]) => Uint8Array>;
        pair.deliver(pair.server, carrier.seal(21, 1, body));
        const [level, description] = body;
        if (body.length !== 2 || (level !== AlertLevel.warning && level !== AlertLevel.fatal)) {
          expect(pair.server).toMatchObject({ closed: 0, alerts: [], dropped: { malformed: 1 } });
          return;
        }
        expect(pair.server.alerts[0]).toEqual({ direction: 'received', level, description });
        const ends = level === AlertLevel.fatal || description === 0;
        expect(pair.server.closed).toBe(ends ? 1 : 0);
      }),
      { seed, numRuns: 150, examples: [[Uint8Array.of(1, 0)], [Uint8Array.of(2, 40)], [Uint8Array.of(1, 90)]] },
    );
  });
});
