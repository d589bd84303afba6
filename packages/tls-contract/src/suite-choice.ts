import { ciphersuiteName } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import { type BackendPair, eachBackend } from './backend-pair.js';
import { certificateCiphersuite, commonCiphersuites, unassignedCiphersuite } from './ciphersuites.js';
import { Testbed } from './testbed.js';
import { clientHelloOf } from './wire.js';

/** Which ciphersuites are offered, and which one is chosen. */
export function describeSuiteChoice(backends: BackendPair): void {
  const common = commonCiphersuites(backends);
  const reversed = [...common].reverse();

  /** What a client offers that is given this list. */
  async function offeredBy(ciphersuites: readonly number[]): Promise<readonly number[]> {
    await using bed = new Testbed(backends);
    await bed.pair({ client: { ciphersuites } });
    const hello = clientHelloOf(bed.sentBy('client')[0]?.data ?? new Uint8Array());
    // 0x00FF asks for secure renegotiation and is no ciphersuite: RFC 5746 §3.3.
    return hello.ciphersuites.filter((id) => id !== 0x00ff);
  }

  /** What both sides then have. */
  async function chosenOf(
    client: readonly number[],
    server: readonly number[],
    preferServerCiphersuites?: boolean,
  ): Promise<readonly (number | undefined)[]> {
    await using bed = new Testbed(backends);
    const ends = await bed.pair({
      client: { ciphersuites: client },
      server: { ciphersuites: server, preferServerCiphersuites },
    });
    return [ends.client.info?.ciphersuite, ends.server.info?.ciphersuite];
  }

  describe('ciphersuites', () => {
    it('are offered in the order given', async () => {
      for (const order of [common, reversed]) expect(await offeredBy(order)).toEqual(order);
    });

    it('are offered without those that are unknown or need certificates, and once', async () => {
      const [first = 0] = reversed;
      expect(await offeredBy([unassignedCiphersuite, first, certificateCiphersuite, ...reversed])).toEqual(reversed);
    });

    it('are offered all that fit when the list is empty', async () => {
      expect(await offeredBy([])).toEqual(backends.client.capabilities.ciphersuites);
    });

    it.each([
      ['by default', undefined],
      ['when it says so', true],
    ])("are chosen by the listener's order %s", async (_when, preference) => {
      for (const [ours, theirs] of [
        [common, reversed],
        [reversed, common],
        [common, common],
      ] as const) {
        expect(await chosenOf(ours, theirs, preference)).toEqual([theirs[0], theirs[0]]);
      }
    });

    it("are chosen by the client's order when the listener leaves it to it", async () => {
      for (const [ours, theirs] of [
        [common, reversed],
        [reversed, common],
        [reversed, reversed.slice(1)],
      ] as const) {
        const expected = ours.find((id) => theirs.includes(id));
        expect(await chosenOf(ours, theirs, false)).toEqual([expected, expected]);
      }
    });

    it('that a listener does not know, or that need certificates, are ignored by it too', async () => {
      const [a = 0] = common;
      expect(await chosenOf(common, [unassignedCiphersuite, certificateCiphersuite, a])).toEqual([a, a]);
    });

    it.each(eachBackend(backends).map((backend) => [backend.name, backend] as const))(
      'all have a registered name: %s',
      (_name, { capabilities }) => {
        for (const id of capabilities.ciphersuites) expect(ciphersuiteName(id)).toMatch(/^TLS_(ECDHE_)?PSK_WITH_/);
      },
    );
  });
}
