import { randomBytes } from 'node:crypto';
import type { SecureSocket } from '@avs-net/core';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { afterAll, expect } from 'vitest';
import { clientConfiguration, keyHex, listenerConfiguration } from '../../src/association.js';
import { backends } from '../../src/backends.js';
import { cell, describePeer, emptyCell, type Timers, timersFor } from '../../src/cells.js';
import { freeUdpPort } from '../../src/free-port.js';
import { type Direction, LossyRelay } from '../../src/lossy-relay.js';
import { exchange } from '../../src/meeting.js';
import { noConnectionIds } from '../../src/moving.js';
import type { Role } from '../../src/peer.js';
import { scenarioCells } from '../../src/scenario-cells.js';
import { suiteCells } from '../../src/suite-cells.js';
import { californium, type ScandiumParty, type ScandiumSettings, scandium, stopScandium } from './peer.js';

const lwm2mSuite = 0xc0a8;
const ecdhePskGcm = 0xd001;
const ecdhePskCbc = 0xc037;

const key = pskKeyInfoFromBuffer(Buffer.from(keyHex, 'hex'));

/** The longest that every implementation takes. RFC 4279 §5.3 */
const longIdentity = 'i'.repeat(128);

/** Twelve tries for each flight: of a million flights and their answers, five find no way through 20 % loss each way. */
const patientTimeouts = { min: 25, max: 51_200 };

const faulty = { loss: 0.2, duplication: 0.1 };

afterAll(stopScandium);

