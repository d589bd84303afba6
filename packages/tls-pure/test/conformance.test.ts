import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { AlertDescription, AlertLevel } from '@avs-net/core';
import { describe, expect, it, vi } from 'vitest';
import { type Ciphersuite, ciphersuite, ciphersuites } from '../src/ciphersuites.js';
import { createCbcHmac } from '../src/crypto/cbc-hmac.js';
import { portableProvider } from '../src/crypto/portable.js';
import { prf } from '../src/crypto/prf.js';
import { premasterSecret, trafficProtection } from '../src/dtls12/key-schedule.js';
import { negotiate } from '../src/dtls12/negotiation.js';
import { type ClientHello, decodeClientHello } from '../src/handshake/client-hello.js';
import { decodeHelloVerifyRequest } from '../src/handshake/hello-verify-request.js';
import { encodeMessage } from '../src/handshake/message.js';
import { decodeServerHello, encodeServerHello } from '../src/handshake/server-hello.js';
import { encodeRecordHeader, noConnectionId, plaintextRecord } from '../src/record/header.js';
import { EnginePair, type PairOptions, type Side, testKey } from './engine-pair.js';
import { fragmentsOf, messagesOf, recordsOf, type WholeMessage } from './transcript.js';

// What the walk through the RFCs (docs/conformance) found to be met without a test that shows it.

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const suite = (id: number): Ciphersuite => {
  const found = ciphersuite(id);
  if (!found) throw new Error(`no suite ${id}`);
  return found;
};

const ccm8 = suite(0xc0a8);
const cbc = suite(0x00ae);
const ecdhe = suite(0xd001);

async function connected(options: PairOptions = {}): Promise<EnginePair> {
  const pair = new EnginePair({ suites: [ccm8], ...options });
  await pair.handshake();
  expect([pair.client.established, pair.server.established]).toEqual([1, 1]);
  return pair;
}

function messageOf(messages: readonly WholeMessage[], type: number): WholeMessage {
  const found = messages.find((message) => message.type === type);
  if (!found) throw new Error(`no message ${type}`);
  return found;
}

/** Protects a record as the side would: the engine is the carrier of its flights. */
function sealed({ engine }: Side, type: number, fragment: Uint8Array): Uint8Array {
  const carrier = engine as unknown as { seal(type: number, epoch: number, fragment: Uint8Array): Uint8Array };
  return carrier.seal(type, 1, fragment);
}

/** A client's hello with every suite, in the order given. */
function helloWith(changes: Partial<ClientHello>): ClientHello {
  const pair = new EnginePair({ serverName: 'device.example' });
  pair.start();
  return { ...decodeClientHello(messageOf(messagesOf(pair.client.sent), 1).body), ...changes };
}

describe('the cookie exchange', () => {
  it('names DTLS 1.0, and DTLS 1.2 is chosen all the same', async () => {
    const pair = await connected();
    const messages = messagesOf(pair.server.sent);
    expect(decodeHelloVerifyRequest(messageOf(messages, 3).body).version).toBe(0xfeff);
    expect(decodeServerHello(messageOf(messages, 2).body).version).toBe(0xfefd);
  });

  it('changes nothing in the ClientHello but the cookie', async () => {
    const pair = await connected({ suites: ciphersuites, serverName: 'device.example', maxFragmentLength: 512 });
    const [first, second] = messagesOf(pair.client.sent).map(({ body }) => body);
    const before = decodeClientHello(first);
    const after = decodeClientHello(second);
    expect(before.cookie).toHaveLength(0);
    expect(after.cookie).toHaveLength(16);
    expect({ ...after, cookie: before.cookie }).toEqual(before);
  });

  it('leaves the server at the record number of the ClientHello with the cookie, counting up from there', async () => {
    const pair = await connected({ suites: [ecdhe] });
    const asked = fragmentsOf(pair.client.sent).filter(({ type }) => type === 1);
    const [verify, ...flight] = fragmentsOf(pair.server.sent);
    expect(asked.map(({ record }) => record)).toEqual([0, 1]);
    expect(verify).toMatchObject({ type: 3, record: 0 });
    expect(flight.map(({ type, record }) => [type, record])).toEqual([
      [2, 1],
      [12, 2],
      [14, 3],
    ]);
  });
});

