import { defaultHandshakeTimeouts, type ReadableOption, type WritableOption } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { expectThrown } from './outcomes.js';
import { serverAddress, serverPort, Testbed } from './testbed.js';

/** Options that can be read only. */
const readOnly = [
  'state',
  'addressFamily',
  'mtu',
  'innerMtu',
  'sessionResumed',
  'bytesSent',
  'bytesReceived',
  'hasBufferedData',
  'connectionIdResumed',
] as const satisfies readonly ReadableOption[];

/** Values of the right type that an option does not take. */
const wrongValues: readonly (readonly [WritableOption, readonly unknown[]])[] = [
  ['recvTimeout', [-1, Number.NaN, -Infinity]],
  [
    'handshakeTimeouts',
    [
      { min: 2_000, max: 1_000 },
      { min: 0, max: 1_000 },
      { min: -5, max: 1_000 },
      { min: Number.NaN, max: 1_000 },
      { min: 1_000, max: Number.NaN },
      { min: 1_000, max: Infinity },
    ],
  ],
  ['preferredAddressFamily', [5, -4, 46]],
  ['forcedAddressFamily', [5, -4, 46]],
];

/** Values of a wrong type. */
const wrongTypes: readonly (readonly [WritableOption, readonly unknown[]])[] = [
  ['recvTimeout', ['5', undefined, null, {}]],
  ['handshakeTimeouts', [5, undefined, null, 'fast', {}, { min: 1_000 }, { min: '1', max: 2 }]],
  ['preferredAddressFamily', ['4', undefined, null]],
  ['forcedAddressFamily', ['6', undefined, null]],
];

