import { AlertDescription, type PskClient, type PskKeyInfo } from '@avs-net/core';
import { pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, hexOf, utf8 } from './bytes.js';
import { expectAlert, rejectionOf } from './outcomes.js';
import { pskClient, serverAddress, serverPort, Testbed, testIdentity, testKey } from './testbed.js';
import { HandshakeType, holdsHandshake } from './wire.js';

/** A datagram with other bytes in the place of some that it holds; undefined when it does not hold them. */
function replaced(datagram: Uint8Array, before: Uint8Array, after: Uint8Array): Uint8Array | undefined {
  const at = hexOf(datagram).indexOf(hexOf(before)) / 2;
  if (at < 0) return undefined;
  const changed = datagram.slice();
  changed.set(after, at);
  return changed;
}

/** Server name indication: what is sent, and that it arrives. RFC 6066 §3. */
export function describeServerNames(backends: BackendPair): void {
  async function namesAfter(host: string, serverNameIndication?: string): Promise<(string | undefined)[]> {
    await using bed = new Testbed(backends);
    bed.network.setName('server.example', serverAddress);
    bed.network.setName('server.example.', serverAddress);
    const listener = await bed.listen();
    const { client, server } = await bed.connect(await bed.client({ serverNameIndication }), listener, host);
    expect(client.remotePort).toBe(serverPort);
    return [client.info?.serverName, server.info?.serverName];
  }

  describe('server names', () => {
    it('tells the server the name that connect was given', async () => {
      expect(await namesAfter('server.example')).toEqual(['server.example', 'server.example']);
    });

    it('tells it the configured name instead, also when connecting to an address', async () => {
      expect(await namesAfter('server.example', 'other.example')).toEqual(['other.example', 'other.example']);
      expect(await namesAfter(serverAddress, 'other.example')).toEqual(['other.example', 'other.example']);
    });

    it('never sends an address', async () => {
      expect(await namesAfter(serverAddress)).toEqual([undefined, undefined]);
      expect(await namesAfter(serverAddress, '192.0.2.7')).toEqual([undefined, undefined]);
      expect(await namesAfter(serverAddress, '2001:db8::7')).toEqual([undefined, undefined]);
    });

    it('leaves out the dot at the end', async () => {
      expect(await namesAfter('server.example.')).toEqual(['server.example', 'server.example']);
      expect(await namesAfter(serverAddress, 'other.example.')).toEqual(['other.example', 'other.example']);
    });

    it('takes the longest name that there can be', async () => {
      const label = 'a'.repeat(63);
      const longest = `${label}.${label}.${label}.${'b'.repeat(61)}`;
      expect(longest).toHaveLength(253);
      expect(await namesAfter(serverAddress, longest)).toEqual([longest, longest]);
    });

    it('are told to whoever finds the key, as they were written, or that there is none', async () => {
      await using bed = new Testbed(backends);
      const asked: (string | undefined)[] = [];
      const resolve = (_identity: Uint8Array, { serverName }: PskClient): PskKeyInfo => {
        asked.push(serverName);
        return pskKeyInfoFromBuffer(testKey);
      };
      const listener = await bed.listen({ security: { mode: 'psk', resolve } });
      for (const serverNameIndication of ['Plant-A.example', undefined]) {
        await bed.connect(await bed.client({ serverNameIndication }), listener);
      }
      expect(asked).toEqual(['Plant-A.example', undefined]);
    });

    it('let two servers in one have each its own keys for the same identity', async () => {
      await using bed = new Testbed(backends);
      const keys = new Map([
        ['a.example', counting(16, 1)],
        ['b.example', counting(16, 2)],
      ]);
      const resolve = async (_identity: Uint8Array, { serverName = '' }: PskClient) => {
        const key = keys.get(serverName);
        return key && pskKeyInfoFromBuffer(key);
      };
      const listener = await bed.listen({ security: { mode: 'psk', resolve } });
      for (const [serverNameIndication, key] of keys) {
        const client = await bed.client({ serverNameIndication, security: pskClient(testIdentity, key) });
        const { server } = await bed.connect(client, listener);
        expect(server.info).toMatchObject({ serverName: serverNameIndication, pskIdentity: testIdentity });
      }
      const security = pskClient(testIdentity, keys.get('a.example'));
      for (const serverNameIndication of ['b.example', 'c.example', undefined]) {
        const stray = await bed.client({ serverNameIndication, security, handshakeTimeouts: { min: 100, max: 400 } });
        const error = await bed.run(rejectionOf(stray.connect(serverAddress, serverPort)));
        expect(stray.info, String(error)).toBeUndefined();
      }
      expect(listener.stats).toMatchObject({ accepted: 2, failed: 3 });
    });

    it.each(['größe.example', 'two words', 'nul\0'])('that are none end the handshake: %j', async (name) => {
      await using bed = new Testbed(backends);
      await bed.listen();
      const length = utf8(name).length;
      const client = await bed.client({ serverNameIndication: 'x'.repeat(length) });
      bed.network.intercept(({ data }) => replaced(data, utf8('x'.repeat(length)), utf8(name)));
      const error = expectAlert(await bed.run(rejectionOf(client.connect(serverAddress, serverPort))));
      expect(error.direction).toBe('received');
      expect([
        AlertDescription.illegal_parameter,
        AlertDescription.unrecognized_name,
        AlertDescription.decode_error,
      ]).toContain(error.description);
    });

    const resumes = backends.client.capabilities.sessionResumption && backends.server.capabilities.sessionResumption;
    it(`bind a session: under another name it is ${resumes ? 'not resumed' : 'unknown anyway'}`, async () => {
      await using bed = new Testbed(backends);
      const { client, listener } = await bed.pair({ client: { serverNameIndication: 'plant-a.example' } });
      await bed.run(client.close());
      await bed.connect(client, listener);
      expect(client.getOption('sessionResumed')).toBe(resumes);
      await bed.run(client.close());
      bed.wire.length = 0;
      bed.network.intercept(({ data }) => replaced(data, utf8('plant-a'), utf8('plant-b')));
      const refused = rejectionOf(client.connect(serverAddress, serverPort));
      await bed.clock.advance(10);
      const answered = bed.sentBy('server').map(({ data }) => data);
      expect(answered.some((data) => holdsHandshake(data, HandshakeType.serverHello))).toBe(true);
      expect(
        answered.some((data) => holdsHandshake(data, HandshakeType.serverHelloDone)),
        'a full handshake',
      ).toBe(true);
      await bed.run(client.close());
      await refused;
    });
  });
}