describe('handshake messages', () => {
  it('keep their message_seq when they are sent again, in records with new numbers', async () => {
    let lost = false;
    const lose = (datagram: Uint8Array): Uint8Array[] => {
      if (lost) return [datagram];
      lost = true;
      return [];
    };
    const pair = await connected({ tap: (_from, datagram) => lose(datagram) });
    const hellos = fragmentsOf(pair.client.sent).filter(({ type }) => type === 1);
    expect(hellos.map(({ messageSeq, record }) => [messageSeq, record])).toEqual([
      [0, 0],
      [0, 1],
      [1, 2],
    ]);
  });

  it('are cut without gaps and without overlaps', async () => {
    const pair = await connected({ maxDatagramSize: 100, suites: ciphersuites, serverName: 'a.long.name.example' });
    for (const { sent } of [pair.client, pair.server]) {
      const reached = new Map<number, number>();
      for (const { messageSeq, offset, length, data } of fragmentsOf(sent)) {
        expect(offset).toBe(reached.get(messageSeq) ?? 0);
        reached.set(messageSeq, offset + data.length);
        expect(offset + data.length).toBeLessThanOrEqual(length);
      }
      for (const { messageSeq, body } of messagesOf(sent)) expect(reached.get(messageSeq)).toBe(body.length);
    }
  });

  it('count whole in the Finished and the session hash, without the first ClientHello and the HelloVerifyRequest', async () => {
    const lines: string[] = [];
    const onKeyLog = (line: string): number => lines.push(line);
    const pair = await connected({ maxDatagramSize: 100, serverName: 'device.example', onKeyLog });
    const fromClient = messagesOf(pair.client.sent);
    const fromServer = messagesOf(pair.server.sent).filter(({ type }) => type !== 3);
    expect(fragmentsOf(pair.client.sent).length).toBeGreaterThan(fromClient.length);
    const [, hello, keyExchange] = fromClient;
    const hash = createHash('sha256');
    for (const { bytes } of [hello, ...fromServer, keyExchange]) hash.update(bytes);
    const transcript = new Uint8Array(hash.digest());

    const premaster = premasterSecret(testKey, undefined);
    const master = prf(portableProvider, 'sha256', premaster, 'extended master secret', transcript, 48);
    expect(lines[0]).toMatch(new RegExp(` ${Buffer.from(master).toString('hex')}$`));

    const randoms = {
      client: decodeClientHello(hello.body).random,
      server: decodeServerHello(messageOf(fromServer, 2).body).random,
    };
    const cids = { client: noConnectionId, server: noConnectionId };
    const options = { encryptThenMac: false, random: () => undefined, cids, padding: 1 };
    const keys = trafficProtection(portableProvider, ccm8, master, randoms, options);
    const finished =
      recordsOf(pair.client.sent)
        .find(({ epoch }) => epoch === 1)
        ?.bytes.slice() ?? new Uint8Array(0);
    const opened = keys.client.open(finished, 0, finished.length);
    const expected = prf(portableProvider, 'sha256', master, 'client finished', transcript, 12);
    expect(opened).toEqual(encodeMessage(20, 3, expected).bytes);
  });

  it('of the last flight are sent again more than four minutes later, if the peer asks', async () => {
    const pair: EnginePair = new EnginePair({
      suites: [ccm8],
      timeouts: { min: 1_000, max: 300_000 },
      tap: (from, datagram) => (from === 'server' && datagram[0] === 20 && pair.now < 240_000 ? [] : [datagram]),
    });
    await pair.handshake();
    expect(pair.client.established).toBe(1);
    expect(pair.now).toBeGreaterThan(240_000);
  });
});

describe('records', () => {
  it.each(
    ciphersuites.filter(({ protection }) => protection.kind === 'aead').map((each) => [each.name, each] as const),
  )('of %s have epoch and sequence number in their nonce, and none repeats', async (_name, each) => {
    const pair = await connected({ suites: [each] });
    for (const text of ['1', '2', '3']) pair.client.engine?.send(utf8(text));
    const sent = recordsOf(pair.client.sent).filter(({ epoch }) => epoch === 1);
    expect(sent.map(({ sequenceNumber }) => sequenceNumber)).toEqual([0, 1, 2, 3]);
    if (each.protection.kind === 'aead' && each.protection.explicitNonceLength > 0) {
      for (const { bytes, fragment } of sent) expect(fragment.subarray(0, 8)).toEqual(bytes.subarray(3, 11));
    }
  });

  it('that are forged do not move the replay window', async () => {
    const pair = await connected();
    const forged = new Uint8Array(60);
    encodeRecordHeader(forged, 23, 1, 2 ** 40, 47);
    pair.deliver(pair.server, forged);
    pair.client.engine?.send(utf8('genuine'));
    await pair.run();
    expect(pair.server).toMatchObject({ received: ['genuine'], dropped: { unauthenticated: 1 } });
  });

  it('with encrypt-then-MAC are not decrypted before their MAC is good', () => {
    const decrypt = vi.fn();
    const provider = {
      ...portableProvider,
      cbc: (key: Uint8Array) => {
        const real = portableProvider.cbc(key);
        decrypt.mockImplementation((...args: Parameters<typeof real.decrypt>) => real.decrypt(...args));
        return { encrypt: real.encrypt.bind(real), decrypt, destroy: real.destroy.bind(real) };
      },
    };
    const parameters = { encKey: new Uint8Array(16), macKey: new Uint8Array(32), hash: 'sha256' } as const;
    const cipher = createCbcHmac(provider, { ...parameters, encryptThenMac: true });
    const header = new Uint8Array(11);
    const body = new Uint8Array(64);
    cipher.seal(header, new Uint8Array(16), body, 0, 5);
    const forged = body.slice();
    forged[20] ^= 1;
    expect(cipher.open(header, forged, 0, 64)).toBeUndefined();
    expect(decrypt).not.toHaveBeenCalled();
    expect(cipher.open(header, body, 0, 64)).toHaveLength(5);
    expect(decrypt).toHaveBeenCalledTimes(1);
  });
});

