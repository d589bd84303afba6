import type { AvsError, SecureSocket } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { textOf, utf8 } from './bytes.js';
import { expectErrno, expectRejection, outcomeOf, rejectionOf } from './outcomes.js';
import { type ConnectedPair, serverAddress, serverPort, Testbed } from './testbed.js';
import { ContentType, recordsOf } from './wire.js';

/** Runs a test with the roles both ways round: who ends the association, and who hears of it. */
const bothWays = [
  ['client', 'server'],
  ['server', 'client'],
] as const;

function alertsOf(bed: Testbed): readonly string[] {
  return bed.wire.flatMap(({ data, from }) =>
    recordsOf(data)
      .filter(({ type }) => type === ContentType.alert)
      .map(({ epoch }) => `${from.host === serverAddress ? 'server' : 'client'} epoch ${epoch}`),
  );
}

async function sendAll(bed: Testbed, socket: SecureSocket, words: readonly string[]): Promise<void> {
  for (const word of words) await bed.run(socket.send(utf8(word)));
  await bed.clock.advance(1);
}

/** close_notify, shutdown, close and cleanup, from either side. */
export function describeEndings(backends: BackendPair): void {
  describe.each(bothWays)('an association that the %s ends', (ender, hearer) => {
    const roles = (pair: ConnectedPair) => ({ ending: pair[ender], hearing: pair[hearer] });

    it('sends one close_notify each way, encrypted', async () => {
      await using bed = new Testbed(backends);
      const { ending } = roles(await bed.pair());
      await bed.run(ending.shutdown());
      await bed.run(ending.shutdown());
      await bed.clock.advance(10_000);
      await bed.run(ending.close());
      await bed.clock.advance(10_000);
      expect(alertsOf(bed)).toEqual([`${ender} epoch 1`, `${hearer} epoch 1`]);
    });

    it('hands out what came before close_notify, then rejects ENOTCONN for good', async () => {
      await using bed = new Testbed(backends);
      const { ending, hearing } = roles(await bed.pair());
      await sendAll(bed, ending, ['one', 'two']);
      await bed.run(ending.shutdown());
      await bed.clock.advance(1);
      expect(hearing.state).toBe('shutdown');
      expect(hearing.lastAlert).toBeDefined();
      expect(textOf(await hearing.receive())).toBe('one');
      expect(textOf((await hearing.receiveFrom()).data)).toBe('two');
      await expectRejection(hearing.receive(), 'ENOTCONN');
      await expectRejection(hearing.receiveFrom(), 'ENOTCONN');
      expect(hearing.tryReceive()).toBeUndefined();
      await expectRejection(hearing.send(utf8('nobody there')), 'ENOTCONN');
    });

    it('rejects a receive that waits with ENOTCONN', async () => {
      await using bed = new Testbed(backends);
      const { ending, hearing } = roles(await bed.pair());
      const receiving = [rejectionOf(hearing.receive()), rejectionOf(hearing.receiveFrom())];
      await bed.run(ending.shutdown());
      for (const error of await bed.run(Promise.all(receiving))) expectErrno(error, 'ENOTCONN');
    });

    it('tells a receiver the data, then the end, once', async () => {
      await using bed = new Testbed(backends);
      const { ending, hearing } = roles(await bed.pair());
      const told: string[] = [];
      hearing.setReceiver({
        onData: (data) => told.push(textOf(data)),
        onError: (error: AvsError) => told.push(`error ${error.message}`),
        onEnd: () => told.push('end'),
      });
      await sendAll(bed, ending, ['one', 'two']);
      await bed.run(ending.close());
      await bed.clock.advance(5_000);
      expect(told).toEqual(['one', 'two', 'end']);
    });

    it('ends an iteration after what was received', async () => {
      await using bed = new Testbed(backends);
      const { ending, hearing } = roles(await bed.pair());
      await sendAll(bed, ending, ['one', 'two']);
      await bed.run(ending.cleanup());
      await bed.clock.advance(1);
      const got: string[] = [];
      const iterating = (async () => {
        for await (const data of hearing) got.push(textOf(data));
      })();
      await bed.run(iterating);
      expect(got).toEqual(['one', 'two']);
    });

    it('lets the one that shut down still read what it had received', async () => {
      await using bed = new Testbed(backends);
      const { ending, hearing } = roles(await bed.pair());
      await sendAll(bed, hearing, ['unread']);
      await bed.run(ending.shutdown());
      await bed.clock.advance(1);
      expect(ending.state).toBe('shutdown');
      await expectRejection(ending.send(utf8('x')), 'ENOTCONN');
      expect(textOf(await ending.receive())).toBe('unread');
      await expectRejection(ending.receive(), 'ENOTCONN');
    });

    it('delivers what was on its way when the other side shut down', async () => {
      await using bed = new Testbed(backends, { faults: { delay: 50 } });
      const { ending, hearing } = roles(await bed.pair());
      await hearing.send(utf8('crossing'));
      await ending.shutdown();
      expect(textOf(await bed.run(ending.receive()))).toBe('crossing');
    });

    it('discards what is unread when it is closed', async () => {
      await using bed = new Testbed(backends);
      const { ending, hearing } = roles(await bed.pair());
      await sendAll(bed, hearing, ['unread']);
      const receiving = outcomeOf(ending.receive());
      expect((await bed.run(receiving)).ok).toBe(true);
      await sendAll(bed, hearing, ['also unread']);
      await bed.run(ending.close());
      expect(ending.state).toBe('closed');
      expect(ending.tryReceive()).toBeUndefined();
      expect(ending.getOption('hasBufferedData')).toBe(false);
    });

    it('rejects a receive that waits when its own socket is closed or cleaned up', async () => {
      await using bed = new Testbed(backends);
      const { ending, hearing } = roles(await bed.pair());
      const onClose = rejectionOf(ending.receive());
      await bed.run(ending.close());
      expectErrno(await bed.run(onClose), 'ENOTCONN');
      await bed.clock.advance(1);
      const onCleanup = rejectionOf(hearing.receive());
      await bed.run(hearing.cleanup());
      expectErrno(await bed.run(onCleanup), ['EBADF', 'ENOTCONN']);
    });

    it('can be cleaned up as often as one likes, also at once', async () => {
      await using bed = new Testbed(backends);
      const { ending } = roles(await bed.pair());
      await bed.run(Promise.all([ending.cleanup(), ending.cleanup(), ending[Symbol.asyncDispose]()]));
      await bed.run(ending.cleanup());
      expect(ending.state).toBe('closed');
      await expectRejection(ending.close(), 'EBADF');
    });

    it('is cleaned up by await using', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const client = await bed.client();
      {
        await using socket = client;
        await bed.run(socket.connect(serverAddress, serverPort));
      }
      await expectRejection(client.send(utf8('too late')), 'EBADF');
      const server = bed.own(await bed.run(listener.accept()));
      {
        await using _closing = listener;
      }
      expect(server.state, 'a listener takes what it has accepted with it').toBe('shutdown');
      await expectRejection(listener.accept(), 'EBADF');
    });

    it('can be closed and cleaned up from within its receiver', async () => {
      for (const operation of ['close', 'cleanup', 'shutdown'] as const) {
        await using bed = new Testbed(backends);
        const { ending, hearing } = roles(await bed.pair());
        let calls = 0;
        const ended = new Promise<void>((resolve, reject) => {
          ending.setReceiver({
            onData: () => {
              calls += 1;
              ending[operation]().then(resolve, reject);
            },
          });
        });
        await hearing.send(utf8('bye'));
        await bed.run(ended);
        await bed.clock.advance(10);
        expect(calls, operation).toBe(1);
        expect(ending.state, operation).toBe(operation === 'shutdown' ? 'shutdown' : 'closed');
        expect(hearing.state, operation).toBe('shutdown');
      }
    });

    it('settles when both sides end it at the same moment', async () => {
      await using bed = new Testbed(backends, { faults: { delay: 20 } });
      const { ending, hearing } = roles(await bed.pair());
      await bed.run(Promise.all([ending.shutdown(), hearing.shutdown()]));
      await bed.clock.advance(100);
      for (const socket of [ending, hearing]) {
        expect(socket.state).toBe('shutdown');
        await expectRejection(socket.receive(), 'ENOTCONN');
      }
    });
  });

  describe('close and cleanup', () => {
    it('frees the slot in the listener when the client closes', async () => {
      await using bed = new Testbed(backends);
      const { client, listener } = await bed.pair();
      expect(listener.stats.associations).toBe(1);
      await bed.run(client.close());
      await bed.clock.advance(1);
      expect(listener.stats.associations).toBe(0);
    });

    it('frees the slot in the listener when the accepted socket is closed', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await bed.pair();
      await bed.run(server.close());
      await bed.clock.advance(1);
      expect(listener.stats.associations).toBe(0);
      expect(client.state).toBe('shutdown');
    });

    it.each(['close', 'cleanup'] as const)('ends a handshake that is under way: %s', async (operation) => {
      for (let point = 0; point < 60; point += 5) {
        await using bed = new Testbed(backends, { faults: { delay: 10 } });
        await bed.listen();
        const client = await bed.client();
        const connecting = rejectionOf(client.connect(serverAddress, serverPort), `at ${point} ms`);
        await bed.clock.advance(point);
        await bed.run(client[operation]());
        expectErrno(await bed.run(connecting), operation === 'close' ? 'ENOTCONN' : 'EBADF', `at ${point} ms`);
        expect(client.state).toBe('closed');
      }
    });

    it('connects again after close, to the same listener and to another', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const client = await bed.client();
      const other = await bed.listen({ address: '10.0.0.2' });
      for (const [index, target] of [listener, listener, other, listener].entries()) {
        const { server } = await bed.connect(client, target);
        expect(client.remoteHost).toBe(target.localHost);
        await bed.run(client.send(utf8(`round ${index}`)));
        expect(textOf(await bed.run(server.receive()))).toBe(`round ${index}`);
        await bed.run(server.send(utf8('unread')));
        await bed.clock.advance(1);
        await bed.run(client.close());
        expect(client.state).toBe('closed');
      }
    });

    it('connects again after its peer has ended the association', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await bed.pair();
      await bed.run(server.cleanup());
      await bed.clock.advance(1);
      await expectRejection(client.connect(serverAddress, serverPort), 'EBADF', 'still shut down');
      await bed.run(client.close());
      const again = await bed.connect(client, listener);
      await bed.run(again.server.send(utf8('welcome back')));
      expect(textOf(await bed.run(client.receive()))).toBe('welcome back');
    });

    it('connects again after a failure', async () => {
      await using bed = new Testbed(backends);
      const client = await bed.client({ handshakeTimeouts: { min: 100, max: 100 } });
      await expectRejection(bed.run(client.connect(serverAddress, serverPort)), 'ETIMEDOUT');
      await expectRejection(bed.run(client.connect('nobody.example', serverPort)), 'EADDRNOTAVAIL');
      const { server } = await bed.connect(client, await bed.listen());
      await bed.run(client.send(utf8('third time lucky')));
      expect(textOf(await bed.run(server.receive()))).toBe('third time lucky');
    });

    it('keeps its port through a failure only if it is bound again', async () => {
      await using bed = new Testbed(backends);
      const client = await bed.client({ handshakeTimeouts: { min: 100, max: 100 } });
      for (let i = 0; i < 2; i += 1) {
        await bed.run(client.bind('0.0.0.0', 40_200));
        await expectRejection(bed.run(client.connect(serverAddress, serverPort)), 'ETIMEDOUT');
        expect(client.state).toBe('closed');
      }
    });

    it('reports ECONNREFUSED when nobody listens', async () => {
      await using bed = new Testbed(backends, { refuse: true });
      const client = await bed.client();
      await expectRejection(bed.run(client.connect(serverAddress, serverPort)), 'ECONNREFUSED');
      expect(bed.clock.now(), 'at once').toBe(0);
      const { server } = await bed.connect(client, await bed.listen());
      expect(server.state).toBe('accepted');
    });

    it('survives ECONNREFUSED once connected: whoever receives is told, and it goes on', async () => {
      await using bed = new Testbed(backends, { refuse: true });
      const { client, listener } = await bed.pair();
      const unheard = bed.network.intercept(({ from }) => (from.host === serverAddress ? false : undefined));
      await bed.run(listener.close());
      unheard();
      const told = rejectionOf(client.receive());
      await bed.run(client.send(utf8('anyone?')));
      expectErrno(await bed.run(told), 'ECONNREFUSED');
      expect(client.state).toBe('connected');
      const errors: unknown[] = [];
      client.setReceiver({ onData: () => undefined, onError: (error) => errors.push(error) });
      await bed.run(client.send(utf8('anyone now?')));
      await bed.clock.advance(1);
      expect(errors).toHaveLength(1);
      expectErrno(errors[0], 'ECONNREFUSED');
      expect(client.state).toBe('connected');
    });
  });
}
