import { type EngineSink, ServerSessions } from '@avs-net/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ciphersuite, ciphersuite, ciphersuites } from '../src/ciphersuites.js';
import { nodeProvider } from '../src/crypto/node.js';
import { portableProvider } from '../src/crypto/portable.js';
import type { CryptoProvider } from '../src/crypto/provider.js';
import { type TrafficProtection, trafficProtection } from '../src/dtls12/key-schedule.js';
import { decodeClientHello } from '../src/handshake/client-hello.js';
import { decodeConnectionId, ExtensionType, encodeConnectionId } from '../src/handshake/extensions.js';
import { innerTypeAt } from '../src/record/connection-id.js';
import { decodeRecordHeader, plaintextRecord } from '../src/record/header.js';
import { sessionCrypto } from '../src/session/session-crypto.js';
import { bouncyCastleRecords, type CapturedRecords, pionRecords } from './captured-records.js';
import { EnginePair, type PairOptions } from './engine-pair.js';

const cid = (length: number, first = 1): Uint8Array => Uint8Array.from({ length }, (_, i) => first + i);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const none = new Uint8Array(0);
const eight = cid(8);

const [ccm8] = ciphersuites.filter(({ name }) => name === 'TLS_PSK_WITH_AES_128_CCM_8');
const named = ciphersuites.map((suite) => [suite.name, suite] as const);

async function connected(options: PairOptions): Promise<EnginePair> {
  const pair = new EnginePair({ suites: [ccm8], ...options });
  await pair.handshake();
  expect([pair.client.established, pair.server.established]).toEqual([1, 1]);
  return pair;
}

/** The first record of a datagram. */
const typeOf = (datagram: Uint8Array | undefined): number | undefined => datagram?.[0];

/** Sends from the client, without the network, and gives the datagram. */
function datagramOf(pair: EnginePair, text: string): Uint8Array {
  pair.client.engine?.send(bytes(text));
  return pair.client.sent.at(-1) ?? none;
}

