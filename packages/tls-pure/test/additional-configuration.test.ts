import { describe, expect, it } from 'vitest';
import { rejectionOf } from '../../tls-contract/src/outcomes.js';
import { pskClient, Testbed } from '../../tls-contract/src/testbed.js';
import { clientHelloOf } from '../../tls-contract/src/wire.js';
import type { CryptoProvider } from '../src/crypto/provider.js';
import { backend, type PureSettings } from '../src/index.js';

/** A configuration whose native settings are changed. */
const changing = (change: (settings: PureSettings) => void) => ({
  additionalConfiguration: (native: unknown) => change(native as PureSettings),
});

describe('the settings that additionalConfiguration is called with', () => {
  it('have the suites as they were configured, and what is made of them is used', async () => {
    await using bed = new Testbed({ client: backend, server: backend });
    let before: readonly number[] = [];
    const { client } = await bed.pair({
      client: {
        ciphersuites: [0xc0a8, 0x00ae],
        ...changing((settings) => {
          before = [...settings.ciphersuites];
          settings.ciphersuites = [0x00a8, 0xc0a8];
        }),
      },
    });
    expect(before).toEqual([0xc0a8, 0x00ae]);
    expect(clientHelloOf(bed.wire[0]?.data ?? new Uint8Array()).ciphersuites).toEqual([0x00a8, 0xc0a8]);
    expect(client.info?.ciphersuite).toBe(0x00a8);
  });

  it('are refused when no suite is left', async () => {
    const configuration = changing((settings) => {
      settings.ciphersuites = [0xc02b];
    });
    const making = backend.createDtlsSocket({ security: pskClient(), ...configuration });
    expect(String(await rejectionOf(making))).toMatch(/EINVAL.*ciphersuites/);
  });

  it('take another provider of cryptography, on both ends', async () => {
    await using bed = new Testbed({ client: backend, server: backend });
    const used = new Set<string>();
    const counting = (name: string) =>
      changing((settings) => {
        const { provider } = settings;
        settings.provider = new Proxy(provider, {
          get: (target, key) => {
            used.add(name);
            return target[key as keyof CryptoProvider];
          },
        });
      });
    const { client } = await bed.pair({ client: counting('client'), server: counting('server') });
    expect(client.state).toBe('connected');
    expect([...used].sort()).toEqual(['client', 'server']);
  });
});
