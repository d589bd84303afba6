import { AlertDescription, isErrno } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import { ciphersuites } from '../src/ciphersuites.js';
import { nodeProvider } from '../src/crypto/node.js';
import { EnginePair } from './engine-pair.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function exchange(pair: EnginePair): Promise<void> {
  pair.client.engine?.send(bytes('ping'));
  pair.server.engine?.send(bytes('pong'));
  return pair.run();
}

describe.each(ciphersuites.map((suite) => [suite.name, suite] as const))('%s', (_name, suite) => {
  it('carries data both ways after a handshake of three flights', async () => {
    const pair = new EnginePair({ suites: [suite] });
    await pair.handshake();
    await exchange(pair);
    expect(pair.server.received).toEqual(['ping']);
    expect(pair.client.received).toEqual(['pong']);
    expect(pair.client.engine?.info).toMatchObject({
      version: '1.2',
      ciphersuite: suite.id,
      extendedMasterSecret: true,
      encryptThenMac: suite.protection.kind === 'cbc',
      flights: 3,
      connectionId: undefined,
      peerConnectionId: undefined,
      returnRoutabilityCheck: false,
      retransmissions: 0,
    });
    expect(pair.server.engine?.info?.pskIdentity).toEqual(bytes('device'));
    expect(pair.client.dropped).toEqual({});
    expect(pair.server.dropped).toEqual({});
  });

  it('fails with decrypt_error on both sides when the keys differ', async () => {
    const pair = new EnginePair({ suites: [suite], serverKey: new Uint8Array(16).fill(9) });
    await pair.handshake();
    expect(pair.server.error?.description).toBe(AlertDescription.decrypt_error);
    expect(pair.server.error?.direction).toBe('sent');
    expect(pair.client.error?.description).toBe(AlertDescription.decrypt_error);
    expect(pair.client.error?.direction).toBe('received');
    expect(pair.now).toBeLessThan(2_000);
  });
});

describe('an unknown identity', () => {
  it('looks exactly like a wrong key on the wire', async () => {
    const shape = async (serverKey: Uint8Array | undefined) => {
      const pair = new EnginePair({ serverKey });
      await pair.handshake();
      return pair.server.sent.map((datagram) => [datagram.length, datagram[0]]);
    };
    expect(await shape(undefined)).toEqual(await shape(new Uint8Array(16).fill(9)));
  });
});

describe('a lossy network', () => {
  it('leaves no handshake hanging and no client connected alone, at 30 % loss, duplication and reordering each way', async () => {
    let connected = 0;
    for (let seed = 1; seed <= 1_000; seed++) {
      const suite = ciphersuites[seed % ciphersuites.length];
      const pair = new EnginePair({
        seed,
        suites: [suite],
        loss: 0.3,
        duplication: 0.3,
        reordering: 0.3,
        provider: nodeProvider,
      });
      await pair.handshake();
      await pair.run();
      const { client, server } = pair;
      expect(client.established + client.closed, `seed ${seed}: hung`).toBe(1);
      expect(client.engine?.nextTimeout, `seed ${seed}`).toBeUndefined();
      expect(server.engine?.nextTimeout, `seed ${seed}`).toBeUndefined();
      if (client.established === 1) {
        connected++;
        expect([server.established, server.closed], `seed ${seed}: the client is alone`).toEqual([1, 0]);
      } else {
        expect(isErrno(client.error, 'ETIMEDOUT'), `seed ${seed}: ${client.error}`).toBe(true);
        // A server can only believe in an association if the client's goodbye was lost as well; its idle time ends that.
        const goodbye = client.sent.at(-1);
        expect(goodbye?.[0], `seed ${seed}: the client said nothing`).toBe(21);
      }
    }
    expect(connected).toBeGreaterThan(900);
  }, 120_000);
});
