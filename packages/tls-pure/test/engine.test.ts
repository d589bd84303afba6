import { AlertDescription, AlertLevel, isErrno } from '@avs-net/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ciphersuite, ciphersuites } from '../src/ciphersuites.js';
import { decodeClientHello, encodeClientHello } from '../src/handshake/client-hello.js';
import { decodeFragment, encodeMessage } from '../src/handshake/message.js';
import { decodeServerHello, encodeServerHello } from '../src/handshake/server-hello.js';
import { decodeRecordHeader, plaintextRecord } from '../src/record/header.js';
import { Reader } from '../src/wire/reader.js';
import { EnginePair, type PairOptions, type Side } from './engine-pair.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const named = (name: string): Ciphersuite => {
  const found = ciphersuites.find((each) => each.name === name);
  if (!found) throw new Error(`no suite ${name}`);
  return found;
};

const ccm8 = named('TLS_PSK_WITH_AES_128_CCM_8');

async function connected(options: PairOptions = {}): Promise<EnginePair> {
  const pair = new EnginePair({ suites: [ccm8], ...options });
  await pair.handshake();
  expect([pair.client.established, pair.server.established]).toEqual([1, 1]);
  return pair;
}

const total = (dropped: Partial<Record<string, number>>): number =>
  Object.values(dropped).reduce<number>((sum, count) => sum + (count ?? 0), 0);

/** The records of a datagram. */
function records(datagram: Uint8Array): { type: number; epoch: number; bytes: Uint8Array; body: Uint8Array }[] {
  const found = [];
  for (let at = 0; at < datagram.length; ) {
    const header = decodeRecordHeader(datagram, at);
    if (!header) throw new Error('not a record');
    const { type, epoch, end } = header;
    found.push({ type, epoch, bytes: datagram.subarray(at, end), body: datagram.subarray(header.body, end) });
    at = end;
  }
  return found;
}

/** A tap that rewrites the body of the n-th handshake message of a type. */
function rewriting(
  from: 'client' | 'server',
  type: number,
  rewrite: (body: Uint8Array) => Uint8Array,
): PairOptions['tap'] {
  return (name, datagram) => {
    if (name !== from) return undefined;
    const rewritten = records(datagram).map((record) => {
      if (record.epoch !== 0 || record.type !== 22) return record.bytes;
      const fragment = decodeFragment(new Reader(record.body));
      if (fragment.type !== type) return record.bytes;
      return plaintextRecord(22, 0, encodeMessage(type, fragment.messageSeq, rewrite(fragment.data.slice())).bytes);
    });
    return [Uint8Array.from(rewritten.flatMap((each) => [...each]))];
  };
}

describe('records', () => {
  it('deliver data once: a replayed datagram is dropped and counted', async () => {
    const pair = await connected();
    pair.client.engine?.send(bytes('once'));
    const datagram = pair.client.sent.at(-1);
    await pair.run();
    if (datagram) pair.deliver(pair.server, datagram);
    expect(pair.server.received).toEqual(['once']);
    expect(pair.server.dropped).toEqual({ replayed: 1 });
  });

  it('are dropped and counted when any byte of them was changed', async () => {
    const pair = await connected();
    pair.client.engine?.send(bytes('genuine'));
    const datagram = pair.client.sent.at(-1) ?? new Uint8Array(0);
    for (let at = 0; at < datagram.length; at++) {
      const forged = datagram.slice();
      forged[at] ^= 0x01;
      const before = total(pair.server.dropped);
      pair.deliver(pair.server, forged);
      expect(total(pair.server.dropped), `byte ${at}`).toBeGreaterThan(before);
    }
    expect(pair.server.received).toEqual([]);
    await pair.run();
    expect(pair.server.received).toEqual(['genuine']);
  });

  it.each(ciphersuites.map((suite) => [suite.name, suite] as const))(
    'of %s are exactly as large as maxPlaintext says',
    async (_name, suite) => {
      const pair = await connected({ suites: [suite] });
      const { client } = pair;
      for (const size of [100, 101, 333, 1400]) {
        const largest = client.engine?.maxPlaintext(size) ?? 0;
        client.engine?.send(new Uint8Array(largest));
        expect(client.sent.at(-1)?.length).toBeLessThanOrEqual(size);
        if (size === 1400) {
          expect(() => client.engine?.send(new Uint8Array(largest + 1))).toThrow(/EMSGSIZE/);
        } else {
          client.engine?.send(new Uint8Array(largest + 1));
          expect(client.sent.at(-1)?.length).toBeGreaterThan(size);
        }
      }
      expect(pair.clientFactory.maxPlaintext(333)).toBeLessThanOrEqual(client.engine?.maxPlaintext(333) ?? 0);
    },
  );

  it('may be empty', async () => {
    const pair = await connected();
    pair.client.engine?.send(new Uint8Array(0));
    await pair.run();
    expect(pair.server.received).toEqual(['']);
  });

  it('of both sides may share a datagram', async () => {
    const pair = await connected();
    pair.client.engine?.send(bytes('one'));
    pair.client.engine?.send(bytes('two'));
    const [one, two] = pair.client.sent.slice(-2);
    pair.deliver(pair.server, Uint8Array.of(...one, ...two));
    expect(pair.server.received).toEqual(['one', 'two']);
  });

  it('cannot be sent before the handshake is complete, nor after the end', async () => {
    const pair = new EnginePair({ suites: [ccm8] });
    pair.start();
    expect(() => pair.client.engine?.send(bytes('early'))).toThrow(/ENOTCONN/);
    await pair.run(() => pair.client.established === 1);
    pair.client.engine?.close(pair.now);
    expect(() => pair.client.engine?.send(bytes('late'))).toThrow(/ENOTCONN/);
  });
});

