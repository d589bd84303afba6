import { AlertDescription, AlertLevel, isErrno } from '@avs-net/core';
import { MemoryNetwork, VirtualClock } from '@avs-net/core/testing';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { describe, expect, it } from 'vitest';
import { type Ciphersuite, ciphersuites, type UsageLimits } from '../src/ciphersuites.js';
import { createDtlsListener, createDtlsSocket } from '../src/index.js';
import { encodeRecordHeader } from '../src/record/header.js';
import { EnginePair, testKey } from './engine-pair.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const limited = (suite: Ciphersuite, limits: Partial<UsageLimits>): Ciphersuite => ({
  ...suite,
  protection: { ...suite.protection, limits: { ...suite.protection.limits, ...limits } },
});

const each = ciphersuites.map((suite) => [suite.name, suite] as const);

async function connected(suite: Ciphersuite): Promise<EnginePair> {
  const pair = new EnginePair({ suites: [suite] });
  await pair.handshake();
  expect([pair.client.established, pair.server.established]).toEqual([1, 1]);
  return pair;
}

/** A record of epoch 1 that nobody has the key of. */
function forgery(sequenceNumber: number): Uint8Array {
  const record = new Uint8Array(13 + 96);
  encodeRecordHeader(record, 23, 1, sequenceNumber, 96);
  return record;
}

describe('the limits on the use of a key', () => {
  it('are those of RFC 9325 §4.4 and RFC 9147 §4.5.3', () => {
    const limits = Object.fromEntries(
      ciphersuites.map(({ name, protection }) => [
        name.replace(/^TLS_(ECDHE_)?PSK_WITH_/, ''),
        [Math.log2(protection.limits.records).toFixed(1), Math.log2(protection.limits.forgeries).toFixed(1)],
      ]),
    );
    expect(limits).toEqual({
      AES_128_GCM_SHA256: ['24.5', '28.0'],
      AES_256_GCM_SHA384: ['24.5', '28.0'],
      AES_128_CCM: ['23.0', '23.5'],
      AES_256_CCM: ['23.0', '23.5'],
      AES_128_CCM_8: ['23.0', '23.5'],
      AES_128_CCM_8_SHA256: ['23.0', '23.5'],
      AES_256_CCM_8: ['23.0', '23.5'],
      CHACHA20_POLY1305_SHA256: ['48.0', '36.0'],
      AES_128_CBC_SHA256: ['24.5', '28.0'],
    });
  });

  it.each(each)('end an association whose sender has reached the one of %s with EOVERFLOW', async (_name, suite) => {
    // The Finished is one of the five.
    const pair = await connected(limited(suite, { records: 5 }));
    const { client, server } = pair;
    for (const text of ['1', '2', '3', '4']) client.engine?.send(utf8(text));
    expect(() => client.engine?.send(utf8('5'))).toThrow(/EOVERFLOW.*connect again/);
    await pair.run();
    expect(isErrno(client.error, 'EOVERFLOW')).toBe(true);
    expect(() => client.engine?.send(utf8('6'))).toThrow(/ENOTCONN/);
    expect(server.received).toEqual(['1', '2', '3', '4']);
    expect(server).toMatchObject({ closed: 1, error: undefined });
    expect([client.established, client.closed]).toEqual([1, 1]);
  });

  it('end a server that has reached it as well', async () => {
    const pair = await connected(limited(ciphersuites[0], { records: 2 }));
    pair.server.engine?.send(utf8('1'));
    expect(() => pair.server.engine?.send(utf8('2'))).toThrow(/EOVERFLOW/);
    await pair.run();
    expect(pair.client).toMatchObject({ closed: 1, error: undefined, received: ['1'] });
  });

  it.each(each)('end an association at the last forgery that %s allows, by bad_record_mac', async (_name, suite) => {
    const pair = await connected(limited(suite, { forgeries: 4 }));
    const { client, server } = pair;
    for (let i = 0; i < 3; i++) pair.deliver(server, forgery(100 + i));
    client.engine?.send(utf8('unharmed'));
    await pair.run();
    expect(server).toMatchObject({ closed: 0, received: ['unharmed'], dropped: { unauthenticated: 3 } });
    pair.deliver(server, forgery(103));
    await pair.run();
    const alert = { level: AlertLevel.fatal, description: AlertDescription.bad_record_mac };
    expect(server.error).toMatchObject({ ...alert, direction: 'sent' });
    expect(client.error).toMatchObject({ ...alert, direction: 'received' });
  });

  it('do not count what is not tried: replays, other epochs, what is malformed', async () => {
    const pair = await connected(limited(ciphersuites[0], { forgeries: 1 }));
    pair.client.engine?.send(utf8('once'));
    const datagram = pair.client.sent.at(-1) ?? new Uint8Array(0);
    await pair.run();
    const otherEpoch = forgery(200);
    otherEpoch[4] = 2;
    for (let i = 0; i < 20; i++) {
      pair.deliver(pair.server, datagram);
      pair.deliver(pair.server, otherEpoch);
      pair.deliver(pair.server, otherEpoch.subarray(0, 40));
    }
    expect(pair.server).toMatchObject({ closed: 0, dropped: { replayed: 20, epoch: 20, malformed: 20 } });
  });

  it('reject the send and whoever receives with EOVERFLOW, and the socket connects again', async () => {
    const clock = new VirtualClock();
    const network = new MemoryNetwork({ seed: 1, clock });
    const key = pskKeyInfoFromBuffer(testKey);
    const listener = await createDtlsListener({ security: { mode: 'psk', resolve: () => key }, clock });
    await listener.decorate(network.createUdpSocket({}, { address: '10.0.0.1' }));
    await listener.bind('10.0.0.1', 5684);
    const security = { mode: 'psk', key, identity: pskIdentityInfoFromBuffer('device') } as const;
    const socket = await createDtlsSocket({ security, clock, ciphersuites: [ciphersuites[0].id] });
    await socket.decorate(network.createUdpSocket({}, { address: '10.0.0.2' }));
    const limits = ciphersuites[0].protection.limits as { records: number };
    const { records } = limits;
    limits.records = 2;
    try {
      await clock.runUntil(socket.connect('10.0.0.1', 5684));
      await clock.runUntil(socket.send(utf8('last')));
      const received = socket.receive().catch((error: unknown) => error);
      await expect(clock.runUntil(socket.send(utf8('too many')))).rejects.toThrow(/EOVERFLOW/);
      expect(isErrno(await clock.runUntil(received), 'EOVERFLOW')).toBe(true);
      const accepted = await clock.runUntil(listener.accept());
      expect(await clock.runUntil(accepted.receive())).toEqual(utf8('last'));
      await expect(clock.runUntil(accepted.receive())).rejects.toThrow(/ENOTCONN/);
      await clock.runUntil(socket.close());
      await clock.runUntil(socket.connect('10.0.0.1', 5684));
      expect(socket.state).toBe('connected');
    } finally {
      limits.records = records;
      await Promise.all([socket.cleanup(), listener.cleanup()]);
    }
  });
});
