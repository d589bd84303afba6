import type { DtlsListener, SecureSocket } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, isZero, textOf, utf8 } from './bytes.js';
import { exchange } from './exchange.js';
import { expectErrno, expectRejection, rejectionOf } from './outcomes.js';
import { type ListenerSetup, serverAddress, serverPort, Testbed } from './testbed.js';
import { holdsHandshake } from './wire.js';

const key = counting(32, 5);
const useConnectionId = true;

/** A listener whose associations another one goes on with: `suspend` and `resume`. */
export function describeListenerHandover(backends: BackendPair): void {
  if (!backends.server.capabilities.connectionId) {
    describe('a listener of a backend without connection IDs', () => {
      it('cannot be suspended or resumed: ENOTSUP, and it goes on', async () => {
        await using bed = new Testbed(backends);
        const { client, server, listener } = await bed.pair();
        await expectRejection(listener.suspend(key), 'ENOTSUP');
        await expectRejection(listener.resume(counting(100), key), 'ENOTSUP');
        await exchange(bed, client, server);
      });
    });
    return;
  }

  if (backends.client.capabilities.connectionId) describeMovingClients(backends);

  describe('a listener that is suspended', () => {
    it.each([
      ['with connection IDs', { useConnectionId }],
      ['without', {}],
    ])('leaves its associations to another, and clients notice nothing: %s', async (_how, setup) => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen(setup);
      const pairs = [];
      for (let i = 0; i < 5; i += 1) pairs.push(await bed.connect(await bed.client(setup), listener));
      for (const { client, server } of pairs) await exchange(bed, client, server);
      bed.wire.length = 0;
      const state = await bed.run(listener.suspend(key));
      expect(listener.state).toBe('closed');
      expect(listener.stats).toMatchObject({ associations: 0, halfOpen: 0 });
      const next = await bed.listen(setup);
      expect(await bed.run(next.resume(state, key))).toBe(5);
      const sockets = await acceptAll(bed, next, 5);
      for (const { client } of pairs) {
        const server = sockets.find(({ remotePort, remoteHost }) => isAt(client, remoteHost, remotePort));
        expect(server).toBeDefined();
        if (server !== undefined) await exchange(bed, client, server);
        expect(server?.info).toMatchObject({ pskIdentity: expect.anything(), ciphersuite: client.info?.ciphersuite });
        expect(server?.exportKeyingMaterial(16, 'EXPERIMENTAL x')).toEqual(
          client.exportKeyingMaterial(16, 'EXPERIMENTAL x'),
        );
      }
      expect(bed.wire.some(({ data }) => holdsHandshake(data, 1))).toBe(false);
      expect(next.stats).toMatchObject({ associations: 5, resumed: 5, accepted: 0, halfOpen: 0 });
    });

    it('tells who still receives on its sockets, and sends nothing more', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await bed.pair();
      bed.wire.length = 0;
      await bed.run(listener.suspend(key));
      await expectRejection(bed.run(server.receive()), 'ECONNABORTED');
      await expectRejection(server.send(utf8('late')), 'ENOTCONN');
      expect(bed.wire).toEqual([]);
      expect(client.state).toBe('connected');
    });

    it('hands on what was received and not read, and takes no record twice', async () => {
      await using bed = new Testbed(backends);
      const { client, listener } = await bed.pair({ client: { useConnectionId }, server: { useConnectionId } });
      for (const text of ['one', 'two']) await bed.run(client.send(utf8(text)));
      await bed.clock.advance(10);
      const state = await bed.run(listener.suspend(key));
      const next = await bed.listen({ useConnectionId });
      await bed.run(next.resume(state, key));
      const [server] = await acceptAll(bed, next, 1);
      const to = { host: serverAddress, port: serverPort };
      for (const { data, from } of [...bed.sentBy('client')]) bed.network.inject(data, from, to);
      await bed.run(client.send(utf8('three')));
      for (const text of ['one', 'two', 'three']) {
        expect(textOf((await bed.run(server?.receive() ?? Promise.reject())) as Uint8Array)).toBe(text);
      }
      await bed.clock.advance(10);
      expect(server?.tryReceive()).toBeUndefined();
    });

    it('is resumed once: afterwards the state is zeros, and is refused', async () => {
      await using bed = new Testbed(backends);
      const { listener } = await bed.pair();
      const state = await bed.run(listener.suspend(key));
      const next = await bed.listen();
      expect(await bed.run(next.resume(state, key))).toBe(1);
      expect(isZero(state)).toBe(true);
      await expectRejection(next.resume(state, key), 'EINVAL');
    });

    it('is not resumed with another key, or when a bit has changed, and the state stays good', async () => {
      await using bed = new Testbed(backends);
      const { listener } = await bed.pair();
      const state = await bed.run(listener.suspend(key));
      const next = await bed.listen();
      await expectRejection(next.resume(state, counting(32, 6)), 'EINVAL');
      for (let at = 0; at < state.length; at += 7) {
        const changed = state.slice();
        changed[at] = (changed[at] ?? 0) ^ 1;
        await expectRejection(next.resume(changed, key), 'EINVAL', `byte ${at}`);
      }
      for (const end of [0, 11, 28, state.length - 1]) {
        await expectRejection(next.resume(state.slice(0, end), key), 'EINVAL', `${end} bytes`);
      }
      expect(await bed.run(next.resume(state, key))).toBe(1);
    });

    it('leaves out who has come back anew, who has been silent for too long, and whom the limits keep out', async () => {
      for (const [setup, wait, resumed] of [
        [{}, 0, 2],
        [{ limits: { total: 1 } }, 0, 1],
        [{ limits: { idleTime: 50_000 } }, 60_000, 0],
      ] as const) {
        await using bed = new Testbed(backends);
        const listener = await bed.listen();
        await bed.connect(await bed.client(), listener);
        await bed.connect(await bed.client(), listener);
        await bed.clock.advance(wait);
        const state = await bed.run(listener.suspend(key));
        const next = await bed.listen(setup as ListenerSetup);
        expect(await bed.run(next.resume(state, key)), JSON.stringify(setup)).toBe(resumed);
      }
    });

    it('does not disturb an association that has begun in the meantime', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const bound = async (): Promise<SecureSocket> => {
        const below = bed.network.createUdpSocket(undefined, { address: '10.0.0.9' });
        const client = await bed.client({ below });
        await bed.run(client.bind('10.0.0.9', 50_000));
        return client;
      };
      const first = await bed.connect(await bound(), listener);
      const state = await bed.run(listener.suspend(key));
      await bed.run(first.client.cleanup());
      const next = await bed.listen();
      const { client, server } = await bed.connect(await bound(), next);
      expect(await bed.run(next.resume(state, key))).toBe(0);
      await exchange(bed, client, server);
    });

    it('does not go on where connection IDs have another length: EINVAL', async () => {
      await using bed = new Testbed(backends);
      const { listener } = await bed.pair({ client: { useConnectionId }, server: { useConnectionId } });
      const state = await bed.run(listener.suspend(key));
      const next = await bed.listen({ useConnectionId, connectionIds: { length: 4 } });
      const error = await expectRejection(next.resume(state, key), 'EINVAL');
      expect(error.message).toMatch(/4 bytes, not 8/);
      expect(isZero(state)).toBe(false);
    });

    it('can be bound again, and drops handshakes that are not complete', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const client = await bed.client({ handshakeTimeouts: { min: 1_000, max: 1_000 } });
      const connecting = rejectionOf(client.connect(serverAddress, serverPort));
      const stop = bed.network.intercept(({ from, data }) =>
        from.host !== serverAddress && holdsHandshake(data, 16) ? false : undefined,
      );
      await bed.clock.advance(100);
      expect(listener.stats.halfOpen).toBe(1);
      const state = await bed.run(listener.suspend(key));
      stop();
      expect(listener.state).toBe('closed');
      await bed.run(listener.bind(serverAddress, serverPort));
      expect(await bed.run(listener.resume(state, key))).toBe(0);
      expectErrno(await bed.run(connecting), 'ETIMEDOUT');
    });

    it('refuses what is no key, and is EBADF when it is not bound', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listener();
      await expectRejection(listener.suspend(key), 'EBADF');
      await expectRejection(listener.resume(counting(100), key), 'EBADF');
      for (const run of [
        (wrong: Uint8Array) => listener.suspend(wrong),
        (wrong: Uint8Array) => listener.resume(counting(100), wrong),
      ]) {
        await expectRejection(run(counting(16)), 'EINVAL');
        expect(await rejectionOf(run('key' as never))).toBeInstanceOf(TypeError);
      }
    });
  });
}

function describeMovingClients(backends: BackendPair): void {
  describe('a listener that is suspended, and has connection IDs', () => {
    it('has clients that move meanwhile, and are found by their connection IDs', async () => {
      await using bed = new Testbed(backends);
      const { client, listener } = await bed.pair({ client: { useConnectionId }, server: { useConnectionId } });
      const state = await bed.run(listener.suspend(key));
      await bed.run(client.rebind());
      const next = await bed.listen({ useConnectionId });
      await bed.run(next.resume(state, key));
      const [server] = await acceptAll(bed, next, 1);
      if (server !== undefined) await exchange(bed, client, server);
      expect(server?.remotePort).toBe(client.localPort);
    });
  });
}

function isAt(client: SecureSocket, host: string, port: number): boolean {
  return client.localHost === host && client.localPort === port;
}

async function acceptAll(bed: Testbed, listener: DtlsListener, count: number): Promise<SecureSocket[]> {
  const sockets: SecureSocket[] = [];
  for (let i = 0; i < count; i += 1) sockets.push(bed.own(await bed.run(listener.accept())));
  return sockets;
}
