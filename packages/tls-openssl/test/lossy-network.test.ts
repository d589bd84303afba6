import { isErrno } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import { EnginePair, type Kind, suites } from './engine-pair.js';

const pairs: readonly (readonly [Kind, Kind, number])[] = [
  ['openssl', 'openssl', 1_000],
  ['pure', 'openssl', 500],
  ['openssl', 'pure', 500],
];

describe.each(pairs)('a lossy network between a client on %s and a server on %s', (client, server, rounds) => {
  it(`leaves no handshake hanging and no client connected alone, at 30 % loss, duplication and reordering each way, ${rounds} times`, async () => {
    let connected = 0;
    for (let seed = 1; seed <= rounds; seed++) {
      const suite = suites[seed % suites.length];
      const faults = { loss: 0.3, duplication: 0.3, reordering: 0.3 };
      const pair = new EnginePair({ client, server, seed, suites: suite ? [suite] : suites, ...faults });
      await pair.handshake();
      await pair.run();
      const { client: ours, server: theirs } = pair;
      const hint = `seed ${seed}`;
      expect(ours.established + ours.closed, `${hint}: hung`).toBe(1);
      expect(ours.engine?.nextTimeout, hint).toBeUndefined();
      expect(theirs.engine?.nextTimeout, hint).toBeUndefined();
      if (ours.established === 1) {
        connected++;
        expect([theirs.established, theirs.closed], `${hint}: the client is alone`).toEqual([1, 0]);
      } else {
        expect(isErrno(ours.error, 'ETIMEDOUT'), `${hint}: ${ours.error}`).toBe(true);
        // The server can only believe in an association if the client's goodbye was lost as well; its idle time ends that.
        expect(ours.sent.at(-1)?.datagram[0], `${hint}: the client said nothing`).toBe(21);
      }
      pair.destroy();
    }
    expect(connected).toBeGreaterThan(rounds * 0.9);
  }, 120_000);
});
