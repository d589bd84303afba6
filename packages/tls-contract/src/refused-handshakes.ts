import {
  AlertDescription,
  AvsErrorCategory,
  ciphersuiteName,
  type DtlsListener,
  type PskKeyInfo,
  type SecureSocket,
} from '@avs-net/core';
import { pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, textOf, utf8 } from './bytes.js';
import { commonCiphersuites } from './ciphersuites.js';
import { expectAlert, expectErrno, outcomeOf, rejectionOf } from './outcomes.js';
import { pskClient, pskServer, serverAddress, serverPort, Testbed, testIdentity, testKey } from './testbed.js';

/**
 * A wrong key ends in the alert that RFC 4279 §2 names, or in silence until the timers run out: RFC 6347 §4.1.2.7 leaves the
 * choice. Never in a connection.
 */
function expectRefusal(error: unknown, hint: string): void {
  const { category } = error as { category?: number };
  if (category === AvsErrorCategory.errno) expectErrno(error, 'ETIMEDOUT', hint);
  else expect(expectAlert(error, hint).description, hint).toBe(AlertDescription.decrypt_error);
}

/** Tries to connect, and checks that neither side takes it for a connection and that the client can be used again. */
async function expectNoConnection(
  bed: Testbed,
  client: SecureSocket,
  listener: DtlsListener,
  hint: string,
): Promise<unknown> {
  const accepting = outcomeOf(listener.accept());
  let accepted = 0;
  void accepting.then(({ ok }) => {
    if (ok) accepted += 1;
  });
  const error = await bed.run(rejectionOf(client.connect(serverAddress, serverPort), hint));
  expect(client.state, hint).toBe('closed');
  expect(client.info, hint).toBeUndefined();
  await bed.clock.advance(200_000);
  expect(accepted, `${hint} nothing to accept`).toBe(0);
  expect(listener.stats, hint).toMatchObject({ associations: 0, halfOpen: 0, accepted: 0, failed: 1 });
  await listener.close();
  expectErrno((await bed.run(accepting)).error, 'ECONNABORTED', hint);
  return error;
}

/** What can be seen of a handshake from outside: sizes, times and directions. */
function shapeOf(bed: Testbed): readonly unknown[] {
  return bed.wire.map(({ data, from, time }) => [from.host === serverAddress, data.length, time]);
}

