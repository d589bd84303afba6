import type { SecureSocket } from '@avs-net/core';
import { pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, textOf, utf8 } from './bytes.js';
import { outcomeOf } from './outcomes.js';
import { pskClient, serverAddress, serverPort, Testbed } from './testbed.js';

/** Many associations at once on one listener. */
export function describeConcurrency(backends: BackendPair): void {
  describe('many associations at once', () => {
    it('keeps the data of 300 of them apart, and their keys', { timeout: 60_000 }, async () => {
      const seed = 77;
      const count = 300;
      await using bed = new Testbed(backends, { seed, faults: { delay: { min: 1, max: 40 } } });
      const listener = await bed.listen({
        security: {
          mode: 'psk',
          resolve: async (identity) => pskKeyInfoFromBuffer(counting(16, Number(textOf(identity)))),
        },
      });
      const echoing = (async () => {
        for await (const socket of listener) {
          const name = textOf(socket.info?.pskIdentity ?? utf8('?'));
          bed.own(socket).setReceiver({ onData: (data) => void socket.send(utf8(`${name}<${textOf(data)}`)) });
        }
      })();
      const clients = await Promise.all(
        Array.from({ length: count }, (_, i) => bed.client({ security: pskClient(utf8(`${i}`), counting(16, i)) })),
      );
      await bed.run(Promise.all(clients.map((client) => client.connect(serverAddress, serverPort))));
      expect(listener.stats).toMatchObject({ associations: count, halfOpen: 0, accepted: count });
      const rounds = 5;
      for (let round = 0; round < rounds; round += 1) {
        for (const [i, client] of clients.entries()) await client.send(utf8(`${i}.${round}`));
      }
      await bed.clock.advance(1_000);
      for (const [i, client] of clients.entries()) {
        const got: string[] = [];
        for (let data = client.tryReceive(); data !== undefined; data = client.tryReceive())
          got.push(textOf(data.data));
        const expected = Array.from({ length: rounds }, (_, round) => `${i}<${i}.${round}`);
        expect(got.sort(), `seed ${seed}, client ${i}`).toEqual(expected);
      }
      await bed.run(listener.close());
      await bed.run(echoing);
      await bed.clock.advance(100);
      for (const client of clients) expect(client.state).toBe('shutdown');
    });

    it('lets them come and go in any order', async () => {
      await using bed = new Testbed(backends, { faults: { delay: 3 } });
      const listener = await bed.listen();
      const live = new Map<number, { client: SecureSocket; server: SecureSocket }>();
      for (let i = 0; i < 120; i += 1) {
        const { client, server } = await bed.connect(await bed.client(), listener);
        live.set(i, { client, server });
        const leaving = live.get(i - 1 - (i % 7));
        if (leaving !== undefined) {
          live.delete(i - 1 - (i % 7));
          await bed.run(i % 2 === 0 ? leaving.client.close() : leaving.server.cleanup());
          await bed.clock.advance(10);
        }
        expect(listener.stats.associations).toBe(live.size);
      }
      for (const [i, { client, server }] of live) {
        await bed.run(client.send(utf8(`${i}`)));
        expect(textOf(await bed.run(server.receive()))).toBe(`${i}`);
      }
    });

    it('has several clients of one host, and several listeners', async () => {
      await using bed = new Testbed(backends);
      const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
      const listeners = await Promise.all(addresses.map((address) => bed.listen({ address })));
      for (const listener of listeners) {
        for (let i = 0; i < 3; i += 1) {
          const below = bed.network.createUdpSocket(undefined, { address: '10.4.4.4' });
          const { client, server } = await bed.connect(await bed.client({ below }), listener);
          expect([server.localHost, server.remoteHost]).toEqual([listener.localHost, '10.4.4.4']);
          await bed.run(server.send(utf8(listener.localHost)));
          expect(textOf(await bed.run(client.receive()))).toBe(listener.localHost);
        }
      }
      for (const listener of listeners) expect(listener.stats.associations).toBe(3);
    });

    it('is not held up by clients that fail in between', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const attempts = Array.from({ length: 60 }, async (_, i) => {
        const security = i % 3 === 0 ? pskClient(utf8(`bad-${i}`), counting(16, i)) : pskClient(utf8(`good-${i}`));
        const client = await bed.client({ security });
        return (await outcomeOf(client.connect(serverAddress, serverPort))).ok;
      });
      const results = await bed.run(Promise.all(attempts));
      expect(results).toEqual(Array.from({ length: 60 }, (_, i) => i % 3 !== 0));
      await bed.clock.advance(200_000);
      expect(listener.stats).toMatchObject({ associations: 40, halfOpen: 0, accepted: 40, failed: 20 });
    });
  });
}
