import { AlertDescription, AlertLevel, type Engine, type EngineSink, isErrno } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import { bytes, EnginePair, type Kind, suites, testKey } from './engine-pair.js';
import { recordsIn } from './wire.js';

async function connected(options: ConstructorParameters<typeof EnginePair>[0] = {}): Promise<EnginePair> {
  const pair = new EnginePair(options);
  await pair.handshake();
  expect([pair.client.established, pair.server.established]).toEqual([1, 1]);
  return pair;
}

function engineOf(side: { engine: Engine | undefined }): Engine {
  if (!side.engine) return expect.unreachable('no engine');
  return side.engine;
}

describe.each(suites.map((suite) => [suite.name, suite] as const))('%s', (_name, suite) => {
  it('fits exactly what maxPlaintext says into every size of datagram', async () => {
    const pair = await connected({ suites: [suite] });
    const client = engineOf(pair.client);
    const before = new EnginePair({ suites: [suite] });
    for (let size = 100; size <= 200; size++) {
      const largest = client.maxPlaintext(size);
      expect(before.clientFactory.maxPlaintext(size), `${size} before the handshake`).toBe(largest);
      const lengths = [largest, largest + 1].map((length) => {
        client.send(new Uint8Array(length));
        return pair.client.sent.at(-1)?.datagram.length ?? 0;
      });
      expect(lengths[0], `${size}`).toBeLessThanOrEqual(size);
      expect(lengths[1], `${size}`).toBeGreaterThan(size);
    }
    expect(client.maxPlaintext(10)).toBe(0);
    expect(client.maxPlaintext(100_000)).toBe(16_384);
  });

  it('drops and counts forged, cut and repeated records of every length, and carries on', async () => {
    const pair = await connected({ suites: [suite] });
    for (const [from, to] of [
      [pair.client, pair.server],
      [pair.server, pair.client],
    ] as const) {
      await pair.send(from, bytes('the first'));
      const genuine = from.sent.at(-1)?.datagram ?? new Uint8Array();
      const before = to.received.length;
      for (let length = 0; length < 100; length++) {
        for (const type of [20, 21, 22, 23]) {
          const forged = new Uint8Array(13 + length).fill(length);
          forged.set(genuine.subarray(0, 13));
          forged[0] = type;
          forged[5] = 1;
          forged[11] = 0;
          forged[12] = length;
          pair.deliver(to, forged);
        }
      }
      for (let at = 13; at < genuine.length; at++) {
        const damaged = genuine.slice();
        damaged[5] = 1;
        damaged[at] = (damaged[at] ?? 0) ^ 0x10;
        pair.deliver(to, damaged);
      }
      expect(to.dropped.replayed).toBeUndefined();
      pair.deliver(to, genuine);
      expect(to.dropped.replayed).toBe(1);
      expect([to.received.length, to.closed]).toEqual([before, 0]);
      expect(to.dropped.unauthenticated).toBeGreaterThan(300);
      await pair.send(from, bytes('the second'));
      expect(to.received.at(-1)).toEqual(bytes('the second'));
    }
  });

  it('survives forged records of the next epoch while the handshake runs', async () => {
    const pair = new EnginePair({
      suites: [suite],
      tap: (_from, datagram) => {
        const forged = [0, 1, 15, 24, 48, 64].map((length) => {
          const record = new Uint8Array(13 + length).fill(7);
          record.set([23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 1, length, 0, length]);
          return record;
        });
        return [...forged, datagram, ...forged];
      },
    });
    await pair.handshake();
    expect([pair.client.established, pair.server.established]).toEqual([1, 1]);
  });

  it('handshakes in datagrams of 100 bytes', async () => {
    const pair = await connected({
      suites: [suite],
      maxDatagramSize: 100,
      serverName: 'a-rather-long-name.example.org',
    });
    const sizes = [...pair.client.sent, ...pair.server.sent].map(({ datagram }) => datagram.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
    expect(pair.client.engine?.info?.retransmissions).toBe(0);
  });
});

describe('a wrong key', () => {
  it('ends in decrypt_error after the second Finished that does not decrypt', async () => {
    const pair = new EnginePair({ serverKey: new Uint8Array(16).fill(9) });
    await pair.handshake();
    const alert = { level: AlertLevel.fatal, description: AlertDescription.decrypt_error };
    expect(pair.server.error).toMatchObject({ ...alert, direction: 'sent' });
    expect(pair.client.error).toMatchObject({ ...alert, direction: 'received' });
    expect(pair.server.dropped.unauthenticated).toBe(2);
    expect(pair.client.engine?.info).toBeUndefined();
  });

  it('is not what one forged Finished looks like', async () => {
    const pair = await connected({
      tap: (from, datagram) => {
        const records = recordsIn(datagram);
        if (from !== 'client' || !records.some(({ epoch }) => epoch === 1)) return undefined;
        const forged = datagram.slice();
        forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
        return [forged, datagram];
      },
    });
    expect(pair.server.closed).toBe(0);
  });
});

describe('an identity', () => {
  const kinds: Kind[] = ['openssl', 'pure'];
  it.each(kinds)('is read before OpenSSL needs the key, also from fragments, of a client on %s', async (client) => {
    const identity = bytes('i'.repeat(128));
    const asked: Uint8Array[] = [];
    const pair = await connected({
      client,
      identity,
      maxDatagramSize: 100,
      resolve: async (each) => {
        asked.push(each);
        return testKey.slice();
      },
    });
    expect(asked).toEqual([identity]);
    expect(pair.server.engine?.info?.pskIdentity).toEqual(identity);
  });

  it('with a zero byte is not looked up by what stands before it, and is refused as a wrong key is', async () => {
    let asked = 0;
    const pair = new EnginePair({
      client: 'pure',
      identity: bytes('device\0x'),
      resolve: async () => {
        asked++;
        return testKey.slice();
      },
    });
    await pair.handshake();
    expect(asked).toBe(0);
    expect(pair.client.error).toMatchObject({ description: AlertDescription.decrypt_error, direction: 'received' });
  });

  it('that comes before the server name gets no key that was found without the name', async () => {
    const asked: (string | undefined)[] = [];
    // A ClientKeyExchange ahead of the rest of a ClientHello in pieces, as only an attacker with a key of its own would send it.
    const early = Buffer.from('16fefd000000000000001e00141000000800020000000000080006', 'hex');
    let isFirst = true;
    const pair = new EnginePair({
      client: 'pure',
      suites: suites.filter(({ number }) => number === 0xc0a8),
      serverName: 'plant-a.example',
      maxDatagramSize: 100,
      identity: bytes('device'),
      resolve: async (_identity, { serverName }) => {
        asked.push(serverName);
        return testKey.slice();
      },
      tap: (from, datagram) => {
        const [record] = recordsIn(datagram);
        const isHello = from === 'client' && record?.fragment[0] === 1 && record.fragment[5] === 1;
        if (!isHello || !isFirst) return undefined;
        isFirst = false;
        return [Uint8Array.of(...datagram, ...early, ...bytes('device'))];
      },
    });
    await pair.handshake();
    expect(asked).toEqual([undefined]);
    expect(pair.server.established).toBe(0);
    expect(pair.client.error).toMatchObject({ description: AlertDescription.decrypt_error, direction: 'received' });
  });

  it('may be empty', async () => {
    const pair = await connected({ identity: new Uint8Array(0) });
    expect(pair.server.engine?.info?.pskIdentity).toEqual(new Uint8Array(0));
  });

  it('that takes long to look up costs the client repetitions, not the handshake', async () => {
    let found: (key: Uint8Array) => void = () => undefined;
    const pair = new EnginePair({ resolve: () => new Promise((done) => (found = done)) });
    pair.start();
    await pair.run(() => pair.now > 10_000);
    expect(pair.server.engine?.nextTimeout).toBeUndefined();
    found(testKey.slice());
    await pair.run(() => pair.client.established > 0);
    expect(pair.client.engine?.info?.retransmissions).toBeGreaterThan(1);
    expect(pair.server.established).toBe(1);
  });
});

describe('a server', () => {
  it('continues with the record number of the ClientHello that brought the cookie back', async () => {
    const pair = await connected();
    const hello = pair.client.sent
      .map(({ datagram }) => recordsIn(datagram)[0])
      .filter((record) => record?.fragment[0] === 1);
    const answers = pair.server.sent.map(({ datagram }) => recordsIn(datagram)[0]);
    expect(hello[1]?.sequence).toBeGreaterThan(1);
    expect(answers.slice(0, 2).map((record) => record?.sequence)).toEqual([hello[0]?.sequence, hello[1]?.sequence]);
  });

  it('takes a ClientHello that it has accepted even when others came in between', async () => {
    const first = new EnginePair();
    const second = new EnginePair();
    const hellos: Uint8Array[] = [];
    for (const pair of [first, second]) {
      pair.start();
      const initial = pair.client.sent[0]?.datagram ?? new Uint8Array();
      const reply = first.serverFactory.admit(initial, bytes('peer'), 0);
      if (reply.action !== 'reply') return expect.unreachable(reply.action);
      expect(reply.datagram.length).toBeLessThanOrEqual(initial.length);
      pair.client.engine?.receive(reply.datagram.slice(), 0);
      hellos.push(pair.client.sent[1]?.datagram ?? new Uint8Array());
    }
    const admissions = hellos.map((hello) => first.serverFactory.admit(hello, bytes('peer'), 0));
    expect(admissions.map(({ action }) => action)).toEqual(['accept', 'accept']);
    for (const [index, admission] of admissions.entries()) {
      if (admission.action !== 'accept') return expect.unreachable(admission.action);
      const sent: Uint8Array[] = [];
      const engine = admission.create(silent({ transmit: (datagram) => sent.push(datagram) }), {
        maxDatagramSize: 1_400,
        handshakeTimeouts: { min: 1_000, max: 60_000 },
      });
      engine.start(0);
      engine.receive(hellos[index]?.slice() ?? new Uint8Array(), 0);
      expect(recordsIn(sent[0] ?? new Uint8Array())[0]?.fragment[0], 'a ServerHello').toBe(2);
      engine.destroy();
    }
  });

  it('binds cookies to the address and lets them age', async () => {
    const pair = new EnginePair();
    pair.start();
    const admit = (datagram: Uint8Array, peer: string, now: number) =>
      pair.serverFactory.admit(datagram, bytes(peer), now);
    const reply = admit(pair.client.sent[0]?.datagram ?? new Uint8Array(), 'here', 0);
    if (reply.action !== 'reply') return expect.unreachable(reply.action);
    pair.client.engine?.receive(reply.datagram, 0);
    const hello = pair.client.sent[1]?.datagram ?? new Uint8Array();
    expect(admit(hello, 'here', 1_000).action).toBe('accept');
    expect(admit(hello, 'there', 1_000).action).toBe('reply');
    expect(admit(hello, 'here', 119_000).action).toBe('accept');
    expect(admit(hello, 'here', 130_000).action).toBe('reply');
  });
});

describe('an association', () => {
  it('tells what was negotiated', async () => {
    const pair = await connected({ identityHint: bytes('hint'), serverName: 'example.org', maxFragmentLengthCode: 2 });
    const common = { version: '1.2', resumed: false, extendedMasterSecret: true, maxFragmentLength: 1024 };
    expect(pair.client.engine?.info).toEqual({
      ...common,
      ciphersuite: suites[0]?.number,
      encryptThenMac: false,
      pskIdentity: undefined,
      pskIdentityHint: bytes('hint'),
      serverName: 'example.org',
      flights: 3,
      connectionId: undefined,
      peerConnectionId: undefined,
      returnRoutabilityCheck: false,
      retransmissions: 0,
    });
    expect(pair.server.engine?.info).toMatchObject({
      ...common,
      pskIdentity: bytes('device'),
      pskIdentityHint: undefined,
      serverName: 'example.org',
    });
    expect(engineOf(pair.client).maxPlaintext(4_096)).toBe(1_024);
  });

  it('logs its secrets for Wireshark when asked', async () => {
    const lines: string[] = [];
    await connected({ onKeyLog: (line) => lines.push(line) });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$/);
  });

  it('refuses what it cannot send, and stays usable', async () => {
    const pair = await connected();
    const client = engineOf(pair.client);
    expect(() => client.send(new Uint8Array(2_000))).toThrowError(expect.objectContaining({ errno: 'EMSGSIZE' }));
    expect(() => client.send(new Uint8Array(0))).toThrowError(expect.objectContaining({ errno: 'ENOTSUP' }));
    await pair.send(pair.client, bytes('still here'));
    expect(pair.server.received).toEqual([bytes('still here')]);
  });

  it('closes with close_notify from both sides, and sends nothing afterwards', async () => {
    const pair = await connected();
    engineOf(pair.client).close(pair.now);
    expect(() => engineOf(pair.client).send(bytes('late'))).toThrowError(
      expect.objectContaining({ errno: 'ENOTCONN' }),
    );
    await pair.run();
    for (const side of [pair.client, pair.server]) {
      expect([side.closed, side.error]).toEqual([1, undefined]);
      expect(side.alerts.map(({ direction, description }) => [direction, description]).sort()).toEqual([
        ['received', 0],
        ['sent', 0],
      ]);
    }
  });

  it('delivers what was on its way when it was closed', async () => {
    const pair = await connected();
    engineOf(pair.client).close(pair.now);
    engineOf(pair.server).send(bytes('crossing'));
    await pair.run();
    expect(pair.client.received).toEqual([bytes('crossing')]);
  });

  it('closed in the middle of the handshake tells the peer', async () => {
    const pair = new EnginePair();
    pair.start();
    await pair.run(() => pair.server.engine !== undefined);
    engineOf(pair.client).close(pair.now);
    await pair.run();
    expect([pair.client.closed, pair.client.error]).toEqual([1, undefined]);
    expect(pair.server.error).toMatchObject({ direction: 'received', description: AlertDescription.close_notify });
  });

  it('refuses to renegotiate', async () => {
    const pair = await connected();
    const stats = [pair.client.established, pair.server.established, pair.client.closed, pair.server.closed];
    expect(stats).toEqual([1, 1, 0, 0]);
    // Messages of a new handshake in the clear: of an epoch that is over.
    const hello = pair.client.sent[0]?.datagram ?? new Uint8Array();
    pair.deliver(pair.server, hello);
    expect(pair.server.dropped.epoch).toBe(1);
  });

  it('is silent once it is destroyed, and destroying it twice is harmless', async () => {
    const pair = await connected();
    const client = engineOf(pair.client);
    const datagram = pair.server.sent.at(-1)?.datagram ?? new Uint8Array();
    client.destroy();
    client.destroy();
    const sent = pair.client.sent.length;
    client.start(0);
    client.receive(datagram.slice(), 0);
    client.handleTimeout(1e9);
    client.close(0);
    expect(client.nextTimeout).toBeUndefined();
    expect([pair.client.sent.length, pair.client.closed]).toEqual([sent, 0]);
    expect(() => client.send(bytes('x'))).toThrowError(expect.objectContaining({ errno: 'ENOTCONN' }));
  });

  const calls = ['transmit', 'established', 'deliver', 'alert', 'dropped', 'closed'] as const;
  it.each(calls)('may be destroyed from within %s', async (call) => {
    const pair = new EnginePair();
    let told = 0;
    let destroyed = false;
    const sink = silent({
      transmit: (datagram) => pair.transmit(pair.client, datagram),
      [call]: (first: unknown) => {
        told++;
        expect(destroyed, 'nothing is told afterwards').toBe(false);
        if (call === 'transmit' && first instanceof Uint8Array) pair.transmit(pair.client, first);
        if (call === 'transmit' && told < 3) return;
        destroyed = true;
        engineOf(pair.client).destroy();
      },
    });
    const options = { maxDatagramSize: 1_400, handshakeTimeouts: { min: 1_000, max: 60_000 } };
    pair.client.engine = pair.clientFactory.createClient(sink, {
      ...options,
      serverName: undefined,
      session: undefined,
      peer: 'server 5684',
    });
    pair.client.engine.start(0);
    await pair.run(() => pair.server.established > 0);
    await pair.run(() => false, pair.now + 100);
    if (!destroyed) {
      pair.client.engine.receive(Uint8Array.of(1, 2, 3), pair.now);
      if (pair.server.established) pair.server.engine?.send(bytes('data'));
      pair.server.engine?.close(pair.now);
      await pair.run();
    }
    expect(destroyed).toBe(true);
    expect(told).toBe(call === 'transmit' ? 3 : 1);
  });

  it('that never was cannot send', () => {
    const pair = new EnginePair();
    pair.start();
    expect(() => engineOf(pair.client).send(bytes('x'))).toThrowError(expect.objectContaining({ errno: 'ENOTCONN' }));
    expect(pair.client.engine?.info).toBeUndefined();
  });

  it('needs datagrams of 100 bytes', () => {
    const pair = new EnginePair({ maxDatagramSize: 99 });
    expect(() => pair.start()).toThrowError(expect.objectContaining({ errno: 'EMSGSIZE' }));
  });

  it('ends in an error of the alert category when the peer sends a fatal alert in the clear', async () => {
    const pair = new EnginePair();
    pair.start();
    pair.deliver(pair.client, Uint8Array.of(21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40));
    expect(pair.client.error).toMatchObject({ category: 8572, code: 0x228, direction: 'received' });
    expect(isErrno(pair.client.error, 'ETIMEDOUT')).toBe(false);
  });

  it("ends in an alert of its own, with OpenSSL's words, when the peer breaks the protocol", async () => {
    const pair = new EnginePair();
    pair.start();
    // A ServerHelloDone where a HelloVerifyRequest or a ServerHello belongs.
    const message = [14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    pair.deliver(pair.client, Uint8Array.of(22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, ...message));
    expect(pair.client.error).toMatchObject({ direction: 'sent', description: AlertDescription.unexpected_message });
    expect(pair.client.error?.message).toContain('SSL routines');
  });
});

function silent(told: Partial<Record<keyof EngineSink, (...all: never[]) => void>>): EngineSink {
  const nothing = (): void => undefined;
  return {
    transmit: nothing,
    deliver: nothing,
    established: nothing,
    alert: nothing,
    session: nothing,
    dropped: nothing,
    retransmitted: nothing,
    newest: nothing,
    routabilityCheck: nothing,
    wake: nothing,
    closed: nothing,
    ...told,
  } as EngineSink;
}

describe('a server without renegotiation_info', () => {
  /** Takes the extension, which this library's ServerHello ends with, out of it. */
  const withoutIt = (from: 'client' | 'server', datagram: Uint8Array): readonly Uint8Array[] => {
    const at = Buffer.from(datagram).indexOf(Buffer.from([0xff, 0x01, 0x00, 0x01, 0x00]));
    if (from === 'client' || at < 0) return [datagram];
    const changed = datagram.slice();
    changed.set([0x7a, 0x7a], at);
    return [changed];
  };

  it('is refused with an alert', async () => {
    const pair = new EnginePair({ client: 'openssl', server: 'openssl', tap: withoutIt });
    await pair.handshake();
    expect(pair.client.established).toBe(0);
    expect(pair.client.error).toMatchObject({ direction: 'sent' });
  });
});
