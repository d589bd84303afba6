import type { DtlsListenerConfiguration, TlsConfiguration } from '@avs-net/core';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { describe, expect, it } from 'vitest';
import { type BackendPair, eachBackend } from './backend-pair.js';
import { counting, textOf, utf8 } from './bytes.js';
import { certificateCiphersuite, lightCiphersuite, unassignedCiphersuite } from './ciphersuites.js';
import { expectErrno, expectRejection, outcomeOf, rejectionOf } from './outcomes.js';
import { pskClient, pskServer, Testbed, testIdentity, testKey } from './testbed.js';

type Faulty = readonly (readonly [string, object])[];

/** Right types, wrong values, of fields that clients and listeners share; each names the field that the error must name. */
const wrongValues: Faulty = [
  ['version', { version: '2.0' }],
  ['security.mode', { security: { mode: 'none' } }],
  ['handshakeTimeouts.max', { handshakeTimeouts: { min: 2_000, max: 1_000 } }],
  ['handshakeTimeouts.min', { handshakeTimeouts: { min: -1, max: 1_000 } }],
  ['handshakeTimeouts.min', { handshakeTimeouts: { min: 0, max: 1_000 } }],
  ['handshakeTimeouts.min', { handshakeTimeouts: { min: Infinity, max: Infinity } }],
  ['handshakeTimeouts.max', { handshakeTimeouts: { min: 1_000, max: Number.NaN } }],
  ['handshakeTimeouts.min', { handshakeTimeouts: { min: Number.NaN, max: 1_000 } }],
  ['handshakeTimeouts.max', { handshakeTimeouts: { min: 1_000, max: Infinity } }],
  ['ciphersuites', { ciphersuites: [0x1_0000] }],
  ['ciphersuites', { ciphersuites: [-1] }],
  ['ciphersuites', { ciphersuites: [1.5] }],
  ['ciphersuites', { ciphersuites: [unassignedCiphersuite] }],
  ['ciphersuites', { ciphersuites: [certificateCiphersuite] }],
  ['socket.dscp', { socket: { dscp: 64 } }],
  ['socket.priority', { socket: { priority: 8 } }],
  ['socket.forcedMtu', { socket: { forcedMtu: 0 } }],
  ['socket.addressFamily', { socket: { addressFamily: 5 } }],
  ['socket.preferredFamily', { socket: { preferredFamily: 7 } }],
];

/** Wrong types of the shared fields. */
const wrongTypes: Faulty = [
  ['security', { security: undefined }],
  ['security.mode', { security: {} }],
  ['version', { version: 1.2 }],
  ['handshakeTimeouts', { handshakeTimeouts: 5 }],
  ['handshakeTimeouts.max', { handshakeTimeouts: { min: 5 } }],
  ['ciphersuites', { ciphersuites: 0xc0a8 }],
  ['ciphersuites', { ciphersuites: ['0xC0A8'] }],
  ['socket', { socket: 'udp' }],
  ['socket.dscp', { socket: { dscp: '5' } }],
  ['useConnectionId', { useConnectionId: 'yes' }],
  ['additionalConfiguration', { additionalConfiguration: {} }],
  ['random', { random: 5 }],
  ['onKeyLog', { onKeyLog: 'file.log' }],
  ['clock', { clock: {} }],
];

const clientValues: Faulty = [
  ['maxFragmentLength', { maxFragmentLength: 1_000 }],
  ['serverNameIndication', { serverNameIndication: '' }],
  ['serverNameIndication', { serverNameIndication: '.' }],
  ['serverNameIndication', { serverNameIndication: 'a\0b' }],
  ['serverNameIndication', { serverNameIndication: 'two words' }],
  ['serverNameIndication', { serverNameIndication: 'größe.example' }],
  ['serverNameIndication', { serverNameIndication: 'x'.repeat(254) }],
];

const clientTypes: Faulty = [
  ['maxFragmentLength', { maxFragmentLength: '512' }],
  ['serverNameIndication', { serverNameIndication: 7 }],
  ['sessionResumptionBuffer', { sessionResumptionBuffer: 1_024 }],
];

const listenerValues: Faulty = [
  ['identityHint', { security: { ...pskServer(), identityHint: 'x'.repeat(129) } }],
  ['limits.halfOpen', { limits: { halfOpen: 0 } }],
  ['limits.total', { limits: { total: 1.5 } }],
  ['limits.perSource', { limits: { perSource: -1 } }],
  ['limits.backlog', { limits: { backlog: Number.NaN } }],
  ['limits.handshakeTime', { limits: { handshakeTime: 0 } }],
  ['limits.idleTime', { limits: { idleTime: -5 } }],
];

