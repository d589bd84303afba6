import { errnoError, isErrno } from '@avs-net/core';
import { MemoryNetwork, VirtualClock } from '@avs-net/core/testing';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { expect, it, vi } from 'vitest';
import { ciphersuites } from '../../src/ciphersuites.js';
import { loadMissing, nodeProvider } from '../../src/crypto/node.js';
import { portableProvider } from '../../src/crypto/portable.js';
import { createDtlsListener, createDtlsSocket } from '../../src/index.js';
import { hex } from './hex.js';

// An OpenSSL as in FIPS mode, and a Node that has no CCM either, as where BoringSSL takes its place.
vi.mock('node:crypto', async (original) => {
  const real = await original<typeof import('node:crypto')>();
  const lacks = /ccm|chacha/;
  return {
    ...real,
    getCipherInfo: (name: string) => (lacks.test(name) ? undefined : real.getCipherInfo(name)),
    createCipheriv: (name: string, ...rest: [never, never]) => {
      if (lacks.test(name)) throw errnoError('EIO', `this OpenSSL has no ${name}`);
      return real.createCipheriv(name, ...rest);
    },
  };
});

const key = new Uint8Array(32).fill(3);
const nonce = new Uint8Array(12).fill(1);
const aad = Uint8Array.of(1, 2, 3);

function seal(provider: typeof nodeProvider, name: (typeof lacked)[number], length: number): string {
  const buffer = new Uint8Array(length + 16);
  provider.aead(name, key).seal(nonce, aad, buffer, 0, length);
  return hex(buffer);
}

const lacked = ['AES_256_CCM', 'CHACHA20_POLY1305'] as const;

it('loads what OpenSSL lacks when a suite wants it, and not before', async () => {
  const needsNone = ({ name }: { readonly name: string }): boolean => !/CHACHA20|CCM/.test(name);
  await loadMissing(ciphersuites.filter(needsNone));
  for (const name of lacked) {
    const lacking = (): string => seal(nodeProvider, name, 16);
    expect(lacking).toThrow(expect.toSatisfy((error) => isErrno(error, 'ENOTSUP')));
    expect(lacking).toThrow(`ENOTSUP: this OpenSSL lacks ${name}`);
  }
  await loadMissing(ciphersuites);
  for (const name of lacked) {
    for (const length of [16, 1024]) {
      expect(seal(nodeProvider, name, length)).toBe(seal(portableProvider, name, length));
    }
  }
});

it('connects with such a suite', async () => {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ seed: 1, clock });
  const pskKey = pskKeyInfoFromBuffer(key);
  const suite = 0xccab; // TLS_PSK_WITH_CHACHA20_POLY1305_SHA256, RFC 7905 §2
  const listener = await createDtlsListener({ security: { mode: 'psk', resolve: () => pskKey }, clock });
  await listener.decorate(network.createUdpSocket({}, { address: '10.0.0.1' }));
  await listener.bind('10.0.0.1', 5684);
  const socket = await createDtlsSocket({
    security: { mode: 'psk', key: pskKey, identity: pskIdentityInfoFromBuffer('device-1') },
    ciphersuites: [suite],
    clock,
  });
  await socket.decorate(network.createUdpSocket({}, { address: '10.0.0.2' }));
  await clock.runUntil(socket.connect('10.0.0.1', 5684));
  expect(socket.info?.ciphersuite).toBe(suite);
  await socket.cleanup();
  await listener.cleanup();
});
