import { describe, expect, it } from 'vitest';
import { utf8 } from '../../tls-contract/src/bytes.js';
import { sealedPair } from '../../tls-contract/src/sealed-records.js';
import { Testbed } from '../../tls-contract/src/testbed.js';
import { backend } from '../src/index.js';

const handshake = 22;

/** A handshake message with a body of zeros, after the handshake. */
function message(type: number, messageSeq: number, length: number): Uint8Array {
  const header = [type, 0, 0, length, 0, messageSeq, 0, 0, 0, 0, 0, length];
  return Uint8Array.of(...header, ...new Uint8Array(length));
}

describe('handshake messages after the handshake', () => {
  it.each(['client', 'server'] as const)('do not keep the %s from sending, whatever they are', async (to) => {
    const from = to === 'client' ? 'server' : 'client';
    await using bed = new Testbed({ client: backend, server: backend });
    const pair = await sealedPair(bed);
    bed.network.intercept(({ data }) => (data[0] === 21 ? false : undefined));
    const types = [0, 1, 2, 3, 4, 11, 12, 13, 14, 16, 255];
    const others = types.flatMap((type) => [0, 1, 9].map((messageSeq) => message(type, messageSeq, 11)));
    for (const other of [
      message(0, 0, 0),
      ...others,
      message(0, 0, 0),
      message(0, 7, 0),
      new Uint8Array(0),
      utf8('no message'),
    ]) {
      pair.seal(from, handshake, other);
    }
    await bed.clock.advance(1);
    await bed.run(pair[to].send(utf8('going on')));
    expect(await bed.run(pair[from].receive())).toEqual(utf8('going on'));
    await bed.run(pair[from].send(utf8('both ways')));
    expect(await bed.run(pair[to].receive())).toEqual(utf8('both ways'));
  });

  it.each(['client', 'server'] as const)(
    'of the size of a Finished end the association of the %s, with a reason',
    async (to) => {
      const from = to === 'client' ? 'server' : 'client';
      await using bed = new Testbed({ client: backend, server: backend });
      const pair = await sealedPair(bed);
      pair.seal(from, handshake, message(14, 9, 12));
      await bed.clock.advance(1);
      expect(pair[to].state).toBe('shutdown');
      await expect(bed.run(pair[to].receive())).rejects.toThrow('handshake');
    },
  );
});
