import { AlertDescription, CiphersuiteNumber, type TlsCommonConfiguration } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import { counting, utf8 } from '../../tls-contract/src/bytes.js';
import { expectAlert, expectErrno, rejectionOf } from '../../tls-contract/src/outcomes.js';
import { pskClient, pskServer, serverAddress, serverPort, Testbed } from '../../tls-contract/src/testbed.js';
import { backend, type OpensslSettings } from '../src/index.js';

const backends = { client: backend, server: backend };

/** A peer that knows nothing newer. */
const old: TlsCommonConfiguration = {
  version: '1.0',
  ciphersuites: [],
  additionalConfiguration: (settings) => {
    (settings as OpensslSettings).highestVersion = '1.0';
  },
};

const dtls10Suites = [
  'TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256',
  'TLS_PSK_WITH_AES_128_CBC_SHA256',
  'TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA',
  'TLS_PSK_WITH_AES_128_CBC_SHA',
] as const;

describe('DTLS 1.0', () => {
  it.each([
    ['client', { client: old, server: { version: '1.0' } }],
    ['server', { client: { version: '1.1', ciphersuites: [] }, server: old }],
  ] as const)('is spoken with a %s that knows nothing newer, where it is asked for', async (_side, setup) => {
    await using bed = new Testbed(backends);
    const { client, server } = await bed.pair(setup);
    expect([client.info?.version, server.info?.version]).toEqual(['1.0', '1.0']);
    await bed.run(client.send(utf8('up')));
    expect(await bed.run(server.receive())).toEqual(utf8('up'));
    await bed.run(server.send(utf8('down')));
    expect(await bed.run(client.receive())).toEqual(utf8('down'));
    await bed.run(client.shutdown());
    expectErrno(await bed.run(rejectionOf(server.receive())), 'ENOTCONN');
  });

  it.each(dtls10Suites)('has %s, and fills datagrams to the byte', async (name) => {
    await using bed = new Testbed(backends);
    const ciphersuites = [CiphersuiteNumber[name]];
    const { client, server } = await bed.pair({ client: { ...old, ciphersuites }, server: { version: '1.0' } });
    expect(client.info).toMatchObject({ version: '1.0', ciphersuite: ciphersuites[0] });
    const largest = client.getOption('innerMtu');
    bed.wire.length = 0;
    await bed.run(client.send(counting(largest)));
    expect(await bed.run(server.receive())).toEqual(counting(largest));
    const [record] = bed.wire;
    const below = client.getOption('mtu') - 28;
    expect(record?.data.length).toBeGreaterThan(below - 16);
    expect(record?.data.length).toBeLessThanOrEqual(below);
  });

  it.each([
    ['tickets', { cache: false }],
    ['session IDs', { tickets: false }],
  ] as const)('resumes by %s, and not in another version', async (_what, resumption) => {
    await using bed = new Testbed(backends);
    const { client, listener } = await bed.pair({ client: old, server: { version: '1.0', resumption } });
    for (let i = 0; i < 2; i++) {
      await bed.run(client.close());
      const { server } = await bed.connect(client, listener);
      const expected = { version: '1.0', resumed: true, extendedMasterSecret: true };
      expect([client.info, server.info]).toMatchObject([expected, expected]);
      await bed.run(client.send(utf8('again')));
      expect(await bed.run(server.receive())).toEqual(utf8('again'));
    }
    const sessionResumptionBuffer = new Uint8Array(1_024);
    await bed.run((await bed.connect(await bed.client({ ...old, sessionResumptionBuffer }), listener)).client.close());
    const { ciphersuites } = old;
    const newer = await bed.client({ version: '1.0', ciphersuites, sessionResumptionBuffer });
    await bed.connect(newer, listener);
    expect(newer.info).toMatchObject({ version: '1.2', resumed: false });
  });

  it('comes through loss, reordering and duplication of 20 % each way', async () => {
    await using bed = new Testbed(backends, { seed: 3, faults: { loss: 0.2, duplication: 0.2, reordering: 0.2 } });
    const listener = await bed.listen({ version: '1.0' });
    for (let i = 0; i < 10; i++) {
      const { client, server } = await bed.connect(await bed.client(old), listener);
      expect([client.info?.version, server.info?.version], `seed 3, connection ${i}`).toEqual(['1.0', '1.0']);
    }
  });

  it('drops forged records of every length', async () => {
    await using bed = new Testbed(backends);
    const { client, server } = await bed.pair({ client: old, server: { version: '1.0' } });
    const [from, to] = [
      { host: client.localHost, port: client.localPort },
      { host: serverAddress, port: serverPort },
    ];
    for (let length = 0; length < 100; length++) {
      const header = [23, 0xfe, 0xff, 0, 1, 0, 0, 0, 0, 1, length, 0, length];
      bed.network.inject(Uint8Array.of(...header, ...counting(length)), from, to);
    }
    await bed.clock.advance(1);
    expect(server.dropped.unauthenticated).toBe(100);
    await bed.run(client.send(utf8('unharmed')));
    expect(await bed.run(server.receive())).toEqual(utf8('unharmed'));
  });

  it('ends with decrypt_error when the keys differ', async () => {
    await using bed = new Testbed(backends);
    await bed.listen({ version: '1.0', security: pskServer(counting(16, 9)) });
    const alert = expectAlert(await bed.run(rejectionOf((await bed.client(old)).connect(serverAddress, serverPort))));
    expect(alert).toMatchObject({ description: AlertDescription.decrypt_error, direction: 'received' });
  });

  it.each([
    ['a listener', 'received', { client: old, server: {} }],
    ['a client', 'sent', { client: {}, server: old }],
  ] as const)('is refused with protocol_version by %s that was not told to', async (_who, direction, setup) => {
    await using bed = new Testbed(backends);
    await bed.listen(setup.server);
    const client = await bed.client({ ciphersuites: [], ...setup.client });
    const alert = expectAlert(await bed.run(rejectionOf(client.connect(serverAddress, serverPort))));
    expect(alert).toMatchObject({ description: AlertDescription.protocol_version, direction });
  });

  it('lends its suites to nobody else', async () => {
    const ciphersuites = [CiphersuiteNumber.TLS_PSK_WITH_AES_128_CBC_SHA];
    for (const version of [undefined, '1.2'] as const) {
      const make = backend.createDtlsSocket({ security: pskClient(), ciphersuites, version });
      expect(expectErrno(await rejectionOf(make), 'EINVAL').message).toContain('ciphersuites');
    }
  });

  it.each(['1.0', '1.3', 'DTLS1.2'])('cannot be the highest by accident: %s', async (highestVersion) => {
    const additionalConfiguration = (settings: unknown): void => {
      Object.assign(settings as object, { highestVersion });
    };
    const make = backend.createDtlsSocket({ security: pskClient(), additionalConfiguration });
    expect(expectErrno(await rejectionOf(make), 'EINVAL').message).toContain('highestVersion');
  });
});
