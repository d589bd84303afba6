import { ciphersuiteName } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting } from './bytes.js';
import { commonCiphersuites } from './ciphersuites.js';
import { exchange } from './exchange.js';
import { expectErrno, expectRejection, rejectionOf } from './outcomes.js';
import { describePeerAddresses } from './peer-addresses.js';
import { describeRebinding } from './rebinding.js';
import { serverAddress, Testbed } from './testbed.js';

const useConnectionId = true;

/** Connection IDs: negotiated or ignored, and an association that outlives a change of its client's address. RFC 9146, RFC 9853. */
export function describeConnectionIds(backends: BackendPair): void {
  if (!backends.client.capabilities.connectionId || !backends.server.capabilities.connectionId) {
    describeWithout(backends);
    return;
  }
  describeNegotiation(backends);
  describeRebinding(backends);
  describePeerAddresses(backends);
}

function describeWithout(backends: BackendPair): void {
  describe('a pair of backends that do not both have connection IDs', () => {
    it('ignores useConnectionId: the association is as without', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair({ client: { useConnectionId }, server: { useConnectionId } });
      for (const { info } of [client, server]) {
        expect(info).toMatchObject({ connectionId: undefined, peerConnectionId: undefined });
      }
      await exchange(bed, client, server);
    });

    it('cannot rebind: ENOTSUP, and the association goes on', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair({ client: { useConnectionId }, server: { useConnectionId } });
      await expectRejection(client.rebind(), 'ENOTSUP');
      await exchange(bed, client, server);
    });
  });
}