describe('whatever bytes arrive', () => {
  it.each(['before', 'during', 'after'] as const)(
    '%s the handshake, nothing is thrown and the association goes on',
    async (when) => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 10 }), async (datagrams) => {
          const pair = new EnginePair({ suites: [ccm8] });
          const throwAt = () => {
            for (const datagram of datagrams) {
              pair.deliver(pair.server, datagram);
              pair.deliver(pair.client, datagram);
            }
          };
          pair.start();
          if (when === 'before') throwAt();
          if (when === 'during') await pair.run(() => pair.server.engine !== undefined);
          if (when === 'during') throwAt();
          await pair.run(() => pair.client.established === 1);
          if (when === 'after') throwAt();
          pair.client.engine?.send(bytes('on'));
          await pair.run();
          expect(pair.server.received).toEqual(['on']);
        }),
        { numRuns: 100 },
      );
    },
  );
});

describe('flights', () => {
  it.each([100, 140, 256, 500])('fit in datagrams of %d bytes, with every suite', async (maxDatagramSize) => {
    for (const suite of ciphersuites) {
      const pair = await connected({
        suites: [suite],
        maxDatagramSize,
        serverName: 'a.device.example',
        identityHint: bytes('hint'),
      });
      for (const datagram of [...pair.client.sent, ...pair.server.sent]) {
        expect(datagram.length).toBeLessThanOrEqual(maxDatagramSize);
      }
    }
  });

  it('are repeated after 1 s, doubling up to 60 s, and then the handshake fails with ETIMEDOUT', async () => {
    const times: number[] = [];
    const pair: EnginePair = new EnginePair({
      suites: [ccm8],
      tap: () => {
        times.push(pair.now);
        return [];
      },
    });
    await pair.handshake();
    expect(times).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000, 123_000]);
    expect(pair.client.sent.at(-1)?.[0]).toBe(21);
    expect(isErrno(pair.client.error, 'ETIMEDOUT')).toBe(true);
    expect(pair.client.error?.message).toContain('ServerHello');
  });

  it('of a server are repeated with the same arithmetic', async () => {
    const times: number[] = [];
    const pair: EnginePair = new EnginePair({
      suites: [ccm8],
      timeouts: { min: 500, max: 1_500 },
      tap: (from, datagram) => {
        if (!pair.server.engine) return [datagram];
        if (from === 'server') times.push(pair.now);
        return [];
      },
    });
    pair.start();
    await pair.run(() => pair.server.closed > 0);
    expect(times.map((time) => time - times[0])).toEqual([0, 500, 1_500, 3_000]);
    expect(isErrno(pair.server.error, 'ETIMEDOUT')).toBe(true);
  });

  it('use smaller datagrams once larger ones have gone unanswered three times', async () => {
    const pair = await connected({
      maxDatagramSize: 1_200,
      serverName: `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example`,
      identity: new Uint8Array(128).fill(0x61),
      identityHint: new Uint8Array(1_000).fill(0x62),
      tap: (_from, datagram) => (datagram.length > 600 ? [] : [datagram]),
    });
    expect(pair.server.engine?.info?.retransmissions).toBeGreaterThanOrEqual(3);
  });

  it('are answered by the last one again when the peer repeats its own', async () => {
    let lost = 0;
    const pair = new EnginePair({
      suites: [ccm8],
      tap: (from, datagram) => {
        const isLastFlight = from === 'server' && records(datagram)[0].type === 20;
        return isLastFlight && ++lost <= 2 ? [] : [datagram];
      },
    });
    await pair.handshake();
    expect(lost).toBe(3);
    expect([pair.client.established, pair.server.established]).toEqual([1, 1]);
    expect(pair.client.engine?.info?.retransmissions).toBe(2);
  });

  it('do not lose data that overtakes the Finished before it', async () => {
    const held: Uint8Array[] = [];
    const pair: EnginePair = new EnginePair({
      suites: [ccm8],
      tap: (from, datagram) => {
        if (from === 'server' && records(datagram)[0].type === 20) {
          held.push(datagram.slice());
          return [];
        }
        return [datagram];
      },
    });
    pair.start();
    await pair.run(() => pair.server.established === 1);
    pair.server.engine?.send(bytes('first'));
    pair.server.engine?.send(bytes('second'));
    await pair.run(() => false, pair.now + 100);
    expect(pair.client.received).toEqual([]);
    pair.deliver(pair.client, held[0]);
    expect(pair.client.established).toBe(1);
    expect(pair.client.received).toEqual(['first', 'second']);
  });

  it('keep early records only up to a bound', async () => {
    const pair = new EnginePair({ suites: [ccm8] });
    pair.start();
    const early = Uint8Array.of(23, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 20, ...new Uint8Array(20));
    for (let i = 0; i < 100; i++) pair.deliver(pair.client, early);
    expect(pair.client.dropped).toEqual({ overflow: 68 });
  });
});

