import { type DtlsListener, isErrno, type SecureSocket } from '@avs-net/core';
import { type Faults, SeededRandom } from '@avs-net/core/testing';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, hexOf, utf8 } from './bytes.js';
import { commonCiphersuites } from './ciphersuites.js';
import { expectErrno, outcomeOf } from './outcomes.js';
import { pskClient, serverAddress, serverPort, Testbed } from './testbed.js';
import { ContentType, recordsOf } from './wire.js';

/** Thirty in a hundred datagrams lost each way, ten doubled, a quarter held back. */
const rough: Faults = {
  loss: 0.3,
  duplication: 0.1,
  reordering: 0.25,
  reorderingTime: 400,
  delay: { min: 5, max: 60 },
};

const runs = 500;
const runsPerTest = 100;

/** One association over a bad network: handshake, data both ways, agreement. Returns whether it came to be. */
async function roughRun(backends: BackendPair, seed: number): Promise<boolean> {
  const random = new SeededRandom(seed);
  const suites = commonCiphersuites(backends);
  const hint = `seed ${seed}`;
  await using bed = new Testbed(backends, {
    seed,
    faults: {
      ...rough,
      loss: random.next() * 0.3,
      ...(seed % 4 === 0 ? { mtu: 300, oversized: 'drop' as const } : {}),
    },
  });
  const listener = await bed.listen({ limits: { idleTime: 600_000 } });
  const suite = suites[seed % suites.length] ?? 0;
  const client = await bed.client({ ciphersuites: [suite] });
  const outcome = await outcomeOf(bed.run(client.connect(serverAddress, serverPort)));
  if (!outcome.ok) {
    expectErrno(outcome.error, 'ETIMEDOUT', hint);
    expect(client.state, hint).toBe('closed');
    await bed.clock.advance(1_300_000);
    expect(listener.stats, hint).toMatchObject({ associations: 0, halfOpen: 0 });
    return false;
  }
  expect(listener.stats, hint).toMatchObject({ associations: 1, halfOpen: 0, accepted: 1 });
  const server = bed.own(await bed.run(listener.accept()));
  expect(server.info?.ciphersuite, hint).toBe(client.info?.ciphersuite);
  await expectDataAtMostOnce(bed, client, server, hint);
  await expectDataAtMostOnce(bed, server, client, hint);
  bed.network.setFaults({});
  await bed.clock.advance(1_000);
  await bed.run(client.send(utf8('calm')));
  for (let data = await bed.run(server.receive()); hexOf(data) !== hexOf(utf8('calm')); ) {
    data = await bed.run(server.receive());
  }
  await bed.run(client.close());
  await bed.clock.advance(1);
  expect(server.state, hint).toBe('shutdown');
  return true;
}

async function expectDataAtMostOnce(bed: Testbed, from: SecureSocket, to: SecureSocket, hint: string): Promise<void> {
  const got: string[] = [];
  to.setReceiver({ onData: (data) => got.push(hexOf(data)) });
  const sent = Array.from({ length: 10 }, (_, i) => counting(20 + 10 * i, i));
  for (const data of sent) {
    await bed.run(from.send(data));
    await bed.clock.advance(20);
  }
  await bed.clock.advance(5_000);
  to.setReceiver(undefined);
  const expected = sent.map(hexOf);
  expect(expected, `${hint}: unmodified`).toEqual(expect.arrayContaining(got));
  expect(new Set(got).size, `${hint}: at most once`).toBe(got.length);
}