describe('what a client offers', () => {
  it('is DTLS 1.2 without compression, and the extensions that it needs, truncated_hmac not among them', () => {
    const hello = helloWith({});
    expect(hello).toMatchObject({
      version: 0xfefd,
      compressionMethods: Uint8Array.of(0),
      sessionId: new Uint8Array(0),
    });
    // server_name, supported_groups, ec_point_formats, encrypt_then_mac, extended_master_secret, session_ticket, renegotiation_info
    expect([...hello.extensions.keys()]).toEqual([0, 10, 11, 22, 23, 35, 0xff01]);
    expect(hello.extensions.get(10)).toEqual(Uint8Array.of(0, 4, 0, 29, 0, 23));
    expect(hello.extensions.get(11)).toEqual(Uint8Array.of(1, 0));
    for (const type of [22, 23, 35]) expect(hello.extensions.get(type)).toHaveLength(0);
    expect(hello.extensions.get(0xff01)).toEqual(Uint8Array.of(0));
  });

  it('is forward secrecy first, then AEADs, then CBC; keys have 128 bits or more', () => {
    const rank = ({ keyExchange, protection }: Ciphersuite): number =>
      (keyExchange === 'ECDHE_PSK' ? 0 : 2) + (protection.kind === 'aead' ? 0 : 1);
    const ranks = ciphersuites.map(rank);
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    for (const { name, protection } of ciphersuites) {
      expect(name).toMatch(/^TLS_(ECDHE_)?PSK_WITH_(AES_(128|256)_(GCM|CCM|CCM_8|CBC)|CHACHA20_POLY1305)/);
      expect(protection.keyLength).toBeGreaterThanOrEqual(16);
    }
  });

  it('includes encrypt_then_mac only where it offers CBC', () => {
    const pair = new EnginePair({ suites: [ccm8, ecdhe] });
    pair.start();
    const { extensions } = decodeClientHello(messageOf(messagesOf(pair.client.sent), 1).body);
    expect(extensions.has(22)).toBe(false);
  });

  it('has a new ephemeral key each time, and so has the answer', async () => {
    const pair = await connected({ suites: [ecdhe] });
    const keys = () => [
      Buffer.from(messageOf(messagesOf(pair.server.sent), 12).body).toString('hex'),
      Buffer.from(messageOf(messagesOf(pair.client.sent), 16).body).toString('hex'),
    ];
    const first = keys();
    pair.server.engine = undefined;
    for (const { sent } of [pair.client, pair.server]) sent.length = 0;
    pair.start();
    await pair.run(() => pair.client.established === 2);
    const second = keys();
    expect(second[0]).not.toBe(first[0]);
    expect(second[1]).not.toBe(first[1]);
  });
});