describe('a handshake', () => {
  it('asks for the key asynchronously, and repeated messages meanwhile do no harm', async () => {
    let release = (_key: Uint8Array): void => undefined;
    const pair = new EnginePair({
      suites: [ccm8],
      resolve: () =>
        new Promise((resolve) => {
          release = resolve;
        }),
    });
    pair.start();
    await pair.run(() => pair.now > 5_000);
    expect(pair.server.established).toBe(0);
    release(Uint8Array.from({ length: 16 }, (_, i) => i + 1));
    await pair.run(() => pair.client.established === 1);
    expect(pair.server.established).toBe(1);
  });

  it.each([
    ['finds nothing', async () => undefined],
    ['rejects', () => Promise.reject(new Error('database gone'))],
  ])('fails as with a wrong key when the lookup %s', async (_what, resolve) => {
    const pair = new EnginePair({ suites: [ccm8], resolve });
    await pair.handshake();
    expect(pair.client.error?.description).toBe(AlertDescription.decrypt_error);
  });

  it('survives one forged Finished', async () => {
    let forged = false;
    const pair = await connected({
      tap: (from, datagram) => {
        const last = records(datagram).at(-1);
        if (from !== 'client' || last?.epoch !== 1 || forged) return undefined;
        forged = true;
        const copy = datagram.slice();
        copy[copy.length - 1] ^= 1;
        return [copy, datagram];
      },
    });
    expect(pair.server.dropped.unauthenticated).toBe(1);
  });

  it('negotiates the same secrets and key log line on both sides of a log', async () => {
    const lines: string[] = [];
    await connected({ onKeyLog: (line) => lines.push(line) });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$/);
  });

  it('tells the server the name, and the client the hint', async () => {
    const pair = await connected({ serverName: 'lwm2m.example', identityHint: bytes('which device?') });
    expect(pair.server.engine?.info?.serverName).toBe('lwm2m.example');
    expect(pair.client.engine?.info?.pskIdentityHint).toEqual(bytes('which device?'));
  });

  it('negotiates max_fragment_length, and both sides keep to it', async () => {
    const pair = await connected({ maxFragmentLength: 512 });
    expect(pair.client.engine?.maxPlaintext(1_400)).toBe(512);
    expect(pair.server.engine?.maxPlaintext(1_400)).toBe(512);
    expect(() => pair.server.engine?.send(new Uint8Array(513))).toThrow(/EMSGSIZE/);
  });

  it('chooses by the order of the server', async () => {
    const chacha = named('TLS_PSK_WITH_CHACHA20_POLY1305_SHA256');
    const pair = await connected({ suites: [ccm8, chacha], serverSuites: [chacha, ccm8] });
    expect(pair.client.engine?.info?.ciphersuite).toBe(chacha.id);
  });

  it('fails with handshake_failure when there is no suite in common', async () => {
    const pair = new EnginePair({ suites: [ccm8], serverSuites: [named('TLS_PSK_WITH_AES_128_CCM')] });
    await pair.handshake();
    expect(pair.client.error).toMatchObject({ description: AlertDescription.handshake_failure, direction: 'received' });
    expect(pair.server.error).toMatchObject({ description: AlertDescription.handshake_failure, direction: 'sent' });
  });
});