/** Handshakes that must not succeed: wrong keys, unknown identities, lookups that fail, nothing in common. */
export function describeRefusedHandshakes(backends: BackendPair): void {
  const common = commonCiphersuites(backends);

  describe('handshakes that are refused', () => {
    it.each(common.map((id) => [ciphersuiteName(id), id] as const))(
      'never connects with a wrong key: %s',
      async (name, id) => {
        await using bed = new Testbed(backends);
        const listener = await bed.listen({ security: pskServer(counting(16, 1)) });
        const client = await bed.client({ ciphersuites: [id] });
        expectRefusal(await expectNoConnection(bed, client, listener, name), name);
      },
    );

    it('refuses a key that differs in its last bit, or is longer by a zero', async () => {
      const nearly = Uint8Array.from(testKey);
      nearly[15] = (nearly[15] ?? 0) ^ 1;
      for (const wrong of [nearly, Uint8Array.from([...testKey, 0]), testKey.subarray(0, 15)]) {
        await using bed = new Testbed(backends);
        const listener = await bed.listen({ security: pskServer(wrong) });
        expectRefusal(await expectNoConnection(bed, await bed.client(), listener, 'nearly'), 'nearly the key');
      }
    });

    const lookups: readonly [string, () => PskKeyInfo | undefined | Promise<PskKeyInfo | undefined>][] = [
      ['is not known', () => undefined],
      ['is looked up in vain', async () => undefined],
      ['makes the lookup reject', () => Promise.reject(new Error('the database is down'))],
      [
        'makes the lookup throw',
        () => {
          throw new Error('the database is gone');
        },
      ],
      [
        'has a key that is none',
        () => ({ desc: { type: 'psk-key', source: 'buffer', buffer: new Uint8Array(0) } }) as PskKeyInfo,
      ],
    ];
    it.each(lookups)(
      'refuses an identity that %s as it does a wrong key, and looks the same on the wire',
      async (hint, resolve) => {
        await using wrong = new Testbed(backends);
        await using unknown = new Testbed(backends);
        const mismatched = await wrong.listen({ security: pskServer(counting(16, 1)) });
        const unresolved = await unknown.listen({ security: { mode: 'psk', resolve } });
        const expected = await expectNoConnection(wrong, await wrong.client(), mismatched, hint);
        const error = await expectNoConnection(unknown, await unknown.client(), unresolved, hint);
        expectRefusal(error, hint);
        expect((error as Error).message).toBe((expected as Error).message);
        expect(shapeOf(unknown)).toEqual(shapeOf(wrong));
      },
    );

    it('can connect after a refusal, with the same sockets', async () => {
      await using bed = new Testbed(backends);
      let key = counting(16, 1);
      const listener = await bed.listen({ security: { mode: 'psk', resolve: () => pskKeyInfoFromBuffer(key) } });
      const client = await bed.client();
      expectRefusal(await bed.run(rejectionOf(client.connect(serverAddress, serverPort))), 'first');
      key = testKey;
      const { server } = await bed.connect(client, listener);
      await bed.run(client.send(utf8('second')));
      expect(textOf(await bed.run(server.receive()))).toBe('second');
    });

    it('asks for the key of the identity that the client sent', async () => {
      await using bed = new Testbed(backends);
      const asked: Uint8Array[] = [];
      const resolve = (identity: Uint8Array): PskKeyInfo => {
        asked.push(identity.slice());
        identity.fill(0);
        return pskKeyInfoFromBuffer(testKey);
      };
      const { server } = await bed.pair({ server: { security: { mode: 'psk', resolve } } });
      expect(asked).toEqual([testIdentity]);
      expect(server.info?.pskIdentity, 'what resolve does to its argument changes nothing').toEqual(testIdentity);
    });

    it('waits for an asynchronous lookup without holding up other clients', async () => {
      await using bed = new Testbed(backends);
      const slow = utf8('slow');
      const resolve = async (identity: Uint8Array): Promise<PskKeyInfo> => {
        if (textOf(identity) === 'slow') await new Promise<void>((wake) => bed.clock.setTimeout(wake, 20_000));
        return pskKeyInfoFromBuffer(testKey);
      };
      const listener = await bed.listen({ security: { mode: 'psk', resolve } });
      const waiting = await bed.client({ security: pskClient(slow) });
      const connecting = outcomeOf(waiting.connect(serverAddress, serverPort));
      await bed.clock.advance(5);
      const { server } = await bed.connect(await bed.client(), listener);
      expect(server.info?.pskIdentity).toEqual(testIdentity);
      expect(bed.clock.now()).toBeLessThan(20_000);
      expect(await bed.run(connecting)).toMatchObject({ ok: true });
      const late = bed.own(await bed.run(listener.accept()));
      expect(late.info?.pskIdentity).toEqual(slow);
      await bed.run(late.send(utf8('worth the wait')));
      expect(textOf(await bed.run(waiting.receive()))).toBe('worth the wait');
    });

    it('survives that the client is gone when the lookup ends', async () => {
      await using bed = new Testbed(backends);
      let found: (key: PskKeyInfo) => void = () => undefined;
      const resolve = (): Promise<PskKeyInfo> => new Promise((done) => (found = done));
      const listener = await bed.listen({ security: { mode: 'psk', resolve }, limits: { handshakeTime: 10_000 } });
      const client = await bed.client({ handshakeTimeouts: { min: 1000, max: 2000 } });
      expectErrno(await bed.run(rejectionOf(client.connect(serverAddress, serverPort))), 'ETIMEDOUT');
      await bed.clock.advance(20_000);
      found(pskKeyInfoFromBuffer(testKey));
      await bed.clock.advance(20_000);
      expect(listener.stats).toMatchObject({ associations: 0, halfOpen: 0, accepted: 0 });
    });

    it('tells a client with no ciphersuite in common so, by an alert', async () => {
      const [a, b] = common;
      expect(a !== undefined && b !== undefined, 'two suites in common').toBe(true);
      if (a === undefined || b === undefined) return;
      await using bed = new Testbed(backends);
      const listener = await bed.listen({ ciphersuites: [a] });
      const error = expectAlert(await expectNoConnection(bed, await bed.client({ ciphersuites: [b] }), listener, ''));
      expect(error).toMatchObject({ direction: 'received', description: AlertDescription.handshake_failure });
      expect(error.message).toContain('handshake_failure');
    });
  });
}