const listenerTypes: Faulty = [
  ['security.resolve', { security: { mode: 'psk' } }],
  ['identityHint', { security: { ...pskServer(), identityHint: 5 } }],
  ['preferServerCiphersuites', { preferServerCiphersuites: 'server' }],
  ['limits', { limits: 10 }],
  ['limits.total', { limits: { total: '10' } }],
];

/** What a configuration may say, what is refused and how, and that nothing of it is kept but a copy. */
export function describeConfiguration(backends: BackendPair): void {
  const makeClient = (faulty: object) =>
    backends.client.createDtlsSocket({ security: pskClient(), ...faulty } as TlsConfiguration);
  const makeListener = (faulty: object) =>
    backends.server.createDtlsListener({ security: pskServer(), ...faulty } as DtlsListenerConfiguration);

  describe('configuration', () => {
    describe.each([
      ['client', makeClient, [...wrongValues, ...clientValues], [...wrongTypes, ...clientTypes]],
      ['listener', makeListener, [...wrongValues, ...listenerValues], [...wrongTypes, ...listenerTypes]],
    ] as const)('of a %s', (_kind, make, values, types) => {
      it.each(values)('refuses a wrong %s with EINVAL: %j', async (field, faulty) => {
        expect((await expectRejection(make(faulty), 'EINVAL')).message).toContain(field);
      });

      it.each(types)('refuses a %s of a wrong type with a TypeError: %j', async (field, faulty) => {
        const error = await rejectionOf(make(faulty));
        expect(error, String(error)).toBeInstanceOf(TypeError);
        expect((error as TypeError).message).toContain(field);
      });

      it('refuses what is no configuration', async () => {
        for (const configuration of [undefined, null, 'psk', 5]) {
          const create = make === makeClient ? backends.client.createDtlsSocket : backends.server.createDtlsListener;
          expect(await rejectionOf(create(configuration as never)), String(configuration)).toBeInstanceOf(TypeError);
        }
      });
    });

    it("keeps nothing of the client's configuration: everything can be overwritten at once", async () => {
      await using bed = new Testbed(backends);
      const key = testKey.slice();
      const identity = testIdentity.slice();
      const configuration = {
        security: {
          mode: 'psk' as 'psk' | 'certificate',
          key: { desc: { type: 'psk-key', source: 'buffer', buffer: key } },
          identity: { desc: { type: 'psk-identity', source: 'buffer', buffer: identity } },
        },
        ciphersuites: [lightCiphersuite(backends)],
        handshakeTimeouts: { min: 700, max: 1_400 },
        serverNameIndication: 'plant.example' as string | undefined,
        socket: { forcedMtu: 900 as number | undefined },
        clock: bed.clock as unknown,
      };
      const client = bed.own(await backends.client.createDtlsSocket(configuration as never));
      key.fill(0);
      identity.fill(0x78);
      configuration.security.mode = 'certificate';
      configuration.security.key.desc.source = 'empty';
      configuration.ciphersuites.fill(0);
      configuration.handshakeTimeouts.min = 1;
      configuration.serverNameIndication = undefined;
      configuration.socket.forcedMtu = undefined;
      configuration.clock = undefined;
      expect(client.getOption('handshakeTimeouts')).toEqual({ min: 700, max: 1_400 });
      await bed.run(client.decorate(bed.network.createUdpSocket()));
      const { server } = await bed.connect(client, await bed.listen());
      expect(server.info?.pskIdentity).toEqual(testIdentity);
      expect(server.info?.serverName).toBe('plant.example');
    });

    it("keeps nothing of the listener's configuration, nor of what resolve returns", async () => {
      await using bed = new Testbed(backends);
      // Buffers, whose slice is no copy.
      const hint = Buffer.from('hint');
      const key = Buffer.from(counting(16));
      const configuration = {
        security: {
          mode: 'psk' as const,
          identityHint: hint,
          resolve: () => {
            key.set(testKey);
            // The key is looked at before anything that the caller does next.
            queueMicrotask(() => bed.clock.setTimeout(() => key.fill(0), 0));
            return { desc: { type: 'psk-key', source: 'buffer', buffer: key } };
          },
        },
        limits: { total: 2 },
        ciphersuites: [lightCiphersuite(backends)],
        handshakeTimeouts: { min: 700, max: 1_400 },
        clock: bed.clock,
      };
      const listener = bed.own(await backends.server.createDtlsListener(configuration as never));
      hint.fill(0x78);
      configuration.limits.total = 0;
      configuration.ciphersuites.fill(0);
      configuration.handshakeTimeouts.max = 1;
      configuration.security.resolve = () => {
        throw new Error('replaced');
      };
      listener.setOption('recvTimeout', Infinity);
      await bed.run(listener.decorate(bed.network.createUdpSocket(undefined, { address: '10.0.0.1' })));
      await bed.run(listener.bind('10.0.0.1', 5684));
      const { client } = await bed.connect(await bed.client(), listener);
      expect(textOf(client.info?.pskIdentityHint ?? utf8(''))).toBe('hint');
      expect(listener.getOption('handshakeTimeouts')).toEqual({ min: 700, max: 1_400 });
    });
  });

  describe.each(eachBackend(backends).map((backend) => [backend.name, backend] as const))(
    'capabilities of %s',
    (_name, backend) => {
      const { capabilities } = backend;
      const info = { key: pskKeyInfoFromBuffer(testKey), identity: pskIdentityInfoFromBuffer(testIdentity) };

      it('lists what the contract asks of every backend', () => {
        expect(capabilities.dtlsVersions).toContain('1.2');
        expect(capabilities.modes).toContain('psk');
        expect(capabilities.ciphersuites).toContain(0xc0a8);
        expect(new Set(capabilities.ciphersuites).size).toBe(capabilities.ciphersuites.length);
        expect(capabilities.maxPskKeyLength).toBeGreaterThanOrEqual(64);
        expect(capabilities.maxPskIdentityLength).toBeGreaterThanOrEqual(128);
      });

      it('refuses certificates with ENOTSUP unless it has them', async () => {
        if (capabilities.modes.includes('certificate')) return expect(capabilities.modes).toHaveLength(2);
        await expectRejection(backend.createDtlsSocket({ security: { mode: 'certificate' } }), 'ENOTSUP');
        await expectRejection(backend.createDtlsListener({ security: { mode: 'certificate' } }), 'ENOTSUP');
      });

      it('refuses TLS over a stream with ENOTSUP unless it has it', async () => {
        const outcome = await outcomeOf(backend.createTlsSocket({ security: { mode: 'psk', ...info } }));
        expect(outcome.ok).toBe(capabilities.tlsVersions.length > 0);
        if (outcome.ok) await outcome.value.cleanup();
        else expectErrno(outcome.error, 'ENOTSUP');
      });

      it('refuses to listen with ENOTSUP unless it can', async () => {
        const outcome = await outcomeOf(backend.createDtlsListener({ security: pskServer() }));
        expect(outcome.ok).toBe(capabilities.server);
        if (outcome.ok) await outcome.value.cleanup();
        else expectErrno(outcome.error, 'ENOTSUP');
      });
    },
  );

  describe('what a backend may lack', () => {
    it('asks the server for small records where both have max_fragment_length, else refuses', async () => {
      await using bed = new Testbed(backends);
      const made = await outcomeOf(bed.client({ maxFragmentLength: 512 }));
      expect(made.ok).toBe(backends.client.capabilities.maxFragmentLength);
      if (!made.ok) {
        expectErrno(made.error, 'ENOTSUP');
        return;
      }
      const { client, server } = await bed.connect(made.value, await bed.listen());
      const negotiated = backends.server.capabilities.maxFragmentLength ? 512 : 16_384;
      expect([client.info?.maxFragmentLength, server.info?.maxFragmentLength]).toEqual([negotiated, negotiated]);
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        const largest = from.getOption('innerMtu');
        expect(largest).toBeLessThanOrEqual(negotiated);
        await bed.run(from.send(counting(largest)));
        expect(await bed.run(to.receive())).toEqual(counting(largest));
        await expectRejection(from.send(new Uint8Array(largest + 1)), 'EMSGSIZE');
      }
    });

    it('connects with useConnectionId whether it has connection IDs or not', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair({
        client: { useConnectionId: true },
        server: { useConnectionId: true },
      });
      expect(client.getOption('connectionIdResumed')).toBe(false);
      await bed.run(client.send(utf8('id or not')));
      expect(textOf(await bed.run(server.receive()))).toBe('id or not');
    });
  });
}