describe('connection IDs', () => {
  it.each([
    ['of the server alone', none, cid(8)],
    ['of the client alone', cid(5), none],
    ['of both', cid(5), cid(8, 40)],
    ['of one byte', cid(1), cid(1, 7)],
    ['of 20 bytes', none, cid(20)],
    ['of 255 bytes', cid(255), cid(255, 3)],
    ['of no length', none, none],
  ])('%s are put into the records towards those that want them', async (_whose, clientCid, serverCid) => {
    const pair = await connected({ clientCid, serverCid });
    expect(pair.client.engine?.info).toMatchObject({ connectionId: clientCid, peerConnectionId: serverCid });
    expect(pair.server.engine?.info).toMatchObject({ connectionId: serverCid, peerConnectionId: clientCid });
    pair.client.engine?.send(bytes('up'));
    pair.server.engine?.send(bytes('down'));
    await pair.run();
    expect([pair.server.received, pair.client.received]).toEqual([['up'], ['down']]);
    for (const [sent, wanted] of [
      [pair.client.sent.at(-1), serverCid],
      [pair.server.sent.at(-1), clientCid],
    ] as const) {
      expect(typeOf(sent)).toBe(wanted.length > 0 ? 25 : 23);
      if (wanted.length > 0) expect(sent?.subarray(11, 11 + wanted.length)).toEqual(wanted);
    }
    expect([pair.client.dropped, pair.server.dropped]).toEqual([{}, {}]);
  });

  it.each([
    ['the client', { clientCid: none }],
    ['the server', { serverCid: eight }],
  ])('are not used where only %s knows of them', async (_who, options) => {
    const pair = await connected(options);
    expect(pair.client.engine?.info).toMatchObject({ connectionId: undefined, peerConnectionId: undefined });
    expect(pair.server.engine?.info).toMatchObject({ connectionId: undefined, returnRoutabilityCheck: false });
    expect(typeOf(datagramOf(pair, 'plain'))).toBe(23);
  });

  it('begin with the Finished: no plaintext record has one', async () => {
    const pair = await connected({ clientCid: cid(3), serverCid: cid(8) });
    for (const [datagrams, length] of [
      [pair.client.sent, 8],
      [pair.server.sent, 3],
    ] as const) {
      const types = datagrams.flatMap((datagram) => {
        const found: string[] = [];
        for (let at = 0; at < datagram.length; ) {
          const header = decodeRecordHeader(datagram, at, length);
          if (!header) throw new Error('not a record');
          found.push(`${header.epoch} ${header.type}`);
          at = header.end;
        }
        return found;
      });
      expect(types.filter((type) => type.startsWith('0 25') || type.startsWith('1 2'))).toEqual(['1 25']);
    }
  });

  it('are negotiated afresh when a session is resumed', async () => {
    const first = await connected({ clientCid: none, serverCid: eight });
    expect(first.client.sessions).toEqual([]);
    const random = (into: Uint8Array): void => {
      globalThis.crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);
    };
    const settings = { cache: undefined, tickets: undefined, lifetime: 1_000_000 };
    const sessions = new ServerSessions(sessionCrypto(portableProvider, random), () => 1_800_000_000_000, settings);
    const full = await connected({ clientCid: none, serverCid: eight, sessions });
    await full.run();
    const session = full.client.sessions.at(-1);
    const resumed = await connected({ clientCid: cid(2), serverCid: cid(4), sessions, session });
    expect(resumed.client.engine?.info).toMatchObject({
      resumed: true,
      connectionId: cid(2),
      peerConnectionId: cid(4),
    });
    expect(resumed.server.engine?.info).toMatchObject({
      resumed: true,
      connectionId: cid(4),
      peerConnectionId: cid(2),
    });
    resumed.client.engine?.send(bytes('again'));
    await resumed.run();
    expect(resumed.server.received).toEqual(['again']);
  });

  it('come through loss, duplication and reordering of 20 % each', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const faults = { loss: 0.2, duplication: 0.2, reordering: 0.2 };
      const pair = await connected({ clientCid: cid(4), serverCid: eight, seed, ...faults });
      expect(pair.server.engine?.info?.connectionId, `seed ${seed}`).toEqual(eight);
    }
  });

  it('show a wrong key as a wrong key all the same', async () => {
    const pair = new EnginePair({ suites: [ccm8], clientCid: none, serverCid: eight, serverKey: cid(16, 77) });
    await pair.handshake();
    expect([pair.client.error?.description, pair.server.error?.description]).toEqual([51, 51]);
  });

  it.each([
    [
      'that is long',
      { serverCid: cid(255), maxDatagramSize: 290 },
      'client',
      /a connection ID of 255 bytes .* datagrams of 290/,
    ],
    [
      'that is long',
      { clientCid: cid(255), maxDatagramSize: 290 },
      'server',
      /a connection ID of 255 bytes .* datagrams of 290/,
    ],
    ['with much padding', { recordPadding: 500, maxDatagramSize: 500 }, 'client', /padding to 500 leave no room/],
  ] as const)(
    '%s, and leaves no room in a datagram, ends the handshake, and nothing larger is sent',
    async (_what, options, who, text) => {
      const pair = new EnginePair({ suites: [ccm8], clientCid: none, serverCid: eight, ...options });
      await pair.handshake();
      expect([pair[who].error?.description, pair[who].error?.message]).toEqual([40, expect.stringMatching(text)]);
      expect([pair.client.established, pair.server.established]).toEqual([0, 0]);
      for (const { length } of [...pair.client.sent, ...pair.server.sent]) {
        expect(length).toBeLessThanOrEqual(options.maxDatagramSize);
      }
    },
  );

  it('are offered with rrc beside them, in extensions 54 and 61', async () => {
    const pair = await connected({ clientCid: cid(3), serverCid: eight });
    const { extensions } = decodeClientHello(pair.client.sent[0].subarray(25));
    expect(extensions.get(54)).toEqual(Uint8Array.of(3, 1, 2, 3));
    expect(extensions.get(61)).toEqual(none);
    expect(pair.client.engine?.info?.returnRoutabilityCheck).toBe(true);
    expect(pair.server.engine?.info?.returnRoutabilityCheck).toBe(true);
  });
});