describe('a handshake that someone has tampered with', () => {
  const client = decodeClientHello;
  const server = decodeServerHello;
  it.each([
    [
      'an older client version',
      'client',
      1,
      (b: Uint8Array) => encodeClientHello({ ...client(b), version: 0xfeff }),
      'protocol_version',
    ],
    [
      'an older server version',
      'server',
      2,
      (b: Uint8Array) => encodeServerHello({ ...server(b), version: 0xfeff }),
      'protocol_version',
    ],
    [
      'a suite that was not offered',
      'server',
      2,
      (b: Uint8Array) => encodeServerHello({ ...server(b), ciphersuite: 0x00a8 }),
      'illegal_parameter',
    ],
    [
      'compression',
      'server',
      2,
      (b: Uint8Array) => encodeServerHello({ ...server(b), compressionMethod: 1 }),
      'illegal_parameter',
    ],
    [
      'an extension that was not offered',
      'server',
      2,
      (b: Uint8Array) => encodeServerHello({ ...server(b), extensions: new Map([[54, Uint8Array.of(0)]]) }),
      'unsupported_extension',
    ],
    [
      'a renegotiation_info with content',
      'server',
      2,
      (b: Uint8Array) => encodeServerHello({ ...server(b), extensions: new Map([[0xff01, Uint8Array.of(1, 0)]]) }),
      'handshake_failure',
    ],
    [
      'the renegotiation_info removed',
      'server',
      2,
      (b: Uint8Array) => encodeServerHello({ ...server(b), extensions: new Map([[23, new Uint8Array(0)]]) }),
      'handshake_failure',
    ],
    ['a ServerHello with a tail', 'server', 2, (b: Uint8Array) => Uint8Array.of(...b, 0), 'decode_error'],
    ['a ServerHelloDone with a body', 'server', 14, () => Uint8Array.of(1), 'decode_error'],
    ['a ClientKeyExchange with a tail', 'client', 16, (b: Uint8Array) => Uint8Array.of(...b, 0), 'decode_error'],
    [
      'no null compression',
      'client',
      1,
      (b: Uint8Array) => encodeClientHello({ ...client(b), compressionMethods: Uint8Array.of(1) }),
      undefined,
    ],
    [
      'the extended master secret removed',
      'client',
      1,
      (b: Uint8Array) =>
        encodeClientHello({
          ...client(b),
          extensions: new Map([...client(b).extensions].filter(([type]) => type !== 23)),
        }),
      'decrypt_error',
    ],
  ] as const)('%s does not succeed', async (_what, from, type, rewrite, alert) => {
    const pair = new EnginePair({
      suites: [ccm8],
      timeouts: { min: 100, max: 400 },
      tap: rewriting(from, type, rewrite),
    });
    await pair.handshake();
    expect(pair.client.established).toBe(0);
    expect(pair.server.established).toBe(0);
    const sent = [...pair.client.alerts, ...pair.server.alerts].filter(({ direction }) => direction === 'sent');
    if (alert) expect(sent.map(({ description }) => description)).toContain(AlertDescription[alert]);
  });

  it('takes a Finished only in a protected record', async () => {
    const pair = new EnginePair({ suites: [ccm8] });
    pair.start();
    await pair.run(() => pair.server.engine !== undefined);
    const finished = encodeMessage(20, 3, new Uint8Array(12));
    pair.deliver(pair.server, plaintextRecord(22, 5, finished.bytes));
    expect(pair.server.dropped.unexpected).toBe(1);
    await pair.run(() => pair.client.established === 1);
    expect(pair.server.established).toBe(1);
  });
});

