import { AlertDescription, AlertLevel, type SecureSocket, ServerSessions, type TlsConfiguration } from '@avs-net/core';
import { MemoryNetwork, VirtualClock } from '@avs-net/core/testing';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Ciphersuite, ciphersuite } from '../src/ciphersuites.js';
import { portableProvider } from '../src/crypto/portable.js';
import { keyLogLine, masterSecret, premasterSecret } from '../src/dtls12/key-schedule.js';
import { type ClientHello, decodeClientHello } from '../src/handshake/client-hello.js';
import { decodeFragment, HandshakeType } from '../src/handshake/message.js';
import { decodeServerHello, type ServerHello } from '../src/handshake/server-hello.js';
import { createDtlsListener, createDtlsSocket, type PureSettings } from '../src/index.js';
import { sessionCrypto } from '../src/session/session-crypto.js';
import { Reader } from '../src/wire/reader.js';
import { EnginePair, testKey } from './engine-pair.js';

// Peers that lack an extension. Taking it away on the wire would only show that tampering fails, so it is taken away where the sender
// writes its hello: both sides then have the same transcript.

const missing = vi.hoisted(() => new Set<number>());

vi.mock('../src/handshake/client-hello.js', async (original) => {
  const module = await original<typeof import('../src/handshake/client-hello.js')>();
  const without = (hello: ClientHello): ClientHello => ({
    ...hello,
    extensions: new Map([...hello.extensions].filter(([type]) => !missing.has(type))),
  });
  return { ...module, encodeClientHello: (hello: ClientHello) => module.encodeClientHello(without(hello)) };
});

afterEach(() => missing.clear());

const suite = (id: number): Ciphersuite => {
  const found = ciphersuite(id);
  if (!found) throw new Error(`no suite ${id}`);
  return found;
};

const ccm8 = suite(0xc0a8);
const cbc = suite(0x00ae);

function hello<T>(datagrams: readonly Uint8Array[], type: number, decode: (body: Uint8Array) => T): T {
  for (const datagram of datagrams) {
    const fragment = decodeFragment(new Reader(datagram, 13));
    if (fragment.type === type) return decode(fragment.data);
  }
  throw new Error(`no message ${type}`);
}

const clientHello = (pair: EnginePair): ClientHello =>
  hello(pair.client.sent, HandshakeType.client_hello, decodeClientHello);
const serverHello = (pair: EnginePair): ServerHello =>
  hello(pair.server.sent, HandshakeType.server_hello, decodeServerHello);

async function exchange(pair: EnginePair): Promise<void> {
  pair.client.engine?.send(new TextEncoder().encode('ping'));
  pair.server.engine?.send(new TextEncoder().encode('pong'));
  await pair.run();
  expect([pair.server.received, pair.client.received]).toEqual([['ping'], ['pong']]);
}

/** A bound listener and a client, in virtual time. */
async function sockets(more: Partial<TlsConfiguration> = {}) {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ seed: 1, clock });
  const key = pskKeyInfoFromBuffer(testKey);
  const listener = await createDtlsListener({ security: { mode: 'psk', resolve: () => key }, clock });
  await listener.decorate(network.createUdpSocket({}, { address: '10.0.0.1' }));
  await listener.bind('10.0.0.1', 5684);
  const identity = pskIdentityInfoFromBuffer('device');
  const socket = await createDtlsSocket({ security: { mode: 'psk', key, identity }, clock, ...more });
  await socket.decorate(network.createUdpSocket({}, { address: '10.0.0.2' }));
  return { clock, listener, socket };
}

describe('a peer without the extended master secret', () => {
  it('is not told of it, gets the master secret of RFC 5246 §8.1, and `info` says so', async () => {
    missing.add(23);
    const lines: string[] = [];
    const pair = new EnginePair({ suites: [ccm8], onKeyLog: (line) => lines.push(line) });
    await pair.handshake();
    const { random: client } = clientHello(pair);
    const { random: server, extensions } = serverHello(pair);
    expect(extensions.has(23)).toBe(false);
    for (const { engine } of [pair.client, pair.server]) expect(engine?.info?.extendedMasterSecret).toBe(false);
    const standard = masterSecret(
      portableProvider,
      ccm8,
      premasterSecret(testKey, undefined),
      { client, server },
      undefined,
    );
    expect(lines).toEqual([keyLogLine(client, standard)]);
    await exchange(pair);
  });
});

describe('an association without the extended master secret', () => {
  it('carries data, and exports no keys', async () => {
    missing.add(23);
    const { clock, listener, socket } = await sockets();
    await clock.runUntil(socket.connect('10.0.0.1', 5684));
    const accepted = (await clock.runUntil(listener.accept())) as SecureSocket;
    for (const each of [socket, accepted]) {
      expect(each.info?.extendedMasterSecret).toBe(false);
      expect(() => each.exportKeyingMaterial(32, 'EXPERIMENTAL')).toThrow(/ENOTSUP.*RFC 7627 §5\.4/);
    }
    await socket.send(testKey);
    expect(await clock.runUntil(accepted.receive())).toEqual(testKey);
    await Promise.all([socket.cleanup(), listener.cleanup()]);
  });
});

describe('a session without the extended master secret', () => {
  it('is not kept by either side', async () => {
    missing.add(23);
    const settings = { cache: undefined, tickets: undefined, lifetime: 1_000 };
    const random = (bytes: Uint8Array): void => {
      globalThis.crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
    };
    const sessions = new ServerSessions(sessionCrypto(portableProvider, random), Date.now, settings);
    const pair = new EnginePair({ suites: [ccm8], sessions });
    await pair.handshake();
    expect(pair.client.established).toBe(1);
    expect(serverHello(pair).extensions.has(35)).toBe(false);
    expect(serverHello(pair).sessionId).toHaveLength(0);
    expect(pair.client.sessions).toEqual([]);
  });
});

describe('a peer without encrypt-then-MAC', () => {
  it('is not told of it, and speaks MAC-then-encrypt', async () => {
    missing.add(22);
    const pair = new EnginePair({ suites: [cbc] });
    await pair.handshake();
    expect(serverHello(pair).extensions.has(22)).toBe(false);
    for (const { engine } of [pair.client, pair.server]) expect(engine?.info?.encryptThenMac).toBe(false);
    await exchange(pair);
  });
});

describe('a server without renegotiation_info', () => {
  it('is refused with handshake_failure', async () => {
    missing.add(0xff01);
    const pair = new EnginePair({ suites: [ccm8] });
    await pair.handshake();
    expect(serverHello(pair).extensions.has(0xff01)).toBe(false);
    expect(pair.client.error).toMatchObject({
      level: AlertLevel.fatal,
      description: AlertDescription.handshake_failure,
      direction: 'sent',
    });
    expect(pair.client.error?.message).toContain('RFC 5746');
    expect(pair.server.established).toBe(0);
  });

  it('is connected to by a client that was told to', async () => {
    missing.add(0xff01);
    const { clock, listener, socket } = await sockets({
      additionalConfiguration: (native) => {
        (native as PureSettings).legacyServers = true;
      },
    });
    await clock.runUntil(socket.connect('10.0.0.1', 5684));
    expect(socket.state).toBe('connected');
    await Promise.all([socket.cleanup(), listener.cleanup()]);
  });
});