await describePeer(californium, () => {
  suiteCells(californium);
  scenarioCells(californium);

  for (const { backend } of backends) {
    // With a ServerKeyExchange, and so with the most messages.
    const ecdhePsk = backend.capabilities.ciphersuites.includes(ecdhePskGcm) ? ecdhePskGcm : ecdhePskCbc;

    const scenario = (row: string, role: Role, run: (timers: Timers) => Promise<void>): void => {
      const place = { row, kind: 'scenario', role, backend: backend.name } as const;
      cell(californium, place, () => run(timersFor(californium, place)));
    };

    /** Our client connects to a server on Scandium. */
    const asClient = async (
      settings: ScandiumSettings,
      more: Parameters<typeof clientConfiguration>[1],
      then: (socket: SecureSocket, server: ScandiumParty) => Promise<void>,
    ): Promise<void> => {
      const port = await freeUdpPort();
      await using server = await scandium('server', port, { suite: lwm2mSuite, ...settings }).started();
      await using socket = await backend.createDtlsSocket(clientConfiguration(undefined, more));
      await socket.connect('127.0.0.1', port);
      await then(socket, server);
    };

    /** A client on Scandium connects to our listener. */
    const asServer = async (
      settings: ScandiumSettings,
      more: Parameters<typeof listenerConfiguration>[1],
      then: (socket: SecureSocket, client: ScandiumParty) => Promise<void>,
    ): Promise<void> => {
      await using listener = await backend.createDtlsListener(listenerConfiguration(undefined, more));
      await listener.bind('127.0.0.1', 0);
      await using client = scandium('client', listener.localPort, { suite: lwm2mSuite, ...settings });
      await then(await listener.accept(), client);
    };

    const both = (
      row: string,
      settings: ScandiumSettings,
      then: (socket: SecureSocket, peer: ScandiumParty) => Promise<void> = exchange,
    ): void => {
      scenario(row, 'client', () => asClient(settings, {}, then));
      scenario(row, 'server', () => asServer(settings, {}, then));
    };

    scenario('an unknown identity is refused', 'client', async () => {
      const security = { mode: 'psk', key, identity: pskIdentityInfoFromBuffer('somebody else') } as const;
      const attempt = asClient({}, { security, handshakeTimeouts: { min: 200, max: 400 } }, exchange);
      await expect(attempt).rejects.toThrow();
    });

    scenario('an unknown identity is refused', 'server', async () => {
      await using listener = await backend.createDtlsListener(listenerConfiguration(lwm2mSuite));
      await listener.bind('127.0.0.1', 0);
      await using client = scandium('client', listener.localPort, { suite: lwm2mSuite, identity: 'somebody-else' });
      await client.refused();
      expect(listener.stats).toMatchObject({ accepted: 0, failed: 1 });
    });

    both('without the extended master secret', { ems: 'NONE' }, async (socket, peer) => {
      expect(socket.info?.extendedMasterSecret).toBe(false);
      await exchange(socket, peer);
    });
    both('with the extended master secret as a condition', { ems: 'REQUIRED' });
    both('several handshake messages in a record', { suite: ecdhePsk, messagesInOneRecord: true });
    both('one record in a datagram', { suite: ecdhePsk, recordsInOneDatagram: false });
    both('a limit on the size of records is offered (RFC 8449)', { recordSizeLimit: 512 });

    scenario('the peer offers a connection ID by the extension number of a draft, 53', 'server', () =>
      asServer({ cid: 6, draftExtension: 53 }, { useConnectionId: true }, async (socket, peer) => {
        expect(socket.info?.connectionId).toBeUndefined();
        await exchange(socket, peer);
      }),
    );

    // Scandium takes no path with less than 64 bytes for a handshake message, and with CBC fails in a record that its MAC fills.
    scenario('the peer sends its messages in fragments of 140-byte packets, with CBC of 160-byte ones', 'client', () =>
      asClient({ suite: ecdhePsk, mtu: ecdhePsk === ecdhePskCbc ? 160 : 140 }, {}, exchange),
    );

    scenario('the peer sends its messages after ClientHello in fragments', 'server', () => {
      const security = { mode: 'psk', resolve: () => key } as const;
      return asServer({ suite: ecdhePsk, mtu: 200, identity: longIdentity }, { security }, exchange);
    });

    scenario('the peer sends its ClientHello in fragments', 'server', async () => {
      await using listener = await backend.createDtlsListener(listenerConfiguration());
      await listener.bind('127.0.0.1', 0);
      await using client = scandium('client', listener.localPort, { suite: lwm2mSuite, mtu: 150 });
      const givenUp = client.refused().then(() => Promise.reject(new Error('the client has given up')));
      await Promise.race([listener.accept(), givenUp]);
    });

    const longNamed = { mode: 'psk', key, identity: pskIdentityInfoFromBuffer(longIdentity) } as const;
    scenario('we send our messages after ClientHello in fragments', 'client', (timers) =>
      asClient(
        { suite: ecdhePsk, identity: longIdentity },
        {
          security: longNamed,
          ciphersuites: [ecdhePsk],
          socket: { forcedMtu: 170 },
          ...timers,
        },
        exchange,
      ),
    );

    scenario('we send our ClientHello in fragments', 'client', (timers) =>
      asClient({}, { socket: { forcedMtu: 130 }, ...timers }, exchange),
    );

    const large = async (socket: SecureSocket, peer: ScandiumParty): Promise<void> => {
      const most = randomBytes(socket.getOption('innerMtu'));
      await socket.send(most);
      expect(await peer.datagram()).toEqual(most);
      peer.send(most);
      expect(Buffer.from(await socket.receive())).toEqual(most);
    };
    const jumbo = { socket: { forcedMtu: 17_000 } };
    scenario('the largest datagrams of a path of 1500 bytes', 'client', () => asClient({}, {}, large));
    scenario('the largest datagrams of a path of 1500 bytes', 'server', () => asServer({}, {}, large));
    scenario('records of 16,384 bytes', 'client', () => asClient({ mtu: 17_000 }, jumbo, large));
    scenario('records of 16,384 bytes', 'server', () => asServer({ mtu: 17_000 }, jumbo, large));

    const lossyRow = 'handshakes and data with 20 % loss and 10 % duplication each way';
    scenario(lossyRow, 'client', () =>
      withSeeds(async (seed) => {
        const port = await freeUdpPort();
        await using server = await scandium('server', port, { suite: ecdhePsk }).started();
        await using relay = await LossyRelay.to(port, seed, faulty);
        await using socket = await backend.createDtlsSocket(
          clientConfiguration(ecdhePsk, { handshakeTimeouts: patientTimeouts }),
        );
        await socket.connect('127.0.0.1', relay.port);
        await server.established();
        await lossyExchange(socket, server, relay, { ours: 'toServer', theirs: 'toClient' });
      }),
    );

    scenario(lossyRow, 'server', () =>
      withSeeds(async (seed) => {
        await using listener = await backend.createDtlsListener(
          listenerConfiguration(ecdhePsk, { handshakeTimeouts: patientTimeouts }),
        );
        await listener.bind('127.0.0.1', 0);
        await using relay = await LossyRelay.to(listener.localPort, seed, faulty);
        await using client = scandium('client', relay.port, { suite: ecdhePsk });
        const socket = await listener.accept();
        await client.established();
        await lossyExchange(socket, client, relay, { ours: 'toClient', theirs: 'toServer' });
      }),
    );

    const lossyIdsRow = 'connection IDs, handshakes with 20 % loss and 10 % duplication each way';
    const ids = { useConnectionId: true, connectionIds: { length: 5 }, handshakeTimeouts: patientTimeouts };
    const idScenario = (role: Role, run: () => Promise<void>): void => {
      const missing = noConnectionIds(backend);
      const place = { row: lossyIdsRow, kind: 'scenario', role, backend: backend.name } as const;
      if (missing === undefined) cell(californium, place, run);
      else emptyCell(californium, place, missing);
    };
    const withoutFaults = async (socket: SecureSocket, peer: ScandiumParty, relay: LossyRelay): Promise<void> => {
      await peer.established();
      relay.faults = { loss: 0, duplication: 0 };
      expect(socket.info?.connectionId).toHaveLength(5);
      expect(socket.info?.peerConnectionId).toHaveLength(6);
      await exchange(socket, peer);
    };

    idScenario('client', () =>
      withSeeds(async (seed) => {
        const port = await freeUdpPort();
        await using server = await scandium('server', port, { suite: ecdhePsk, cid: 6 }).started();
        await using relay = await LossyRelay.to(port, seed, faulty);
        await using socket = await backend.createDtlsSocket(clientConfiguration(ecdhePsk, ids));
        await socket.connect('127.0.0.1', relay.port);
        await withoutFaults(socket, server, relay);
      }),
    );

    idScenario('server', () =>
      withSeeds(async (seed) => {
        await using listener = await backend.createDtlsListener(listenerConfiguration(ecdhePsk, ids));
        await listener.bind('127.0.0.1', 0);
        await using relay = await LossyRelay.to(listener.localPort, seed, faulty);
        await using client = scandium('client', relay.port, { suite: ecdhePsk, cid: 6 });
        await withoutFaults(await listener.accept(), client, relay);
      }),
    );
  }
});