describe('records with a connection ID', () => {
  it.each(named)('of %s carry data both ways, of any length and with any padding', async (_name, suite) => {
    const pair = await connected({ suites: [suite], clientCid: cid(3), serverCid: eight, recordPadding: 48 });
    const lengths: number[] = [];
    for (const length of [0, 1, 46, 47, 48, 1_000]) {
      pair.client.engine?.send(bytes('x'.repeat(length)));
      pair.server.engine?.send(bytes('y'.repeat(length)));
      lengths.push(pair.client.sent.at(-1)?.length ?? 0);
    }
    await pair.run();
    expect(pair.server.received.map((text) => text.length)).toEqual([0, 1, 46, 47, 48, 1_000]);
    expect(pair.client.received.map((text) => text.length)).toEqual([0, 1, 46, 47, 48, 1_000]);
    const [empty, one, most, full, more] = lengths;
    expect([one, most, full]).toEqual([empty, empty, empty]);
    expect(more).toBe(empty + 48);
    expect([pair.client.dropped, pair.server.dropped]).toEqual([{}, {}]);
  });

  it.each(named)('of %s are exactly as large as maxPlaintext says', async (_name, suite) => {
    for (const recordPadding of [1, 16, 100]) {
      const pair = await connected({ suites: [suite], clientCid: none, serverCid: cid(20), recordPadding });
      const { client } = pair;
      for (const size of [300, 301, 333, 1400]) {
        const largest = client.engine?.maxPlaintext(size) ?? 0;
        client.engine?.send(new Uint8Array(largest));
        expect(client.sent.at(-1)?.length, `${recordPadding} ${size}`).toBeLessThanOrEqual(size);
        if (size === 1400) {
          expect(() => client.engine?.send(new Uint8Array(largest + 1))).toThrow(/EMSGSIZE/);
        } else {
          client.engine?.send(new Uint8Array(largest + 1));
          expect(client.sent.at(-1)?.length, `${recordPadding} ${size}`).toBeGreaterThan(size);
        }
        expect(pair.clientFactory.maxPlaintext(size)).toBeLessThanOrEqual(largest);
      }
    }
  });

  it('hold 2^14 bytes at most, the type among them', async () => {
    const pair = await connected({ clientCid: none, serverCid: eight, maxDatagramSize: 60_000, recordPadding: 1_000 });
    expect(pair.client.engine?.maxPlaintext(60_000)).toBe(2 ** 14 - 1);
    pair.client.engine?.send(new Uint8Array(2 ** 14 - 1));
    await pair.run();
    expect(pair.server.received.map((text) => text.length)).toEqual([2 ** 14 - 1]);
  });

  it('are dropped when any byte of them was changed, the connection ID too', async () => {
    for (const [, suite] of named) {
      const pair = await connected({ suites: [suite], clientCid: none, serverCid: eight });
      const datagram = datagramOf(pair, 'genuine');
      for (let at = 0; at < datagram.length; at++) {
        const forged = datagram.slice();
        forged[at] ^= 0x01;
        pair.deliver(pair.server, forged);
      }
      expect(pair.server.received, suite.name).toEqual([]);
      expect(pair.server.dropped.connectionId).toBe(8);
      await pair.run();
      expect(pair.server.received, suite.name).toEqual(['genuine']);
    }
  });

  it('are the only ones that are taken: one without, or with another connection ID, is dropped before any cryptography', async () => {
    const pair = await connected({ clientCid: none, serverCid: eight });
    const other = datagramOf(pair, 'x').slice();
    other[12] ^= 1;
    pair.deliver(pair.server, other);
    const without = await connected({});
    pair.deliver(pair.server, datagramOf(without, 'x'));
    expect(pair.server.dropped).toEqual({ connectionId: 2 });
  });

  it('are not taken where none was negotiated', async () => {
    const pair = await connected({});
    const other = await connected({ clientCid: none, serverCid: eight });
    pair.deliver(pair.server, datagramOf(other, 'x'));
    expect(pair.server.received).toEqual([]);
    // Without its length the record cannot be told from garbage.
    expect(pair.server.dropped).toEqual({ malformed: 1 });
  });

  it('are not taken in epoch 0, whatever is in them', async () => {
    const pair = new EnginePair({ suites: [ccm8], clientCid: none, serverCid: eight });
    pair.start();
    await pair.run(() => pair.server.engine !== undefined);
    const forged = Uint8Array.from([25, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, ...eight, 0, 2, 2, 40]);
    pair.deliver(pair.server, forged);
    expect(pair.server.dropped).toEqual({ unexpected: 1 });
    await pair.run();
    expect([pair.client.established, pair.server.established]).toEqual([1, 1]);
  });

  it('are taken once: a replay is dropped, and does not count as newest', async () => {
    const pair = await connected({ clientCid: none, serverCid: eight });
    const first = datagramOf(pair, 'first');
    const second = datagramOf(pair, 'second');
    const before = pair.server.newest;
    pair.deliver(pair.server, second);
    expect(pair.server.newest - before).toBe(1);
    pair.deliver(pair.server, second);
    pair.deliver(pair.server, first);
    expect(pair.server.newest - before, 'an older one is handed out, and is not newest').toBe(1);
    expect(pair.server.received).toEqual(['second', 'first']);
    expect(pair.server.dropped).toEqual({ replayed: 1 });
  });

  it('that hold nothing but zeros, and no type, are dropped', async () => {
    const { pair, keys } = await tapped();
    // A type of 0 is a zero like the padding.
    pair.deliver(pair.server, keys.client.seal(0, 1, 50, none));
    expect(pair.server.dropped).toEqual({ malformed: 1 });
  });

  it('with types that nobody knows inside, or tls12_cid itself, are dropped', async () => {
    const { pair, keys } = await tapped();
    for (const type of [20, 24, 25, 26, 99])
      pair.deliver(pair.server, keys.client.seal(type, 1, 50 + type, bytes('xx')));
    expect(pair.server.dropped).toEqual({ unexpected: 5 });
    expect(pair.server.closed).toBe(0);
  });

  it('carry the alerts as well', async () => {
    const pair = await connected({ clientCid: cid(2), serverCid: eight });
    pair.client.engine?.close(pair.now);
    expect(typeOf(pair.client.sent.at(-1))).toBe(25);
    await pair.run();
    expect([pair.server.closed, pair.server.error]).toEqual([1, undefined]);
  });
});

