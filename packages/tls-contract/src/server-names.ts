import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { serverAddress, serverPort, Testbed } from './testbed.js';

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
  });
}
