import type { PskIdentityInfo, PskKeyInfo, TlsConfiguration } from '@avs-net/core';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, textOf, utf8 } from './bytes.js';
import { commonCiphersuites, knownCiphersuite } from './ciphersuites.js';
import { expectErrno, expectRejection, outcomeOf, rejectionOf } from './outcomes.js';
import { pskClient, pskServer, serverAddress, serverPort, Testbed, testIdentity, testKey } from './testbed.js';

/** A key descriptor as a caller may write it, without the checks of the builders. */
function rawKey(buffer: unknown): PskKeyInfo {
  return { desc: { type: 'psk-key', source: 'buffer', buffer: buffer as Uint8Array } };
}

/** An identity descriptor without the checks of the builders. */
function rawIdentity(buffer: unknown): PskIdentityInfo {
  return { desc: { type: 'psk-identity', source: 'buffer', buffer: buffer as Uint8Array } };
}

/** Pre-shared keys and identities: their limits, and descriptors that are none. */
export function describeCredentials(backends: BackendPair): void {
  const { capabilities } = backends.client;
  const longestKey = Math.min(capabilities.maxPskKeyLength, backends.server.capabilities.maxPskKeyLength);
  const longestIdentity = Math.min(
    capabilities.maxPskIdentityLength,
    backends.server.capabilities.maxPskIdentityLength,
  );
  const agreeing = commonCiphersuites(backends).filter((id) => knownCiphersuite(id)?.keyExchange === 'ECDHE_PSK');
  const makeClient = (security: Partial<TlsConfiguration['security']>) =>
    backends.client.createDtlsSocket({ security: { ...pskClient(), ...security } as TlsConfiguration['security'] });

  describe('credentials', () => {
    it.each([1, 16, 32, 64, longestKey])('connects with a key of %i bytes', async (length) => {
      for (const ciphersuites of [undefined, agreeing.slice(0, 1)]) {
        await using bed = new Testbed(backends);
        const key = counting(length, 5);
        const security = pskClient(testIdentity, key);
        const { client, server } = await bed.pair({
          client: ciphersuites === undefined ? { security } : { security, ciphersuites },
          server: { security: pskServer(key) },
        });
        await bed.run(client.send(utf8('key')));
        expect(textOf(await bed.run(server.receive()))).toBe('key');
      }
    });

    it.each([0, 1, 127, longestIdentity])('connects with an identity of %i bytes', async (length) => {
      await using bed = new Testbed(backends);
      const identity = counting(length, 0x21).map((byte) => Math.max(1, byte));
      const { server } = await bed.pair({ client: { security: pskClient(identity) } });
      expect(server.info?.pskIdentity).toEqual(identity);
    });

    it('refuses an empty key and one beyond the limit, naming the limit', async () => {
      for (const length of [0, capabilities.maxPskKeyLength + 1]) {
        const error = await expectRejection(makeClient({ key: rawKey(counting(length)) }), 'EINVAL', `${length} bytes`);
        expect(error.message).toContain(length === 0 ? '1' : String(capabilities.maxPskKeyLength));
      }
    });

    it('refuses an identity beyond the limit, naming the limit', async () => {
      const length = capabilities.maxPskIdentityLength + 1;
      const error = await expectRejection(makeClient({ identity: rawIdentity(counting(length)) }), 'EINVAL');
      expect(error.message).toContain(String(capabilities.maxPskIdentityLength));
    });

    it('carries an identity with a zero byte in it, or refuses it at creation', async () => {
      await using bed = new Testbed(backends);
      const identity = Uint8Array.of(0x61, 0, 0x62);
      const made = await outcomeOf(bed.client({ security: pskClient(identity) }));
      expect(made.ok).toBe(capabilities.pskIdentityZeroByte);
      if (!made.ok) {
        expectErrno(made.error, ['EINVAL', 'ENOTSUP']);
        return;
      }
      const asked: Uint8Array[] = [];
      const resolve = (id: Uint8Array): PskKeyInfo => {
        asked.push(id.slice());
        return pskKeyInfoFromBuffer(testKey);
      };
      await bed.listen({ security: { mode: 'psk', resolve } });
      const connected = await outcomeOf(bed.run(made.value.connect(serverAddress, serverPort)));
      expect(connected.ok).toBe(backends.server.capabilities.pskIdentityZeroByte);
      if (connected.ok) expect(asked).toEqual([identity]);
    });

    it('does not cut an identity at a zero byte: that would be somebody else', async () => {
      if (!capabilities.pskIdentityZeroByte) {
        await expectRejection(makeClient({ identity: rawIdentity(Uint8Array.of(0x61, 0)) }), ['EINVAL', 'ENOTSUP']);
        return;
      }
      await using bed = new Testbed(backends);
      const resolve = (id: Uint8Array) => (textOf(id) === 'a' ? pskKeyInfoFromBuffer(testKey) : undefined);
      await bed.listen({ security: { mode: 'psk', resolve } });
      const client = await bed.client({ security: pskClient(Uint8Array.of(0x61, 0, 0x62)) });
      expect((await outcomeOf(bed.run(client.connect(serverAddress, serverPort)))).ok).toBe(false);
    });

    it('refuses descriptors that describe no key and no identity', async () => {
      const nothing: unknown[] = [undefined, null, {}, 'secret', new Uint8Array(16), { desc: undefined }, { desc: {} }];
      for (const key of nothing) {
        const error = await rejectionOf(makeClient({ key: key as PskKeyInfo }), JSON.stringify(key));
        if (!(error instanceof TypeError)) expectErrno(error, 'EINVAL', JSON.stringify(key));
      }
      for (const identity of nothing) {
        const error = await rejectionOf(makeClient({ identity: identity as PskIdentityInfo }));
        if (!(error instanceof TypeError)) expectErrno(error, 'EINVAL', JSON.stringify(identity));
      }
    });

    it('refuses an identity where a key belongs, and the other way round', async () => {
      const swapped = {
        key: pskIdentityInfoFromBuffer(testIdentity) as unknown as PskKeyInfo,
        identity: pskKeyInfoFromBuffer(testKey) as unknown as PskIdentityInfo,
      };
      for (const wrong of [{ key: swapped.key }, { identity: swapped.identity }]) {
        const error = await rejectionOf(makeClient(wrong));
        if (!(error instanceof TypeError)) expectErrno(error, 'EINVAL');
      }
    });

    it('refuses a credential that is not there', async () => {
      await expectRejection(makeClient({ key: { desc: { type: 'psk-key', source: 'empty' } } }), 'EINVAL');
      await expectRejection(
        makeClient({ key: { desc: { type: 'psk-key', source: 'file', filename: '/nonexistent/device.key' } } }),
        ['ENOENT', 'ENOTSUP'],
      );
    });

    it('refuses a key that is text instead of guessing its encoding', async () => {
      const error = await rejectionOf(makeClient({ key: rawKey('00112233') }));
      if (!(error instanceof TypeError)) expectErrno(error, 'EINVAL');
    });

    it('keeps devices with different identities and keys apart', async () => {
      await using bed = new Testbed(backends);
      const keys = new Map(Array.from({ length: 20 }, (_, i) => [`device-${i}`, counting(16 + i, 7 * i)]));
      const resolve = (identity: Uint8Array): PskKeyInfo | undefined => {
        const key = keys.get(textOf(identity));
        return key && pskKeyInfoFromBuffer(key);
      };
      const listener = await bed.listen({ security: { mode: 'psk', resolve } });
      for (const [name, key] of keys) {
        const client = await bed.client({ security: pskClient(utf8(name), key) });
        const { server } = await bed.connect(client, listener);
        expect(textOf(server.info?.pskIdentity ?? utf8(''))).toBe(name);
      }
      const impostor = await bed.client({ security: pskClient(utf8('device-3'), keys.get('device-4')) });
      expect((await outcomeOf(bed.run(impostor.connect(serverAddress, serverPort)))).ok).toBe(false);
      expect(listener.stats.accepted).toBe(20);
    });
  });
}