describe('return routability checks', () => {
  it.each([
    ['with a connection ID each way', cid(4), eight],
    ['with a connection ID one way', none, eight],
  ])('pass %s', async (_how, clientCid, serverCid) => {
    const pair = await connected({ clientCid, serverCid });
    const cookie = cid(8, 100);
    pair.server.engine?.sendRoutabilityCheck?.(0, cookie);
    expect(typeOf(pair.server.sent.at(-1))).toBe(clientCid.length > 0 ? 25 : 27);
    await pair.run();
    expect(pair.client.checks).toEqual([{ type: 0, cookie }]);
    pair.client.engine?.sendRoutabilityCheck?.(1, cookie);
    pair.client.engine?.sendRoutabilityCheck?.(2, cookie);
    await pair.run();
    expect(pair.server.checks).toEqual([
      { type: 1, cookie },
      { type: 2, cookie },
    ]);
  });

  it('are ignored when they are of an unknown type or length', async () => {
    const { pair, keys } = await tapped();
    const messages = [none, Uint8Array.of(0), cid(9, 3), Uint8Array.of(0, ...cid(7)), Uint8Array.of(0, ...cid(9))];
    for (const [i, message] of messages.entries()) pair.deliver(pair.server, keys.client.seal(27, 1, 60 + i, message));
    expect(pair.server.checks).toEqual([]);
    expect(pair.server.dropped).toEqual({ unexpected: messages.length });
    expect(pair.server.closed).toBe(0);
  });

  it('are neither sent nor taken where they were not negotiated', async () => {
    const pair = await connected({});
    expect(() => pair.server.engine?.sendRoutabilityCheck?.(0, eight)).toThrow(/ENOTSUP/);
    const carrier = pair.client.engine as unknown as {
      seal(type: number, epoch: number, body: Uint8Array): Uint8Array;
    };
    pair.deliver(pair.server, carrier.seal(27, 1, Uint8Array.of(0, ...eight)));
    expect([pair.server.checks, pair.server.dropped]).toEqual([[], { unexpected: 1 }]);
  });

  it('are not taken in plaintext, neither during a handshake nor after it', async () => {
    const pair = new EnginePair({ suites: [ccm8], clientCid: none, serverCid: eight });
    const forged = plaintextRecord(27, 77, Uint8Array.of(0, ...eight));
    pair.start();
    await pair.run(() => pair.server.engine !== undefined);
    for (const side of [pair.client, pair.server]) pair.deliver(side, forged);
    await pair.run();
    expect([pair.client.established, pair.server.established]).toEqual([1, 1]);
    for (const side of [pair.client, pair.server]) {
      pair.deliver(side, forged);
      expect([side.checks, side.dropped]).toEqual([[], { unexpected: 1, epoch: 1 }]);
    }
  });

  it('are not agreed on without connection_id', async () => {
    const pair = new EnginePair({
      suites: [ccm8],
      clientCid: none,
      serverCid: eight,
      tap: (from, datagram) => (from === 'client' ? [withoutExtension(datagram, 54)] : undefined),
    });
    pair.start();
    await pair.run(() => pair.server.sent.some((datagram) => datagram[13] === 2));
    const hello = pair.server.sent.find((datagram) => datagram[13] === 2) ?? none;
    const extensions = [...hello.subarray(25 + 2 + 32 + 1 + 2 + 1 + 2)];
    expect(String(extensions)).not.toContain('0,61,0,0');
    expect(String(extensions)).not.toContain('0,54,');
  });
});