function describeNegotiation(backends: BackendPair): void {
  describe('connection IDs', () => {
    it('are given by the server, 8 bytes of them, to a client that asks for none itself', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair({ client: { useConnectionId }, server: { useConnectionId } });
      expect(client.info?.connectionId).toHaveLength(0);
      expect(client.info?.peerConnectionId).toHaveLength(8);
      expect(server.info).toMatchObject({
        connectionId: client.info?.peerConnectionId,
        peerConnectionId: new Uint8Array(0),
        returnRoutabilityCheck: true,
      });
      await exchange(bed, client, server);
    });

    it.each([
      ['the client', { client: { useConnectionId } }],
      ['the server', { server: { useConnectionId } }],
    ])('are not used when only %s wants them', async (_who, setup) => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair(setup);
      for (const { info } of [client, server]) {
        expect(info).toMatchObject({ connectionId: undefined, peerConnectionId: undefined });
      }
      await expectRejection(client.rebind(), 'ENOTSUP');
      await exchange(bed, client, server);
    });

    it.each([0, 1, 4, 20, 255])('have %d bytes if both sides say so', async (length) => {
      await using bed = new Testbed(backends);
      const setup = { useConnectionId, connectionIds: { length } };
      const { client, server } = await bed.pair({ client: setup, server: setup });
      for (const { info } of [client, server]) {
        expect([info?.connectionId?.length, info?.peerConnectionId?.length]).toEqual([length, length]);
      }
      await exchange(bed, client, server);
    });

    it.each([...Array.from({ length: 21 }, (_, length) => length), 64])(
      'have %d bytes in one direction, and none in the other',
      async (length) => {
        await using bed = new Testbed(backends);
        const [some, none] = [length, 0].map((bytes) => ({ useConnectionId, connectionIds: { length: bytes } }));
        for (const [client, server] of [
          [some, none],
          [none, some],
        ]) {
          const pair = await bed.pair({ client, server: { ...server, port: bed.wire.length + 1 } });
          expect(pair.client.info?.connectionId).toHaveLength(client?.connectionIds.length ?? -1);
          expect(pair.client.info?.peerConnectionId).toHaveLength(server?.connectionIds.length ?? -1);
          bed.wire.length = 0;
          await exchange(bed, pair.client, pair.server);
          const types = bed.wire.map(({ data }) => data[0]);
          expect(types).toEqual([server, client].map((to) => (to?.connectionIds.length ? 25 : 23)));
          await bed.run(pair.listener.cleanup());
        }
      },
    );

    it('come from the generator, which is asked again when it gives one that is in use', async () => {
      await using bed = new Testbed(backends);
      let asked = 0;
      const generate = (connectionId: Uint8Array): void => {
        expect(connectionId).toHaveLength(2);
        connectionId.set([7, Math.floor(asked / 3)]);
        asked += 1;
      };
      const listener = await bed.listen({ useConnectionId, connectionIds: { length: 2, generate } });
      const given: (Uint8Array | undefined)[] = [];
      for (let i = 0; i < 3; i += 1) {
        const { client } = await bed.connect(await bed.client({ useConnectionId }), listener);
        given.push(client.info?.peerConnectionId);
      }
      expect(given).toEqual([0, 1, 2].map((second) => Uint8Array.of(7, second)));
    });

    it('are left out where the generator has no more to give', async () => {
      await using bed = new Testbed(backends);
      const connectionIds = { length: 1, generate: (connectionId: Uint8Array) => connectionId.fill(9) };
      const listener = await bed.listen({ useConnectionId, connectionIds });
      const first = await bed.connect(await bed.client({ useConnectionId }), listener);
      expect(first.client.info?.peerConnectionId).toEqual(Uint8Array.of(9));
      const second = await bed.connect(await bed.client({ useConnectionId }), listener);
      expect(second.client.info?.peerConnectionId).toBeUndefined();
      await exchange(bed, first.client, first.server);
      await exchange(bed, second.client, second.server);
      await bed.run(first.client.close());
      const third = await bed.connect(await bed.client({ useConnectionId }), listener);
      expect(third.client.info?.peerConnectionId, 'free again').toEqual(Uint8Array.of(9));
    });

    it('end a handshake when the generator throws, and the listener goes on', async () => {
      await using bed = new Testbed(backends);
      let isBroken = true;
      const generate = (): void => {
        if (isBroken) throw new Error('no more numbers');
      };
      const listener = await bed.listen({ useConnectionId, connectionIds: { generate } });
      const failing = await bed.client({ useConnectionId, handshakeTimeouts: { min: 100, max: 100 } });
      expectErrno(await bed.run(rejectionOf(failing.connect(serverAddress, listener.localPort))), 'ETIMEDOUT');
      isBroken = false;
      const { client, server } = await bed.connect(await bed.client({ useConnectionId }), listener);
      await exchange(bed, client, server);
      expect(listener.stats).toMatchObject({ associations: 1, halfOpen: 0 });
    });

    it.each(commonCiphersuites(backends).map((id) => [ciphersuiteName(id), id] as const))(
      'leave exactly innerMtu bytes for data in one datagram with %s',
      async (_name, suite) => {
        for (const recordPadding of [1, 64]) {
          await using bed = new Testbed(backends, { faults: { mtu: 576, oversized: 'error' } });
          const setup = { useConnectionId, ciphersuites: [suite] };
          const connectionIds = { length: 5, recordPadding };
          const { client, server } = await bed.pair({
            client: { ...setup, connectionIds: { length: 0, recordPadding } },
            server: { ...setup, connectionIds },
          });
          for (const [from, to] of [
            [client, server],
            [server, client],
          ] as const) {
            const largest = from.getOption('innerMtu');
            await bed.run(from.send(counting(largest)));
            expect(await bed.run(to.receive())).toEqual(counting(largest));
            await expectRejection(from.send(counting(largest + 1)), 'EMSGSIZE');
          }
        }
      },
    );

    it.each([
      ['length', 256, 'EINVAL'],
      ['length', 1.5, 'EINVAL'],
      ['length', '8', 'TypeError'],
      ['generate', 1, 'TypeError'],
      ['recordPadding', 0, 'EINVAL'],
      ['recordPadding', 1_025, 'EINVAL'],
      ['returnRoutabilityCheck', 'no', 'TypeError'],
    ])('are refused with %s %s, on either side', async (field, value, error) => {
      await using bed = new Testbed(backends);
      const connectionIds = { [field]: value };
      for (const make of [() => bed.client({ connectionIds }), () => bed.listener({ connectionIds })]) {
        const reason = await rejectionOf(make());
        expect(String(reason)).toContain(`connectionIds.${field}`);
        if (error === 'EINVAL') expectErrno(reason, 'EINVAL');
        else expect(reason).toBeInstanceOf(TypeError);
      }
    });

    it.each([
      ['pathValidation', 'none', 'EINVAL'],
      ['forward', {}, 'TypeError'],
    ])('are refused with %s %s on a listener', async (field, value, error) => {
      await using bed = new Testbed(backends);
      const reason = await rejectionOf(bed.listener({ connectionIds: { [field]: value } }));
      expect(String(reason)).toContain(`connectionIds.${field}`);
      if (error === 'EINVAL') expectErrno(reason, 'EINVAL');
      else expect(reason).toBeInstanceOf(TypeError);
    });
  });
}
