import { ciphersuiteName, type SecureSocket } from '@avs-net/core';
import { SeededRandom } from '@avs-net/core/testing';
import { describe, expect, it } from 'vitest';
import { type BackendPair, eachBackend } from './backend-pair.js';
import { hexOf, textOf, utf8 } from './bytes.js';
import { commonCiphersuites } from './ciphersuites.js';
import { rejectionOf } from './outcomes.js';
import { serverAddress, serverPort, Testbed } from './testbed.js';
import { clientHelloOf, HandshakeType, holdsHandshake } from './wire.js';

type Random = (bytes: Uint8Array) => void;

function seeded(seed: number): Random {
  const source = new SeededRandom(seed);
  return (bytes) => {
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = Math.floor(source.next() * 256);
  };
}

/** Where randomness comes from: the platform, or the caller's source. */
export function describeRandomness(backends: BackendPair): void {
  /** Everything on the wire of a handshake, a datagram each way, and the end. */
  async function wireOf(ciphersuite: number, random: { client?: Random; server?: Random }): Promise<readonly string[]> {
    await using bed = new Testbed(backends);
    const { client, server } = await bed.pair({
      client: { ciphersuites: [ciphersuite], random: random.client },
      server: { random: random.server },
    });
    const exchange = async (from: SecureSocket, to: SecureSocket): Promise<void> => {
      await bed.run(from.send(utf8('the same each time')));
      expect(textOf(await bed.run(to.receive()))).toBe('the same each time');
    };
    await exchange(client, server);
    await exchange(server, client);
    await bed.run(client.shutdown());
    await bed.clock.advance(1);
    return bed.wire.map(({ data }) => hexOf(data));
  }

  describe('randomness', () => {
    it.each(commonCiphersuites(backends).map((id) => [ciphersuiteName(id), id] as const))(
      'comes from the sources that both ends are given, and from nowhere else: %s',
      async (_name, id) => {
        const first = await wireOf(id, { client: seeded(1), server: seeded(2) });
        expect(await wireOf(id, { client: seeded(1), server: seeded(2) }), 'the same bytes on the wire').toEqual(first);
        const other = await wireOf(id, { client: seeded(3), server: seeded(2) });
        expect(other[0]).not.toBe(first[0]);
      },
    );

    it('comes from the platform on the side that is given no source', async () => {
      const [id = 0] = commonCiphersuites(backends);
      const [first, second] = [await wireOf(id, { client: seeded(1) }), await wireOf(id, { client: seeded(1) })];
      expect(second[0], 'the ClientHello').toBe(first[0]);
      expect(second[1], 'the cookie').not.toBe(first[1]);
    });

    it('is in the ClientHello as the source gave it', async () => {
      await using bed = new Testbed(backends);
      await bed.pair({ client: { random: (bytes) => bytes.fill(0x5a) } });
      const { random } = clientHelloOf(bed.sentBy('client')[0]?.data ?? new Uint8Array());
      // RFC 5246 §7.4.1.2 allows the first four bytes to be the time.
      expect(random.subarray(4)).toEqual(new Uint8Array(28).fill(0x5a));
    });

    it('is enough for a flight that is repeated as often as there is time, and for much data', async () => {
      await using bed = new Testbed(backends);
      const handshakeTimeouts = { min: 1, max: 60_000 };
      const limits = { handshakeTime: Infinity };
      const listener = await bed.listen({ random: seeded(4), handshakeTimeouts, limits });
      const client = await bed.client({ random: seeded(5), ciphersuites: [], handshakeTimeouts });
      const deaf = bed.network.intercept(({ data }) =>
        holdsHandshake(data, HandshakeType.serverHello) ? false : undefined,
      );
      bed.clock.setTimeout(deaf, 50_000);
      const { server } = await bed.connect(client, listener);
      for (let i = 0; i < 300; i += 1) {
        await client.send(utf8(`${i}`));
        expect(textOf(await bed.run(server.receive()))).toBe(`${i}`);
      }
    });

    it.each(eachBackend(backends).map((backend) => [backend.name, backend] as const))(
      'that cannot be had keeps a client from connecting, and it says why: %s',
      async (_name, backend) => {
        await using bed = new Testbed({ ...backends, client: backend });
        await bed.listen();
        let isBroken = true;
        const random: Random = (bytes) => {
          if (isBroken) throw new Error('the noise diode is unplugged');
          seeded(6)(bytes);
        };
        const connecting = bed.client({ random }).then((client) => bed.run(client.connect(serverAddress, serverPort)));
        expect(String(await rejectionOf(connecting))).toContain('the noise diode is unplugged');
        isBroken = false;
        const client = await bed.client({ random });
        isBroken = true;
        expect(String(await bed.run(rejectionOf(client.connect(serverAddress, serverPort))))).toContain('unplugged');
        isBroken = false;
        await bed.run(client.connect(serverAddress, serverPort));
        expect(client.state).toBe('connected');
      },
    );

    it('that a listener cannot have for a while costs handshakes, and not the listener', async () => {
      await using bed = new Testbed(backends);
      let isBroken = false;
      const random: Random = (bytes) => {
        if (isBroken) throw new Error('the noise diode is unplugged');
        seeded(7)(bytes);
      };
      const listener = await bed.listen({ random });
      const client = await bed.client({ handshakeTimeouts: { min: 500, max: 1_000 } });
      isBroken = true;
      await bed.run(rejectionOf(client.connect(serverAddress, serverPort)));
      isBroken = false;
      await bed.clock.advance(200_000);
      await bed.connect(client, listener);
      expect(listener.stats).toMatchObject({ associations: 1, accepted: 1 });
    });

    it('uses fresh randomness for each handshake', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const randoms = new Set<string>();
      for (let i = 0; i < 5; i += 1) {
        bed.wire.length = 0;
        await bed.connect(await bed.client(), listener);
        randoms.add(hexOf(clientHelloOf(bed.sentBy('client')[0]?.data ?? new Uint8Array()).random));
      }
      expect(randoms.size).toBe(5);
    });
  });
}
