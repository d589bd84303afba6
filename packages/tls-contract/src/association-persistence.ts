import { ciphersuiteName, type TlsConfiguration } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { textOf, utf8 } from './bytes.js';
import { commonCiphersuites } from './ciphersuites.js';
import { exchange } from './exchange.js';
import { expectErrno, expectRejection, rejectionOf } from './outcomes.js';
import { type ClientSetup, pskClient, serverAddress, serverPort, Testbed } from './testbed.js';
import { holdsHandshake } from './wire.js';

const useConnectionId = true;
const bufferSize = 2_048;

/** Associations that are kept in the caller's buffer and continued without a handshake: `persistAssociation`, `suspend`. */
export function describeAssociationPersistence(backends: BackendPair): void {
  if (!backends.client.capabilities.connectionId || !backends.server.capabilities.connectionId) {
    describe('a pair of backends that do not both have connection IDs', () => {
      it('keeps no association: suspend is ENOTSUP, and the next connect is a handshake', async () => {
        await using bed = new Testbed(backends);
        const setup = keeping();
        const { client, server, listener } = await bed.pair({ client: setup, server: { useConnectionId } });
        await expectRejection(client.suspend(), 'ENOTSUP');
        await exchange(bed, client, server);
        await bed.run(client.close());
        await bed.connect(client, listener);
        expect(client.getOption('connectionIdResumed')).toBe(false);
        expect(listener.stats.accepted).toBe(2);
      });
    });
    return;
  }

  describe('an association that is kept', () => {
    it.each(commonCiphersuites(backends).map((id) => [ciphersuiteName(id), id] as const))(
      'goes on in another socket without a handshake, with %s',
      async (_name, suite) => {
        await using bed = new Testbed(backends);
        const setup = { ...keeping(), ciphersuites: [suite] };
        const { client, server, listener } = await bed.pair({ client: setup, server: { useConnectionId } });
        await exchange(bed, client, server);
        const exported = client.exportKeyingMaterial(20, 'EXPERIMENTAL test');
        await bed.run(client.suspend());
        expect(client.state).toBe('closed');
        bed.wire.length = 0;
        const next = await bed.client(setup);
        await bed.run(next.connect(serverAddress, serverPort));
        expect(bed.wire).toEqual([]);
        expect([next.getOption('connectionIdResumed'), next.getOption('sessionResumed')]).toEqual([true, true]);
        expect(next.info).toMatchObject({
          ciphersuite: suite,
          peerConnectionId: server.info?.connectionId,
          encryptThenMac: server.info?.encryptThenMac,
        });
        await exchange(bed, next, server);
        expect(next.exportKeyingMaterial(20, 'EXPERIMENTAL test')).toEqual(exported);
        expect(bed.wire.some(({ data }) => holdsHandshake(data, 1))).toBe(false);
        expect(listener.stats).toMatchObject({ accepted: 1, associations: 1 });
      },
    );

    it('goes on after the process has ended without a word, and the server follows it to its new address', async () => {
      await using bed = new Testbed(backends);
      const setup = keeping();
      const { client, server } = await bed.pair({ client: setup, server: { useConnectionId } });
      await exchange(bed, client, server);
      const sessionResumptionBuffer = setup.sessionResumptionBuffer.slice();
      const next = await bed.client({ ...setup, sessionResumptionBuffer });
      await bed.run(next.connect(serverAddress, serverPort));
      expect(next.getOption('connectionIdResumed')).toBe(true);
      await exchange(bed, next, server);
      expect([server.remoteHost, server.remotePort]).toEqual([next.localHost, next.localPort]);
    });

    it('goes on in the same socket after suspend', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair({ client: keeping(), server: { useConnectionId } });
      for (let i = 0; i < 3; i += 1) {
        await bed.run(client.suspend());
        await bed.run(client.connect(serverAddress, serverPort));
        expect(client.getOption('connectionIdResumed')).toBe(true);
        await exchange(bed, client, server);
      }
    });

    it('is over after close: the next connect is a handshake, abbreviated if the session allows it', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await bed.pair({ client: keeping(), server: { useConnectionId } });
      await exchange(bed, client, server);
      await bed.run(client.close());
      await bed.connect(client, listener);
      expect([client.getOption('connectionIdResumed'), client.getOption('sessionResumed')]).toEqual([false, true]);
    });

    it('is over when the server closes it', async () => {
      await using bed = new Testbed(backends);
      const setup = keeping();
      const { client, server, listener } = await bed.pair({ client: setup, server: { useConnectionId } });
      await bed.run(server.close());
      await bed.clock.advance(10);
      expect(client.state).toBe('shutdown');
      const { client: next } = await bed.connect(await bed.client(setup), listener);
      expect(next.getOption('connectionIdResumed')).toBe(false);
    });

    it('of a server that has lost it goes unanswered, and close and connect make a new one', async () => {
      await using bed = new Testbed(backends);
      const { client, listener } = await bed.pair({ client: keeping(), server: { useConnectionId } });
      await bed.run(client.suspend());
      await bed.run(listener.cleanup());
      const restarted = await bed.listen({ useConnectionId });
      await bed.run(client.connect(serverAddress, serverPort));
      expect(client.getOption('connectionIdResumed')).toBe(true);
      await bed.run(client.send(utf8('anybody there?')));
      await expectRejection(bed.run(client.receive()), 'ETIMEDOUT');
      expect(restarted.stats.dropped.connectionId).toBe(1);
      await bed.run(client.close());
      const { server } = await bed.connect(client, restarted);
      expect(client.getOption('connectionIdResumed')).toBe(false);
      await exchange(bed, client, server);
    });

    it.each([
      ['another identity', { security: pskClient(utf8('device-2')) }, serverAddress],
      ['another name', { serverNameIndication: 'other.example' }, serverAddress],
      ['another host', {}, 'server.example'],
    ])('is not continued with %s', async (_what, change, host) => {
      await using bed = new Testbed(backends);
      bed.network.setName('server.example', serverAddress);
      const setup = keeping();
      const { client, listener } = await bed.pair({ client: setup, server: { useConnectionId } });
      await bed.run(client.suspend());
      const next = await bed.client({ ...setup, ...change });
      await bed.connect(next, listener, host);
      expect(next.getOption('connectionIdResumed')).toBe(false);
    });

    it('is not continued when a bit of it has changed, wherever', async () => {
      await using bed = new Testbed(backends);
      const setup = keeping();
      const { client, listener } = await bed.pair({ client: setup, server: { useConnectionId } });
      await bed.run(client.suspend());
      const stored = setup.sessionResumptionBuffer.slice();
      const end = stored.findLastIndex((byte) => byte !== 0) + 1;
      const length = new DataView(stored.buffer).getUint32(0);
      for (let at = 4 + length; at < end; at += 13) {
        const sessionResumptionBuffer = stored.slice();
        sessionResumptionBuffer[at] = (sessionResumptionBuffer[at] ?? 0) ^ 4;
        const next = await bed.client({ ...setup, sessionResumptionBuffer });
        await bed.connect(next, listener);
        // The address of the server in front is a hint, and may be wrong.
        const isHint = at < 4 + length + 4 + 1 + serverAddress.length && at >= 4 + length + 5;
        expect(next.getOption('connectionIdResumed'), `byte ${at}`).toBe(isHint);
        await bed.run(next.cleanup());
      }
    });

    it('is continued once: a second socket with the same buffer makes a handshake', async () => {
      await using bed = new Testbed(backends);
      const setup = keeping();
      const { client, server, listener } = await bed.pair({ client: setup, server: { useConnectionId } });
      await bed.run(client.suspend());
      const [one, other] = [await bed.client(setup), await bed.client(setup)];
      const accepted = listener.accept();
      await bed.run(Promise.all([one.connect(serverAddress, serverPort), other.connect(serverAddress, serverPort)]));
      expect([one, other].map((socket) => socket.getOption('connectionIdResumed'))).toEqual([true, false]);
      await exchange(bed, other, bed.own(await bed.run(accepted)));
      expect(server.state).toBe('accepted');
    });

    it('stops where another socket has gone on with it, before a number is used twice', async () => {
      await using bed = new Testbed(backends);
      const setup = keeping({ writeReserve: 2 });
      const { client, server } = await bed.pair({ client: setup, server: { useConnectionId } });
      const thief = await bed.client(setup);
      await bed.run(thief.connect(serverAddress, serverPort));
      expect(thief.getOption('connectionIdResumed')).toBe(true);
      let sent = 0;
      let failure: unknown;
      while (failure === undefined && sent < 10) {
        const outcome = await bed.run(
          client.send(utf8('mine')).then(
            () => undefined,
            (error: unknown) => error,
          ),
        );
        if (outcome === undefined) sent += 1;
        failure = outcome;
      }
      expectErrno(failure, 'EBUSY');
      expect(sent).toBeLessThanOrEqual(2);
      await expectRejection(bed.run(client.suspend()), 'EBUSY');
      for (let i = 0; i < sent; i += 1) expect(textOf(await bed.run(server.receive()))).toBe('mine');
      await exchange(bed, thief, server);
    });

    it('sends and hands out nothing that persist has not made durable', async () => {
      await using bed = new Testbed(backends);
      const gates: (() => void)[] = [];
      const setup = keeping({ writeReserve: 1 });
      let isSlow = false;
      setup.persistAssociation.persist = () =>
        isSlow ? new Promise<void>((resolve) => gates.push(resolve)) : Promise.resolve();
      const { client, server } = await bed.pair({ client: setup, server: { useConnectionId } });
      await bed.run(client.send(utf8('covered by what is durable')));
      await bed.run(server.receive());
      isSlow = true;
      const sending = client.send(utf8('up'));
      await server.send(utf8('down'));
      await bed.clock.advance(1_000);
      expect([server.tryReceive(), client.tryReceive()]).toEqual([undefined, undefined]);
      isSlow = false;
      for (const open of gates.splice(0)) open();
      await bed.run(sending);
      expect(textOf(await bed.run(server.receive()))).toBe('up');
      expect(textOf(await bed.run(client.receive()))).toBe('down');
    });

    it('rejects what waits with EIO when persist fails, and goes on when it works again', async () => {
      await using bed = new Testbed(backends);
      let isFull = false;
      const setup = keeping({ writeReserve: 1 });
      setup.persistAssociation.persist = async () => {
        if (isFull) throw new Error('no space left on device');
      };
      const { client, server } = await bed.pair({ client: setup, server: { useConnectionId } });
      await bed.run(client.send(utf8('covered by what is durable')));
      await bed.run(server.receive());
      isFull = true;
      const error = await expectRejection(bed.run(client.send(utf8('lost'))), 'EIO');
      expect(error.message).toContain('no space left on device');
      await expectRejection(bed.run(client.suspend()), 'EIO');
      await server.send(utf8('lost as well'));
      await expectRejection(bed.run(client.receive()), 'EIO');
      isFull = false;
      await exchange(bed, client, server);
    });

    it('that has no room in the buffer is not kept, and works', async () => {
      await using bed = new Testbed(backends);
      const setup = { ...keeping(), sessionResumptionBuffer: new Uint8Array(200) };
      const { client, server } = await bed.pair({ client: setup, server: { useConnectionId } });
      await exchange(bed, client, server);
      await expectRejection(bed.run(client.suspend()), 'EMSGSIZE');
      await exchange(bed, client, server);
    });

    it('without a connection ID from the server is not kept, and works', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair({ client: keeping() });
      await expectRejection(bed.run(client.suspend()), 'ENOTSUP');
      await exchange(bed, client, server);
    });

    it('takes nobody who is not asked for: suspend is ENOTSUP without persistAssociation, ENOTCONN without an association', async () => {
      await using bed = new Testbed(backends);
      await expectRejection((await bed.client(keeping())).suspend(), 'ENOTCONN');
      const { client, server } = await bed.pair({ client: { useConnectionId }, server: { useConnectionId } });
      await expectRejection(client.suspend(), 'ENOTSUP');
      await expectRejection(server.suspend(), 'ENOTSUP');
    });

    it.each([
      ['persist', 1, 'TypeError'],
      ['writeReserve', 0, 'EINVAL'],
      ['readReserve', 65_537, 'EINVAL'],
      ['readReserve', '1', 'TypeError'],
    ])('refuses %s %s', async (field, value, error) => {
      await using bed = new Testbed(backends);
      const setup = keeping();
      const persistAssociation = { ...setup.persistAssociation, [field]: value } as never;
      const reason = await rejectionOf(bed.client({ ...setup, persistAssociation }));
      expect(String(reason)).toContain(`persistAssociation.${field}`);
      if (error === 'EINVAL') expectErrno(reason, 'EINVAL');
      else expect(reason).toBeInstanceOf(TypeError);
    });

    it('needs the buffer and useConnectionId', async () => {
      await using bed = new Testbed(backends);
      const { persistAssociation, sessionResumptionBuffer } = keeping();
      await expectRejection(bed.client({ persistAssociation, useConnectionId }), 'EINVAL');
      await expectRejection(bed.client({ persistAssociation, sessionResumptionBuffer }), 'EINVAL');
    });
  });
}

type Keeping = ClientSetup & {
  readonly sessionResumptionBuffer: Uint8Array;
  readonly persistAssociation: { persist: NonNullable<TlsConfiguration['persistAssociation']>['persist'] };
};

/** A client whose buffer is durable by itself. */
function keeping(reserves: { writeReserve?: number; readReserve?: number } = {}): Keeping {
  return {
    useConnectionId,
    sessionResumptionBuffer: new Uint8Array(bufferSize),
    persistAssociation: { persist: () => undefined, ...reserves },
  };
}
