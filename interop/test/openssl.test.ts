import { spawnSync } from 'node:child_process';
import { isErrno, type TlsConfiguration } from '@avs-net/core';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { ciphersuiteName, ciphersuites, createDtlsListener, createDtlsSocket } from '@avs-net/tls-pure';
import { describe, expect, it } from 'vitest';
import { freeUdpPort, hasPeer, ProcessPeer } from '../src/process-peer.js';

const keyHex = '101112131415161718191a1b1c1d1e1f';
const key = pskKeyInfoFromBuffer(Buffer.from(keyHex, 'hex'));
const identity = 'urn:dev:interop';

// CCM_8 is at security level 0 from OpenSSL 3.2 on; before that @SECLEVEL=0 changes nothing for it.
const cipherList = 'ALL:@SECLEVEL=0';

const openssl = hasPeer('openssl', ['version'], 'apt-get install openssl, or your system’s package of OpenSSL 3');

/** Our suites that this OpenSSL has, by what it says itself. */
function commonSuites(): number[] {
  const listed = spawnSync('openssl', ['ciphers', '-stdname', '-psk', cipherList], { encoding: 'utf8' }).stdout;
  const names = new Set(listed.split('\n').map((line) => line.split(' ')[0]));
  return ciphersuites.map(({ id }) => id).filter((id) => names.has(ciphersuiteName(id)));
}

const suites = openssl ? commonSuites() : [];

function clientConfiguration(suite: number): TlsConfiguration {
  return {
    security: { mode: 'psk', key, identity: pskIdentityInfoFromBuffer(identity) },
    ciphersuites: [suite],
  };
}

function server(port: number, ...more: string[]): ProcessPeer {
  const psk = ['-psk', keyHex, '-psk_identity', identity, '-nocert', '-cipher', cipherList];
  return new ProcessPeer('openssl', ['s_server', '-dtls1_2', ...psk, '-accept', `127.0.0.1:${port}`, '-4', ...more]);
}

function client(port: number): ProcessPeer {
  const psk = ['-psk', keyHex, '-psk_identity', identity, '-cipher', cipherList];
  return new ProcessPeer('openssl', ['s_client', '-dtls1_2', ...psk, '-connect', `127.0.0.1:${port}`]);
}

it.runIf(openssl)(
  'OpenSSL has every suite of ours but the ECDHE_PSK ones of RFC 8442, which it never implemented',
  () => {
    const missing = ciphersuites.map(({ id }) => id).filter((id) => !suites.includes(id));
    expect(missing.map(ciphersuiteName)).toEqual([
      'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256',
      'TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256',
    ]);
  },
);

describe.runIf(openssl)('our client and openssl s_server', () => {
  it.each(suites.map((suite) => [ciphersuiteName(suite), suite] as const))(
    'exchange data with %s',
    async (_name, suite) => {
      const port = await freeUdpPort();
      await using peer = server(port, '-listen');
      await peer.printed('ACCEPT');
      await using socket = await createDtlsSocket(clientConfiguration(suite));
      await socket.connect('127.0.0.1', port);
      expect(socket.info).toMatchObject({ ciphersuite: suite, extendedMasterSecret: true, flights: 3 });
      await socket.send(Buffer.from('from the device\n'));
      await peer.printed('from the device');
      peer.write('from the server\n');
      expect(Buffer.from(await socket.receive()).toString()).toBe('from the server\n');
    },
  );

  it('agree when the server keeps state for its cookies and cuts its flight into datagrams of 256 bytes', async () => {
    const port = await freeUdpPort();
    await using peer = server(port, '-mtu', '256', '-psk_hint', 'h'.repeat(250));
    await peer.printed('ACCEPT');
    await using socket = await createDtlsSocket(clientConfiguration(0xc037));
    await socket.connect('127.0.0.1', port);
    expect(socket.info?.pskIdentityHint).toHaveLength(250);
    await socket.send(Buffer.from('hello\n'));
    await peer.printed('hello');
  });

  it('do not connect when the keys differ: OpenSSL drops our Finished in silence, and our timers run out', async () => {
    const port = await freeUdpPort();
    await using peer = server(port, '-listen');
    await peer.printed('ACCEPT');
    const wrong = pskKeyInfoFromBuffer(Buffer.alloc(16, 1));
    await using socket = await createDtlsSocket({
      ...clientConfiguration(0xc0a8),
      security: { mode: 'psk', key: wrong, identity: pskIdentityInfoFromBuffer(identity) },
      handshakeTimeouts: { min: 200, max: 400 },
    });
    const error: unknown = await socket.connect('127.0.0.1', port).catch((reason: unknown) => reason);
    expect(isErrno(error, 'ETIMEDOUT'), String(error)).toBe(true);
    expect(String(error)).toContain('another key');
  });
});

describe.runIf(openssl)('openssl s_client and our listener', () => {
  it.each(suites.map((suite) => [ciphersuiteName(suite), suite] as const))(
    'exchange data with %s',
    async (_name, suite) => {
      await using listener = await createDtlsListener({
        security: { mode: 'psk', resolve: (id) => (Buffer.from(id).toString() === identity ? key : undefined) },
        ciphersuites: [suite],
      });
      await listener.bind('127.0.0.1', 0);
      await using peer = client(listener.localPort);
      const socket = await listener.accept();
      expect(socket.info).toMatchObject({ ciphersuite: suite, pskIdentity: new TextEncoder().encode(identity) });
      peer.write('from the device\n');
      expect(Buffer.from(await socket.receive()).toString()).toBe('from the device\n');
      await socket.send(Buffer.from('from the server\n'));
      await peer.printed('from the server');
      expect(listener.stats).toMatchObject({ cookiesSent: 1, accepted: 1, failed: 0 });
    },
  );

  it('do not connect when the keys differ, and the client is told so', async () => {
    await using listener = await createDtlsListener({
      security: { mode: 'psk', resolve: () => pskKeyInfoFromBuffer(Buffer.alloc(16, 1)) },
    });
    await listener.bind('127.0.0.1', 0);
    await using peer = client(listener.localPort);
    await peer.printed('alert decrypt error');
    expect(listener.stats).toMatchObject({ accepted: 0, failed: 1 });
  });
});
