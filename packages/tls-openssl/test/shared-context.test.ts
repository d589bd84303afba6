import { describe, expect, it } from 'vitest';
import { bytes, EnginePair, suites } from './engine-pair.js';

const resolve = async (identity: Uint8Array): Promise<Uint8Array> => identity.slice(0, 16);
const identityOf = (letter: string): Uint8Array => bytes(letter.repeat(16));

describe('clients that are configured alike', () => {
  it('prove each their own identity with their own key, whatever becomes of the others', async () => {
    const pairs = ['a', 'b', 'c'].map((letter) => {
      const identity = identityOf(letter);
      return new EnginePair({ identity, clientKey: identity, resolve });
    });
    for (const pair of pairs) pair.start();
    pairs[0]?.clientFactory.destroy();
    for (const pair of pairs.slice(1)) await pair.run(() => pair.server.established > 0);
    expect(pairs.slice(1).map(({ server }) => server.engine?.info?.pskIdentity)).toEqual(['b', 'c'].map(identityOf));
  });

  it('are configured each as asked, however many others there were in between', async () => {
    for (let turn = 0; turn < 2; turn++) {
      for (const suite of suites) {
        const lines: string[] = [];
        const keyLog = turn === 0 ? { onKeyLog: (line: string) => lines.push(line) } : {};
        const pair = new EnginePair({ suites: [suite], ...keyLog });
        await pair.handshake();
        expect(pair.client.engine?.info?.ciphersuite).toBe(suite.number);
        expect(lines).toHaveLength(turn === 0 ? 1 : 0);
      }
    }
  });

  it('ask for the fragment length of their own', async () => {
    for (const maxFragmentLengthCode of [0, 2, 1, 2, 0]) {
      const pair = new EnginePair({ maxFragmentLengthCode });
      await pair.handshake();
      expect(pair.client.engine?.info?.maxFragmentLength).toBe(
        maxFragmentLengthCode === 0 ? 16_384 : 256 << maxFragmentLengthCode,
      );
    }
  });
});
