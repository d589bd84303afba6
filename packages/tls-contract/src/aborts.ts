import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { utf8 } from './bytes.js';
import { expectRejection, rejectionOf } from './outcomes.js';
import { serverAddress, serverPort, Testbed } from './testbed.js';

/** Waits that an AbortSignal ends. */
export function describeAborts(backends: BackendPair): void {
  describe('aborts', () => {
    it('connects not at all with a signal that is aborted already', async () => {
      await using bed = new Testbed(backends);
      await bed.listen();
      const client = await bed.client();
      const reason = new Error('changed my mind');
      const signal = AbortSignal.abort(reason);
      expect(await bed.run(rejectionOf(client.connect(serverAddress, serverPort, { signal })))).toBe(reason);
      expect(bed.wire).toHaveLength(0);
      expect(client.state).toBe('closed');
    });

    it("ends a connect with the signal's reason, sends nothing more, and can connect again", async () => {
      await using bed = new Testbed(backends);
      const client = await bed.client();
      const controller = new AbortController();
      const connecting = rejectionOf(client.connect(serverAddress, serverPort, { signal: controller.signal }));
      await bed.clock.advance(1_500);
      const reason = new Error('too slow');
      controller.abort(reason);
      expect(await bed.run(connecting)).toBe(reason);
      expect(client.state).toBe('closed');
      const sent = bed.wire.length;
      await bed.clock.advance(200_000);
      expect(bed.wire).toHaveLength(sent);
      const { server } = await bed.connect(client, await bed.listen());
      await bed.run(client.send(utf8('again')));
      expect(await bed.run(server.receive())).toEqual(utf8('again'));
    });

    it('ends a connect at every point of the handshake, and the listener gets over it', async () => {
      await using bed = new Testbed(backends, { faults: { delay: 10 } });
      const listener = await bed.listen({ limits: { handshakeTime: 5_000, idleTime: 20_000 } });
      for (let point = 0; point < 60; point += 5) {
        const client = await bed.client();
        const controller = new AbortController();
        const connecting = rejectionOf(client.connect(serverAddress, serverPort, { signal: controller.signal }));
        await bed.clock.advance(point);
        controller.abort(new Error(`at ${point} ms`));
        expect(await bed.run(connecting)).toMatchObject({ message: `at ${point} ms` });
        expect(client.state).toBe('closed');
        await bed.run(client.cleanup());
      }
      await bed.clock.advance(60_000);
      expect(listener.stats).toMatchObject({ associations: 0, halfOpen: 0 });
    });

    it('does not mind a signal that aborts after the connect', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const client = await bed.client();
      const controller = new AbortController();
      await bed.run(client.connect(serverAddress, serverPort, { signal: controller.signal }));
      const server = bed.own(await bed.run(listener.accept()));
      controller.abort();
      await bed.run(client.send(utf8('unharmed')));
      expect(await bed.run(server.receive())).toEqual(utf8('unharmed'));
    });

    it('ends a receive, and the next one gets what comes', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      const controller = new AbortController();
      const reason = new Error('enough');
      const receiving = rejectionOf(server.receive({ signal: controller.signal }));
      const other = server.receive();
      await bed.clock.advance(10);
      controller.abort(reason);
      expect(await bed.run(receiving)).toBe(reason);
      await bed.run(client.send(utf8('for the other')));
      expect(await bed.run(other)).toEqual(utf8('for the other'));
      expect(await bed.run(rejectionOf(server.receive({ signal: AbortSignal.abort(reason) })))).toBe(reason);
      expect(server.state).toBe('accepted');
    });

    it('ends an accept, and the next one gets who comes', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const controller = new AbortController();
      const reason = new Error('closing time');
      const accepting = rejectionOf(listener.accept({ signal: controller.signal }));
      await bed.clock.advance(10);
      controller.abort(reason);
      expect(await bed.run(accepting)).toBe(reason);
      const { client } = await bed.connect(await bed.client(), listener);
      expect(client.state).toBe('connected');
    });

    it('lets go of the signal when a wait is over, however it ended, and of its timers', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const client = await bed.client();
      const { signal } = new AbortController();
      const [server] = await bed.run(
        Promise.all([listener.accept({ signal }), client.connect(serverAddress, serverPort, { signal })]),
      );
      bed.own(server);
      const receiving = server.receive({ signal });
      await client.send(utf8('something'));
      await bed.run(receiving);
      server.setOption('recvTimeout', 10);
      listener.setOption('recvTimeout', 10);
      await expectRejection(bed.run(server.receive({ signal })), 'ETIMEDOUT');
      await expectRejection(bed.run(server.receiveFrom({ signal })), 'ETIMEDOUT');
      await expectRejection(bed.run(listener.accept({ signal })), 'ETIMEDOUT');
      const lonely = await bed.client({ handshakeTimeouts: { min: 10, max: 10 } });
      await expectRejection(bed.run(lonely.connect('10.0.0.77', serverPort, { signal })), 'ETIMEDOUT');
      const below = bed.network.createUdpSocket();
      await bed.run(below.connect('10.0.0.77', serverPort, { signal }));
      const bare = await bed.bareClient({ handshakeTimeouts: { min: 10, max: 10 } });
      await expectRejection(bed.run(bare.decorate(below, { signal })), 'ETIMEDOUT');
      expect(getEventListeners(signal, 'abort')).toEqual([]);

      const controller = new AbortController();
      const waits = [
        server.receive({ signal: controller.signal }),
        listener.accept({ signal: controller.signal }),
        lonely.connect('10.0.0.77', serverPort, { signal: controller.signal }),
        bare.decorate(below, { signal: controller.signal }),
      ].map((wait) => rejectionOf(wait));
      await bed.clock.advance(1);
      expect(getEventListeners(controller.signal, 'abort').length).toBeGreaterThanOrEqual(waits.length);
      controller.abort('enough');
      expect(await bed.run(Promise.all(waits))).toEqual(waits.map(() => 'enough'));
      expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
      await bed.run(Promise.all([client.cleanup(), server.cleanup(), listener.cleanup(), below.cleanup()]));
      await bed.run(Promise.all([lonely.cleanup(), bare.cleanup()]));
      await bed.clock.advance(1);
      expect(bed.clock.pendingTimers).toBe(0);
    });

    it('refuses a signal that is none', async () => {
      await using bed = new Testbed(backends);
      const { client, listener } = await bed.pair();
      const signal = {} as AbortSignal;
      expect(await rejectionOf(client.receive({ signal }))).toBeInstanceOf(TypeError);
      expect(await rejectionOf(listener.accept({ signal }))).toBeInstanceOf(TypeError);
      const fresh = await bed.client();
      expect(await rejectionOf(fresh.connect(serverAddress, serverPort, { signal }))).toBeInstanceOf(TypeError);
    });
  });
}