describe('what a server answers', () => {
  it('is the first of its own suites that is offered: AES-128-GCM with forward secrecy by default', () => {
    const reversed = ciphersuites.map(({ id }) => id).reverse();
    expect(negotiate(helloWith({ ciphersuites: reversed }), ciphersuites).suite.name).toBe(
      'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256',
    );
  });

  it('is DTLS 1.2 to a client that offers something newer', () => {
    expect(negotiate(helloWith({ version: 0xfefc }), ciphersuites).suite).toBe(ciphersuites[0]);
  });

  it('does not acknowledge extensions that it does not have, truncated_hmac among them', () => {
    const { extensions } = helloWith({});
    for (const type of [4, 5, 15, 35, 0x1234]) extensions.set(type, new Uint8Array(0));
    const answer = negotiate(helloWith({ extensions }), ciphersuites).extensions;
    expect([...answer.keys()].sort((a, b) => a - b)).toEqual([0, 11, 23, 0xff01]);
  });

  it('acknowledges encrypt_then_mac with CBC, and with nothing else', () => {
    const { extensions } = helloWith({});
    for (const each of ciphersuites) {
      const choice = negotiate(helloWith({ ciphersuites: [each.id], extensions }), ciphersuites);
      expect(choice.extensions.has(22), each.name).toBe(each.protection.kind === 'cbc');
      expect(choice.encryptThenMac, each.name).toBe(each.protection.kind === 'cbc');
    }
  });

  it.each([
    ['the extension', new Map([[0xff01, Uint8Array.of(0)]]), []],
    ['TLS_EMPTY_RENEGOTIATION_INFO_SCSV', new Map(), [0x00ff]],
  ])('acknowledges renegotiation_info to a client that sent %s', (_what, extensions, extra) => {
    const hello = helloWith({ ciphersuites: [ccm8.id, ...extra], extensions });
    expect(negotiate(hello, ciphersuites).extensions.get(0xff01)).toEqual(Uint8Array.of(0));
  });

  it('is refused by a client when it acknowledges encrypt_then_mac with an AEAD', async () => {
    const pair = new EnginePair({
      suites: [ccm8, cbc],
      tap: (from, datagram) => {
        if (from === 'client' || fragmentsOf([datagram])[0]?.type !== 2) return undefined;
        return recordsOf([datagram]).map(({ bytes, sequenceNumber, fragment }) => {
          const [message] = messagesOf([bytes]);
          if (fragment[0] !== 2) return bytes;
          const hello = decodeServerHello(message.body);
          hello.extensions.set(22, new Uint8Array(0));
          return plaintextRecord(
            22,
            sequenceNumber,
            encodeMessage(2, message.messageSeq, encodeServerHello(hello)).bytes,
          );
        });
      },
    });
    await pair.handshake();
    expect(pair.client.error).toMatchObject({ description: AlertDescription.illegal_parameter, direction: 'sent' });
  });
});

describe('alerts', () => {
  it('are none of those that are reserved or belong to certificates', () => {
    const root = new URL('../src/', import.meta.url);
    const used = new Set<string>();
    for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const text = readFileSync(new URL(file, root), 'utf8');
      for (const [, name] of text.matchAll(/AlertDescription\.(\w+)/g)) used.add(name);
    }
    expect([...used].sort()).toEqual([
      'bad_record_mac',
      'close_notify',
      'decode_error',
      'decrypt_error',
      'handshake_failure',
      'illegal_parameter',
      'internal_error',
      'no_renegotiation',
      'protocol_version',
      'unexpected_message',
      'unsupported_extension',
    ]);
  });

  it.each(['protocol_version', 'insufficient_security'] as const)(
    'end a client that is told %s: it does not try again with less',
    async (name) => {
      const pair = new EnginePair({ suites: [ccm8] });
      pair.start();
      pair.deliver(pair.client, plaintextRecord(21, 0, Uint8Array.of(2, AlertDescription[name])));
      await pair.run();
      expect(pair.client.error).toMatchObject({ description: AlertDescription[name], direction: 'received' });
      expect(messagesOf(pair.client.sent)).toHaveLength(1);
    },
  );

  it('of user_canceled are told, as are all warnings, and change nothing', async () => {
    const pair = await connected();
    pair.deliver(pair.client, sealed(pair.server, 21, Uint8Array.of(1, AlertDescription.user_canceled)));
    expect(pair.client.alerts).toEqual([
      { direction: 'received', level: AlertLevel.warning, description: AlertDescription.user_canceled },
    ]);
    expect(pair.client.closed).toBe(0);
  });

  it('of no_renegotiation answer a HelloRequest, and no handshake begins', async () => {
    const pair = await connected();
    const before = messagesOf(pair.client.sent).length;
    pair.deliver(pair.client, sealed(pair.server, 22, encodeMessage(0, 0, new Uint8Array(0)).bytes));
    await pair.run();
    expect(pair.server.alerts).toEqual([
      { direction: 'received', level: AlertLevel.warning, description: AlertDescription.no_renegotiation },
    ]);
    expect(messagesOf(pair.client.sent)).toHaveLength(before);
    pair.client.engine?.send(utf8('still here'));
    await pair.run();
    expect(pair.server.received).toEqual(['still here']);
  });
});
