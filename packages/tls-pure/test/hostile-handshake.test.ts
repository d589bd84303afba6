import { AlertDescription, type EngineSink, isErrno } from '@avs-net/core';
import { MemoryNetwork, VirtualClock } from '@avs-net/core/testing';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { describe, expect, it } from 'vitest';
import { type Ciphersuite, ciphersuite } from '../src/ciphersuites.js';
import { encodeHelloVerifyRequest } from '../src/handshake/hello-verify-request.js';
import { decodeFragment, encodeFragment, encodeMessage } from '../src/handshake/message.js';
import { createDtlsListener, createDtlsSocket } from '../src/index.js';
import { decodeRecordHeader, encodeRecordHeader, plaintextRecord } from '../src/record/header.js';
import { Reader } from '../src/wire/reader.js';
import { EnginePair, testKey } from './engine-pair.js';

// Attacks on the handshake, and the failures that they and bad luck used to cause: each of these once went wrong.

function suite(id: number): Ciphersuite {
  const found = ciphersuite(id);
  if (!found) throw new Error(`no suite ${id}`);
  return found;
}

const ccm8 = suite(0xc0a8);
const cbc = suite(0x00ae);
const ecdhe = suite(0xd001);

const handshakeRecord = (type: number, messageSeq: number, body: Uint8Array = new Uint8Array(0)): Uint8Array =>
  plaintextRecord(22, 1_000, encodeMessage(type, messageSeq, body).bytes);

/** The handshake message types that a datagram holds in plaintext. */
function messageTypes(datagram: Uint8Array): number[] {
  const types = [];
  for (let at = 0; at < datagram.length; ) {
    const header = decodeRecordHeader(datagram, at);
    if (!header) break;
    if (header.type === 22 && header.epoch === 0) types.push(decodeFragment(new Reader(datagram, header.body)).type);
    at = header.end;
  }
  return types;
}

/** A record of epoch 1 that nobody has the key of. */
function forgedRecord(type: number, sequenceNumber: number): Uint8Array {
  const record = new Uint8Array(13 + 40);
  encodeRecordHeader(record, type, 1, sequenceNumber, 40);
  return record;
}

describe('a handshake over a listener', () => {
  it.each([110, 160, 200])('completes in datagrams of %d bytes, its ClientHello in pieces', async (innerMtu) => {
    const clock = new VirtualClock();
    const network = new MemoryNetwork({ seed: 1, clock, faults: { mtu: innerMtu + 28 } });
    const key = pskKeyInfoFromBuffer(testKey);
    const socketConfiguration = { forcedMtu: innerMtu + 28 };
    const listener = await createDtlsListener({ security: { mode: 'psk', resolve: () => key }, clock });
    await listener.decorate(network.createUdpSocket(socketConfiguration, { address: '10.0.0.1' }));
    await listener.bind('10.0.0.1', 5684);
    const socket = await createDtlsSocket({
      security: { mode: 'psk', key, identity: pskIdentityInfoFromBuffer('device') },
      serverNameIndication: `${'long'.repeat(12)}.example`,
      clock,
    });
    await socket.decorate(network.createUdpSocket(socketConfiguration));
    await clock.runUntil(socket.connect('10.0.0.1', 5684));
    expect(socket.info).toMatchObject({ retransmissions: 0 });
    expect(listener.stats).toMatchObject({ accepted: 1, cookiesSent: 1 });
  });
});

describe('the timers', () => {
  it('run out when one message never passes, though both sides keep repeating themselves', async () => {
    const pair = new EnginePair({
      suites: [ecdhe],
      timeouts: { min: 30, max: 2_000 },
      tap: (_from, datagram) => (messageTypes(datagram).includes(14) ? [] : [datagram]),
    });
    await pair.handshake(60_000);
    // 30 + 60 + … + 1,920 + 2,000 ms of waiting after the cookie round.
    expect(isErrno(pair.client.error, 'ETIMEDOUT')).toBe(true);
    expect(pair.now).toBeLessThan(6_100);
  });

  it('run out although someone keeps forging repetitions', async () => {
    const pair: EnginePair = new EnginePair({
      suites: [ccm8],
      timeouts: { min: 1_000, max: 4_000 },
      tap: (_from, datagram) => (messageTypes(datagram).includes(16) || datagram[0] === 21 ? [] : [datagram]),
    });
    pair.start();
    for (let at = 500; pair.client.closed === 0 && at < 60_000; at += 500) {
      await pair.run(() => pair.client.closed > 0, at);
      pair.now = Math.max(pair.now, at);
      pair.deliver(pair.client, handshakeRecord(14, 2));
    }
    expect(isErrno(pair.client.error, 'ETIMEDOUT')).toBe(true);
    expect(pair.now).toBeLessThan(8_000);
    expect(pair.client.sent.length).toBeLessThan(25);
  });

  it('end a server that waits for the rest of a ClientHello, or for a key that never comes', async () => {
    const waiting = new EnginePair({ suites: [ccm8], maxDatagramSize: 100, serverName: 'a.rather.long.name.example' });
    waiting.start();
    await waiting.run(() => waiting.server.engine !== undefined);
    const silent: EnginePair = new EnginePair({ suites: [ccm8], resolve: () => new Promise(() => undefined) });
    silent.start();
    await silent.run(() => silent.server.closed > 0);
    expect(isErrno(silent.server.error, 'ETIMEDOUT')).toBe(true);
    expect(silent.server.error?.message).toContain('key');
    expect(waiting.server.engine?.nextTimeout).toBeDefined();
  });
});