/** A pair whose keys are known, from the client's key log. */
async function tapped(): Promise<{ pair: EnginePair; keys: TrafficProtection }> {
  const lines: string[] = [];
  const pair = await connected({ clientCid: none, serverCid: eight, onKeyLog: (line) => lines.push(line) });
  const [, clientRandom, master] = lines[0].split(' ');
  const hello = pair.server.sent.find((datagram) => datagram[13] === 2) ?? none;
  const keys = protectionOf(portableProvider, ccm8, {
    master,
    clientRandom,
    serverRandom: Buffer.from(hello.subarray(27, 59)).toString('hex'),
    cids: { client: Buffer.from(eight).toString('hex'), server: '' },
    encryptThenMac: false,
  });
  return { pair, keys };
}

function protectionOf(
  provider: CryptoProvider,
  suite: Ciphersuite,
  captured: Omit<CapturedRecords, 'records' | 'suite'>,
  padding = 1,
  iv: Uint8Array = new Uint8Array(16),
): TrafficProtection {
  const { master, clientRandom, serverRandom, cids, encryptThenMac } = captured;
  const randoms = { client: hex(clientRandom), server: hex(serverRandom) };
  return trafficProtection(provider, suite, hex(master), randoms, {
    encryptThenMac,
    random: (bytes) => bytes.set(iv),
    cids: { client: hex(cids.client), server: hex(cids.server) },
    padding,
  });
}