/** Eight associations side by side, each with a seed of its own. Another first seed: the environment variable INTEROP_SEED. */
async function withSeeds(run: (seed: number) => Promise<void>): Promise<void> {
  const first = Number(process.env['INTEROP_SEED'] ?? 1);
  const seeds = Array.from({ length: 8 }, (_, i) => first + i);
  const outcomes = await Promise.allSettled(seeds.map(run));
  const failures = outcomes.flatMap((one, i) => (one.status === 'rejected' ? [`seed ${seeds[i]}: ${one.reason}`] : []));
  expect(failures).toEqual([]);
}

/** Numbered datagrams both ways: what the relay did not lose arrives, once and unmodified. */
async function lossyExchange(
  socket: SecureSocket,
  peer: ScandiumParty,
  relay: LossyRelay,
  { ours, theirs }: { readonly ours: Direction; readonly theirs: Direction },
): Promise<void> {
  const datagrams = Array.from({ length: 50 }, (_, i) => `datagram ${i}`);
  for (const datagram of datagrams) {
    await socket.send(Buffer.from(datagram));
    peer.send(Buffer.from(datagram));
  }
  await Promise.all([relay.saw(datagrams.length, ours), relay.saw(datagrams.length, theirs)]);
  // What is sent now is not lost, and nothing overtakes in the relay: when it has arrived, all have that ever will.
  relay.faults = { loss: 0, duplication: 0 };
  await socket.send(Buffer.from('the last\n'));
  await peer.received('the last');
  peer.say?.('the last');
  const atUs = await receivedUntil(socket, 'the last\n');
  const atThem = peer
    .datagrams()
    .map(String)
    .filter((datagram) => datagram !== 'the last\n');
  const sent = new Set(datagrams);
  for (const [arrived, lost] of [
    [atUs, relay.lost[theirs]],
    [atThem, relay.lost[ours]],
  ] as const) {
    expect(arrived.filter((datagram) => !sent.has(datagram))).toEqual([]);
    expect(new Set(arrived).size).toBe(arrived.length);
    expect(arrived).toHaveLength(datagrams.length - lost);
  }
}

async function receivedUntil(socket: SecureSocket, last: string): Promise<string[]> {
  const all: string[] = [];
  for (;;) {
    const datagram = Buffer.from(await socket.receive()).toString();
    if (datagram === last) return all;
    all.push(datagram);
  }
}