/** Handshakes and data over networks that lose, double and reorder. */
export function describeLoss(backends: BackendPair): void {
  describe('a network that loses up to 30 % each way, doubles and reorders', () => {
    for (let first = 1; first <= runs; first += runsPerTest) {
      it(`ends in agreement on both sides, and delivers at most once: seeds ${first} to ${first + runsPerTest - 1}`, {
        timeout: 60_000,
      }, async () => {
        let connected = 0;
        for (let seed = first; seed < first + runsPerTest; seed += 1) {
          if (await roughRun(backends, seed)) connected += 1;
        }
        expect(connected, 'most of them connect').toBeGreaterThan(runsPerTest * 0.85);
      });
    }

    it('repeats what was lost, whichever datagram of the handshake it was', async () => {
      let datagrams = Infinity;
      for (let index = 0; index < datagrams; index += 1) {
        await using bed = new Testbed(backends);
        let seen = 0;
        bed.network.intercept(() => {
          seen += 1;
          return seen === index + 1 ? false : undefined;
        });
        const { client, server } = await bed.pair();
        if (index === 0) datagrams = seen - 1;
        expect(bed.clock.now(), `datagram ${index} lost`).toBe(1_000);
        await bed.run(client.send(utf8('made it')));
        expect(await bed.run(server.receive()), `datagram ${index} lost`).toEqual(utf8('made it'));
      }
      expect(datagrams, 'three flights each way').toBeGreaterThanOrEqual(6);
    });

    it('answers a client that did not hear the last flight, also after data was lost', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const client = await bed.client();
      let mute = true;
      bed.network.intercept(({ data, from }) => {
        const isProtected = recordsOf(data).some(
          ({ type, epoch }) => type === ContentType.changeCipherSpec || epoch > 0,
        );
        return mute && from.host === serverAddress && isProtected ? false : undefined;
      });
      const connecting = client.connect(serverAddress, serverPort);
      await bed.clock.advance(3_500);
      expect(listener.stats).toMatchObject({ associations: 1, accepted: 1 });
      expect(client.state).toBe('closed');
      const server = bed.own(await bed.run(listener.accept()));
      await server.send(utf8('not heard'));
      mute = false;
      await bed.run(connecting);
      expect(client.info?.retransmissions).toBeGreaterThan(0);
      await bed.run(client.send(utf8('connected')));
      expect(await bed.run(server.receive())).toEqual(utf8('connected'));
    });

    it('keeps data that overtakes the end of the handshake', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const client = await bed.client();
      bed.network.setFaults({ delay: 500 }, { from: { host: serverAddress } });
      const connecting = client.connect(serverAddress, serverPort);
      const server = bed.own(await bed.run(listener.accept()));
      bed.network.setFaults({ delay: 1 }, { from: { host: serverAddress } });
      await server.send(utf8('ahead of Finished'));
      await bed.run(connecting);
      expect(await bed.run(client.receive())).toEqual(utf8('ahead of Finished'));
    });
  });

  describe('one listener behind a network that loses 30 % each way', () => {
    it('is never one-sided for good: 300 handshakes at once', { timeout: 60_000 }, async () => {
      const seed = 4_711;
      const count = 300;
      const idleTime = 300_000;
      await using bed = new Testbed(backends, { seed, faults: rough });
      const listener = await bed.listen({ limits: { idleTime } });
      const clients: SecureSocket[] = [];
      const attempts: Promise<boolean>[] = [];
      for (let i = 0; i < count; i += 1) {
        const client = await bed.client({ security: pskClient(utf8(`device-${i}`)) });
        clients.push(client);
        attempts.push(
          client.connect(serverAddress, serverPort).then(
            () => true,
            (error: unknown) => {
              if (!isErrno(error, 'ETIMEDOUT')) throw error;
              return false;
            },
          ),
        );
      }
      const results = await bed.run(Promise.all(attempts));
      const connected = clients.filter((_, i) => results[i]);
      expect(connected.length, `seed ${seed}`).toBeGreaterThan(count * 0.9);
      for (const client of clients) expect(client.state).toBe(connected.includes(client) ? 'connected' : 'closed');

      bed.network.setFaults({});
      const sockets = await acceptWaiting(bed, listener);
      for (let i = 0; i < 4; i += 1) {
        for (const client of connected) await client.send(utf8('keep'));
        await bed.clock.advance(idleTime / 3);
      }
      expect(listener.stats, `seed ${seed}`).toMatchObject({ associations: connected.length, halfOpen: 0 });
      const alive = sockets.filter(({ state }) => state === 'accepted');
      expect(alive.length, `seed ${seed}`).toBe(connected.length);
      for (const client of connected) expect(client.state, `seed ${seed}`).toBe('connected');
    });
  });
}

async function acceptWaiting(bed: Testbed, listener: DtlsListener): Promise<SecureSocket[]> {
  const sockets: SecureSocket[] = [];
  while (listener.getOption('hasBufferedData')) sockets.push(bed.own(await listener.accept()));
  return sockets;
}