describe('the end of an association', () => {
  it('is final even from within a callback: nothing leaves in plaintext afterwards', async () => {
    const pair = new EnginePair({ suites: [ccm8] });
    pair.start();
    await pair.run(() => pair.server.engine !== undefined);
    const sink = (pair.server.engine as unknown as { sink: EngineSink }).sink;
    const transmit = sink.transmit;
    sink.transmit = (datagram) => {
      transmit(datagram);
      if (datagram[0] === 20) pair.server.engine?.destroy();
    };
    await pair.run(() => false, 500);
    expect(pair.server.established).toBe(0);
    expect(() => pair.server.engine?.send(new TextEncoder().encode('top secret'))).toThrow(/ENOTCONN/);
    expect(pair.server.sent.some((datagram) => new TextDecoder('latin1').decode(datagram).includes('top secret'))).toBe(
      false,
    );
  });

  it('may be asked for again from within the alert that tells of it', async () => {
    const pair = new EnginePair({ suites: [ccm8] });
    await pair.handshake();
    const sink = (pair.client.engine as unknown as { sink: EngineSink }).sink;
    sink.alert = () => pair.client.engine?.close(pair.now);
    pair.client.engine?.close(pair.now);
    await pair.run();
    expect(pair.client.closed).toBe(1);
  });

  it('comes for every association of a factory whose credentials were wiped: none goes on with zeros', async () => {
    const pair = new EnginePair({ suites: [ccm8], clientKey: testKey, serverKey: new Uint8Array(16) });
    pair.start();
    await pair.run(() => pair.cookiesSent > 0);
    pair.clientFactory.destroy();
    await pair.run(() => pair.client.closed > 0);
    expect(pair.client.established).toBe(0);
    expect(pair.client.error?.message).toContain('wiped');
    expect(() => pair.start()).not.toThrow();
  });
});

describe('functions of the user that throw', () => {
  it('random, for an unknown identity: the handshake fails, and nothing is left unhandled', async () => {
    const pair: EnginePair = new EnginePair({ suites: [ccm8], serverKey: undefined });
    const context = (pair.serverFactory as unknown as { context: { random: (bytes: Uint8Array) => void } }).context;
    pair.start();
    await pair.run(() => pair.server.engine !== undefined);
    context.random = () => {
      throw new Error('no entropy');
    };
    await pair.run(() => pair.server.closed > 0);
    expect(pair.server.closed).toBe(1);
    expect(pair.server.error?.message).toContain('no entropy');
    expect(pair.server.engine?.nextTimeout).toBeUndefined();
  });

  it('random, for the alert that tells of the failure: the association ends all the same', async () => {
    const pair = new EnginePair({ suites: [cbc], serverKey: new Uint8Array(16).fill(9) });
    const context = (pair.clientFactory as unknown as { context: { random: (bytes: Uint8Array) => void } }).context;
    pair.start();
    await pair.run(() => pair.server.engine !== undefined);
    context.random = () => {
      throw new Error('no entropy');
    };
    await pair.run(() => pair.client.closed > 0);
    expect(pair.client.closed).toBe(1);
  });
});

describe('forged plaintext', () => {
  it('cannot end a handshake in which only a Finished may come', async () => {
    const pair = new EnginePair({
      suites: [ccm8],
      tap: (from, datagram) => {
        const isLast = from === 'server' && datagram[0] === 20;
        return isLast ? [handshakeRecord(2, 3), handshakeRecord(14, 3), datagram] : [datagram];
      },
    });
    await pair.handshake();
    expect([pair.client.established, pair.server.established]).toEqual([1, 1]);
    expect(pair.client.dropped.unexpected).toBe(2);
  });

  it('cannot end a server whose client has announced its keys', async () => {
    const pair = new EnginePair({ suites: [ccm8], serverKey: new Uint8Array(16).fill(9) });
    pair.start();
    await pair.run(() => (pair.server.dropped.unauthenticated ?? 0) > 0);
    pair.deliver(pair.server, plaintextRecord(21, 99, Uint8Array.of(2, 40)));
    expect(pair.server.closed).toBe(0);
    expect(pair.server.dropped.epoch).toBe(1);
  });

  it('of a HelloRequest takes no place among the messages', async () => {
    const pair = new EnginePair({ suites: [ccm8] });
    pair.start();
    for (let seq = 0; seq < 4; seq++) pair.deliver(pair.client, handshakeRecord(0, seq));
    await pair.run(() => pair.client.established > 0);
    expect(pair.client.engine?.info?.retransmissions).toBe(0);
  });

  it('of a fragment that contradicts the genuine ones is overcome by a retransmission', async () => {
    const pair = new EnginePair({ suites: [ccm8] });
    pair.start();
    pair.deliver(pair.client, plaintextRecord(22, 9, encodeFragment(2, 4_000, 1, 0, Uint8Array.of(1))));
    await pair.run(() => pair.client.established > 0);
    expect(pair.client.established).toBe(1);
  });

  it('after a good message in one record does not hold that one back', async () => {
    const pair = new EnginePair({
      suites: [ccm8],
      tap: (from, datagram) => {
        if (from === 'client' || !messageTypes(datagram).includes(3)) return [datagram];
        const stray = Uint8Array.of(...datagram, 0xff);
        stray[12] += 1;
        return [stray];
      },
    });
    await pair.handshake();
    expect(pair.client.engine?.info?.retransmissions).toBe(0);
  });
});