/** A datagram of one ClientHello, less an extension. */
function withoutExtension(datagram: Uint8Array, type: number): Uint8Array {
  const at = datagram.findIndex((byte, i) => i > 60 && byte === 0 && datagram[i + 1] === type && datagram[i + 2] === 0);
  if (datagram[13] !== 1 || at < 0) return datagram;
  const length = 4 + datagram[at + 3];
  const body = [...datagram.subarray(25, at), ...datagram.subarray(at + length)];
  const extensionsAt = at - 25 - extensionsBefore(datagram, at);
  const shorter = (body[extensionsAt - 2] << 8) + body[extensionsAt - 1] - length;
  body[extensionsAt - 2] = shorter >> 8;
  body[extensionsAt - 1] = shorter & 0xff;
  const size = body.length;
  const head = [...datagram.subarray(13, 25)];
  for (const offset of [1, 9]) head.splice(offset, 3, 0, size >> 8, size & 0xff);
  return plaintextRecord(22, datagram[10], Uint8Array.from([...head, ...body]));
}

/** Bytes of the extensions of a ClientHello that stand before one of them. */
function extensionsBefore(datagram: Uint8Array, at: number): number {
  const body = datagram.subarray(25);
  let start = 34;
  start += 1 + body[start];
  start += 1 + body[start];
  start += 2 + (body[start] << 8) + body[start + 1];
  start += 1 + body[start];
  return at - 25 - (start + 2);
}

describe('records of other implementations', () => {
  const cases = [...pionRecords, ...bouncyCastleRecords].flatMap((captured) =>
    [portableProvider, nodeProvider].map((provider) => {
      const suite = ciphersuite(captured.suite);
      if (!suite) throw new Error(`no suite ${captured.suite}`);
      const mac = captured.encryptThenMac ? ' and encrypt-then-MAC' : '';
      return [suite.name + mac, provider.name, suite, provider, captured] as const;
    }),
  );

  it.each(cases)('with %s are read, by the %s provider', (_name, _provider, suite, provider, captured) => {
    const keys = protectionOf(provider, suite, captured);
    for (const [side, text] of [
      ['client', 'hello'],
      ['server', 're: hello'],
    ] as const) {
      const record = hex(captured.records[side]);
      const inner = keys[side].open(record, 0, record.length);
      const at = innerTypeAt(inner ?? none);
      expect(inner?.[at], side).toBe(23);
      expect(new TextDecoder().decode(inner?.subarray(0, at)), side).toBe(text);
    }
  });

  it.each(cases)(
    'with %s are made byte for byte, by the %s provider',
    (_name, _provider, suite, provider, captured) => {
      const record = hex(captured.records.client);
      // With CBC the IV is random, and stands behind the header.
      const iv = record.subarray(13 + eight.length, 13 + eight.length + 16);
      const keys = protectionOf(provider, suite, captured, 1, iv);
      expect(keys.client.seal(23, 1, 1, bytes('hello'))).toEqual(record);
    },
  );
});

describe('the extension connection_id', () => {
  it('is read back as it was written, whatever the length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 255 }), (value) => {
        expect(decodeConnectionId(encodeConnectionId(value))).toEqual(value);
      }),
    );
    expect(ExtensionType.connection_id).toBe(54);
  });

  it('is refused when it is cut short or has more behind it', () => {
    for (const data of [none, Uint8Array.of(1), Uint8Array.of(0, 1), Uint8Array.of(3, 1, 2)]) {
      expect(() => decodeConnectionId(data)).toThrow();
    }
  });
});

describe('a server that goes on from a saved association', () => {
  it('takes no record again, not even one with the last number of all', async () => {
    const { pair, keys } = await tapped();
    const last = keys.client.seal(23, 1, 2 ** 48 - 1, bytes('last'));
    pair.deliver(pair.server, last);
    expect(pair.server.received).toEqual(['last']);
    const state = pair.server.engine?.save?.() ?? none;
    const received: Uint8Array[] = [];
    const sink = new Proxy(
      {},
      { get: (_, name) => (name === 'deliver' ? (data: Uint8Array) => received.push(data) : () => undefined) },
    );
    const options = { maxDatagramSize: 1_400, handshakeTimeouts: { min: 1_000, max: 8_000 } };
    const next = pair.serverFactory.restoreServer(sink as EngineSink, options, state);
    next?.start(0);
    next?.receive(last.slice(), 0);
    expect([next?.info?.connectionId, received]).toEqual([eight, []]);
  });
});