describe('the end', () => {
  it('is announced by close_notify, which is answered, and neither side has an error', async () => {
    const pair = await connected();
    pair.client.engine?.close(pair.now);
    await pair.run();
    expect(pair.client).toMatchObject({ closed: 1, error: undefined });
    expect(pair.server).toMatchObject({ closed: 1, error: undefined });
    const close = { level: AlertLevel.warning, description: AlertDescription.close_notify };
    expect(pair.client.alerts).toEqual([
      { ...close, direction: 'sent' },
      { ...close, direction: 'received' },
    ]);
  });

  it('still delivers what the peer sent before it saw our close_notify', async () => {
    const pair = await connected();
    pair.server.engine?.send(bytes('crossing'));
    pair.client.engine?.close(pair.now);
    await pair.run();
    expect(pair.client.received).toEqual(['crossing']);
  });

  it('cannot be forged: plaintext alerts are dropped once the association is established', async () => {
    const pair = await connected();
    pair.deliver(pair.client, plaintextRecord(21, 9, Uint8Array.of(2, 40)));
    pair.deliver(pair.client, plaintextRecord(21, 10, Uint8Array.of(1, 0)));
    expect(pair.client).toMatchObject({ closed: 0, dropped: { epoch: 2 } });
  });

  it('comes with an error when a fatal alert is received during the handshake', async () => {
    const pair = new EnginePair({ suites: [ccm8] });
    pair.start();
    pair.deliver(pair.client, plaintextRecord(21, 0, Uint8Array.of(2, 71)));
    expect(pair.client.error).toMatchObject({
      description: AlertDescription.insufficient_security,
      direction: 'received',
    });
  });

  // Found by the fuzzer: each close_notify told of a close_notify.
  it('comes once when the user closes on hearing of an alert, whichever side it is from', async () => {
    const onAlert = (side: Side): void => side.engine?.close(0);
    const closing = new EnginePair({ suites: [ccm8], onAlert });
    closing.start();
    closing.client.engine?.close(0);
    expect(closing.client).toMatchObject({ closed: 1, error: undefined });
    expect(closing.client.alerts).toHaveLength(1);

    const refused = new EnginePair({ suites: [ccm8], serverKey: new Uint8Array(16), onAlert });
    await refused.handshake();
    expect(refused.server.alerts).toHaveLength(1);
    expect(refused.server).toMatchObject({ closed: 1, error: { description: AlertDescription.decrypt_error } });
    expect(refused.client.closed).toBe(1);
  });

  it('is final: destroy silences the engine', async () => {
    const pair = await connected();
    const sent = pair.client.sent.length;
    pair.client.engine?.destroy();
    pair.client.engine?.close(pair.now);
    pair.client.engine?.handleTimeout(pair.now);
    pair.client.engine?.receive(Uint8Array.of(1, 2, 3), pair.now);
    expect(pair.client.sent.length).toBe(sent);
    expect(pair.client.closed).toBe(0);
  });
});

describe('renegotiation', () => {
  it('is refused with no_renegotiation, and the association goes on', async () => {
    const pair = await connected();
    const { engine } = pair.client;
    // The engine is also the carrier of its flights: the one way to send a protected handshake record.
    const carrier = engine as unknown as { seal(type: number, epoch: number, fragment: Uint8Array): Uint8Array };
    const hello = encodeMessage(1, 5, new Uint8Array(40));
    pair.deliver(pair.server, carrier.seal(22, 1, hello.bytes));
    await pair.run();
    expect(pair.client.alerts).toEqual([
      { direction: 'received', level: AlertLevel.warning, description: AlertDescription.no_renegotiation },
    ]);
    engine?.send(bytes('still here'));
    await pair.run();
    expect(pair.server.received).toEqual(['still here']);
  });
});