describe('forged records of the next epoch', () => {
  it('sent ahead are not taken for a wrong key', async () => {
    const pair = new EnginePair({ suites: [ccm8] });
    pair.start();
    for (let i = 0; i < 5; i++) pair.deliver(pair.client, forgedRecord(22, i));
    await pair.run(() => pair.server.engine !== undefined);
    for (let i = 0; i < 5; i++) pair.deliver(pair.server, forgedRecord(22, i));
    await pair.run(() => pair.client.established > 0);
    expect([pair.client.established, pair.server.established]).toEqual([1, 1]);
  });

  it('do not keep the Finished out', async () => {
    const pair = new EnginePair({ suites: [ccm8] });
    pair.start();
    await pair.run(() => pair.server.engine !== undefined);
    for (let i = 0; i < 40; i++) pair.deliver(pair.server, forgedRecord(23, i));
    await pair.run(() => pair.client.established > 0);
    expect(pair.client.engine?.info?.retransmissions).toBe(0);
  });
});

describe('cookies', () => {
  it('are taken anew from a second HelloVerifyRequest, numbered 0 as by OpenSSL', async () => {
    const pair = new EnginePair({ suites: [ccm8] });
    pair.start();
    pair.deliver(
      pair.client,
      handshakeRecord(3, 0, encodeHelloVerifyRequest({ version: 0xfeff, cookie: Uint8Array.of(1, 2, 3) })),
    );
    await pair.run(() => pair.client.established > 0);
    expect(pair.client.engine?.info).toMatchObject({ flights: 4, retransmissions: 0 });
    const second = decodeFragment(new Reader(pair.client.sent[2], 13));
    expect(second.messageSeq).toBe(1);
  });

  // Found by killing devices in the middle of handshakes: the server still repeats its flight when the device comes back.
  it('separate a device that was restarted from what the server still sends for its handshake before', async () => {
    const before = new EnginePair({ suites: [ccm8] });
    before.start();
    await before.run(() => before.server.sent.length === 2);
    const pair = new EnginePair({ suites: [ccm8] });
    pair.start();
    const flight = before.server.sent[1];
    expect(messageTypes(flight)).toEqual([2, 14]);
    pair.deliver(pair.client, flight);
    await pair.run(() => pair.client.established + pair.client.closed > 0);
    expect([pair.client.established, pair.server.established]).toEqual([1, 1]);
  });

  it('are asked for once, also where only the hello with the cookie has to be cut', async () => {
    const pair = new EnginePair({ suites: [ccm8], maxDatagramSize: 100 });
    await pair.handshake();
    expect(pair.cookiesSent).toBe(1);
    expect(pair.client.engine?.info?.flights).toBe(3);
  });

  it.each([
    ['a message_seq that would wrap', (hello: Uint8Array) => hello.set([0xff, 0xff], 13 + 4)],
    ['a record number that would wrap', (hello: Uint8Array) => hello.set([255, 255, 255, 255, 255, 255], 5)],
    ['a length that nobody would reassemble', (hello: Uint8Array) => hello.set([0, 0xea, 0x60], 13 + 1)],
  ])('do not admit a hello with %s', (_what, change) => {
    const pair = new EnginePair({ suites: [ccm8] });
    pair.start();
    const hello = pair.client.sent[0].slice();
    change(hello);
    expect(pair.serverFactory.admit(hello, Uint8Array.of(1), 0).action).toBe('drop');
  });
});

it('a lost ChangeCipherSpec alone does not make an answered flight go out again', async () => {
  const pair = new EnginePair({ suites: [ccm8], maxDatagramSize: 110 });
  let lost = false;
  const options = pair.options as { tap?: (from: string, datagram: Uint8Array) => Uint8Array[] };
  options.tap = (from, datagram) => {
    if (from === 'client' && datagram[0] === 20 && !lost) {
      lost = true;
      return [];
    }
    return [datagram];
  };
  await pair.handshake();
  expect(pair.server.alerts.map(({ description }) => description)).not.toContain(AlertDescription.decrypt_error);
  expect(pair.server.engine?.info?.retransmissions).toBe(0);
});