/** Every option of the contract, read and written. */
export function describeOptions(backends: BackendPair): void {
  describe('options', () => {
    it('has the defaults of the contract', async () => {
      await using bed = new Testbed(backends);
      const client = await bed.client();
      expect(client.getOption('recvTimeout')).toBe(30_000);
      expect(client.getOption('state')).toBe('closed');
      expect(client.getOption('handshakeTimeouts')).toEqual(defaultHandshakeTimeouts);
      expect(client.getOption('handshakeTimeouts')).toEqual({ min: 1_000, max: 60_000 });
      expect(client.getOption('sessionResumed')).toBe(false);
      expect(client.getOption('connectionIdResumed')).toBe(false);
      expect([client.getOption('bytesSent'), client.getOption('bytesReceived')]).toEqual([0, 0]);
      expect(client.getOption('hasBufferedData')).toBe(false);
      expect([client.getOption('preferredAddressFamily'), client.getOption('forcedAddressFamily')]).toEqual([0, 0]);
    });

    it('does not know the path before there is one', async () => {
      await using bed = new Testbed(backends);
      const client = await bed.client();
      for (const key of ['addressFamily', 'mtu', 'innerMtu'] as const) {
        expectThrown(() => client.getOption(key), 'EBADF', key);
      }
    });

    it('knows the path once connected, on both sides', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      for (const socket of [client, server]) {
        expect(socket.getOption('addressFamily')).toBe(4);
        expect(socket.getOption('mtu')).toBe(1500);
        expect(socket.getOption('innerMtu')).toBeGreaterThan(1_300);
        expect(socket.getOption('innerMtu')).toBeLessThan(1_472);
        expect(socket.getOption('state')).toBe(socket.state);
      }
    });

    it('never tells an innerMtu below 0', async () => {
      await using bed = new Testbed(backends);
      const below = bed.network.createUdpSocket({ forcedMtu: 20 });
      const client = await bed.client({ below });
      await bed.run(client.bind('0.0.0.0', 0));
      expect(client.getOption('mtu')).toBe(20);
      expect(client.getOption('innerMtu')).toBe(0);
    });

    it('never tells an innerMtu above the largest record, whatever the socket below takes', async () => {
      await using bed = new Testbed(backends);
      const below = bed.network.createUdpSocket({ forcedMtu: 65_535 });
      const listener = await bed.listen({
        below: bed.network.createUdpSocket({ forcedMtu: 65_535 }, { address: serverAddress }),
      });
      const client = await bed.client({ below });
      await bed.run(client.bind('0.0.0.0', 0));
      expect([client.getOption('innerMtu'), listener.getOption('innerMtu')]).toEqual([16_384, 16_384]);
      const { server } = await bed.connect(client, listener);
      expect([client.getOption('innerMtu'), server.getOption('innerMtu')]).toEqual([16_384, 16_384]);
      await bed.run(client.shutdown());
      await bed.clock.advance(10);
      expect([client.getOption('innerMtu'), server.getOption('innerMtu')]).toEqual([16_384, 16_384]);
    });

    it('reports the worst case of the configured suites before the handshake', async () => {
      await using bed = new Testbed(backends);
      const client = await bed.client();
      await bed.listen();
      await bed.run(client.bind('0.0.0.0', 0));
      const before = client.getOption('innerMtu');
      await bed.run(client.connect(serverAddress, serverPort));
      expect(before).toBeGreaterThan(0);
      expect(before).toBeLessThanOrEqual(client.getOption('innerMtu'));
    });

    it('gives back what was set', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await bed.pair();
      for (const socket of [client, server, listener]) {
        for (const value of [0, 5, 1e9, Infinity]) {
          socket.setOption('recvTimeout', value);
          expect(socket.getOption('recvTimeout')).toBe(value);
        }
        socket.setOption('handshakeTimeouts', { min: 250, max: 250 });
        expect(socket.getOption('handshakeTimeouts')).toEqual({ min: 250, max: 250 });
      }
      for (const family of [4, 6, 0] as const) {
        client.setOption('preferredAddressFamily', family);
        client.setOption('forcedAddressFamily', family);
        expect(client.getOption('preferredAddressFamily')).toBe(family);
        expect(client.getOption('forcedAddressFamily')).toBe(family);
      }
    });

    it('copies the handshake timeouts, in and out', async () => {
      await using bed = new Testbed(backends);
      const client = await bed.client();
      const value = { min: 100, max: 200 };
      client.setOption('handshakeTimeouts', value);
      value.min = 1;
      const got = client.getOption('handshakeTimeouts') as { min: number; max: number };
      expect(got).toEqual({ min: 100, max: 200 });
      got.max = 7;
      expect(client.getOption('handshakeTimeouts')).toEqual({ min: 100, max: 200 });
    });

    it.each(wrongValues)('refuses wrong values for %s with EINVAL, and keeps what it had', async (key, values) => {
      await using bed = new Testbed(backends);
      const client = await bed.client();
      const before = client.getOption(key as 'recvTimeout');
      for (const value of values) {
        const error = expectThrown(() => client.setOption(key, value as never), 'EINVAL', `${key} ${String(value)}`);
        expect(error.message).toContain(key);
      }
      expect(client.getOption(key as 'recvTimeout')).toEqual(before);
    });

    it.each(wrongTypes)('refuses values of a wrong type for %s with a TypeError', async (key, values) => {
      await using bed = new Testbed(backends);
      const client = await bed.client();
      for (const value of values) {
        expect(() => client.setOption(key, value as never), `${key} ${String(value)}`).toThrow(TypeError);
      }
    });

    it('does not know any other key', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await bed.pair();
      for (const socket of [client, server, listener]) {
        for (const key of ['colour', '', 'toString', '__proto__', 'constructor', undefined, 5]) {
          expectThrown(() => socket.getOption(key as never), 'ENOTSUP', `get ${String(key)}`);
          expectThrown(() => socket.setOption(key as never, 1 as never), 'ENOTSUP', `set ${String(key)}`);
        }
      }
    });

    it('does not set what can only be read, or read what can only be set', async () => {
      await using bed = new Testbed(backends);
      const { client } = await bed.pair();
      for (const key of readOnly) expectThrown(() => client.setOption(key as never, 1 as never), 'ENOTSUP', key);
      expectThrown(() => client.getOption('daneTlsaRecords' as never), 'ENOTSUP');
    });

    it('refuses TLSA records on a socket that is not configured for DANE', async () => {
      await using bed = new Testbed(backends);
      const client = await bed.client();
      const record = { certificateUsage: 3, selector: 1, matchingType: 1, associationData: new Uint8Array(32) };
      expectThrown(() => client.setOption('daneTlsaRecords', [record]), ['ENOTSUP', 'EINVAL']);
    });

    it('resolves to the forced address family', async () => {
      await using bed = new Testbed(backends);
      bed.network.setName('dual.example', serverAddress, 'fd00::1:1');
      await bed.listen();
      await bed.listen({ address: 'fd00::1:1' });
      for (const family of [6, 4] as const) {
        const client = await bed.client();
        client.setOption('forcedAddressFamily', family);
        await bed.run(client.connect('dual.example', serverPort));
        expect(client.getOption('addressFamily')).toBe(family);
        expect(client.remoteHostname).toBe('dual.example');
      }
    });

    it('prefers an address family but does not insist on it', async () => {
      await using bed = new Testbed(backends);
      bed.network.setName('dual.example', serverAddress, 'fd00::1:1');
      bed.network.setName('four.example', serverAddress);
      await bed.listen();
      await bed.listen({ address: 'fd00::1:1' });
      const client = await bed.client();
      client.setOption('preferredAddressFamily', 6);
      await bed.run(client.connect('dual.example', serverPort));
      expect(client.getOption('addressFamily')).toBe(6);
      await bed.run(client.close());
      await bed.run(client.connect('four.example', serverPort));
      expect(client.getOption('addressFamily')).toBe(4);
    });
  });
}
