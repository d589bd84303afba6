import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { utf8 } from './bytes.js';
import { expectErrno, expectRejection, rejectionOf } from './outcomes.js';
import { Testbed } from './testbed.js';

/** How long `receive` and `accept` wait, in virtual time. */
export function describeTimeouts(backends: BackendPair): void {
  describe('receive timeouts', () => {
    it('rejects ETIMEDOUT after recvTimeout, and the socket stays usable', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      const start = bed.clock.now();
      server.setOption('recvTimeout', 250);
      await expectRejection(bed.run(server.receive()), 'ETIMEDOUT');
      await expectRejection(bed.run(server.receiveFrom()), 'ETIMEDOUT');
      expect(bed.clock.now() - start).toBe(500);
      expect(server.state).toBe('accepted');
      await bed.run(client.send(utf8('late')));
      expect(await bed.run(server.receive())).toEqual(utf8('late'));
    });

    it('waits 30 seconds by default, and not at all with 0', async () => {
      await using bed = new Testbed(backends);
      const { client } = await bed.pair();
      const start = bed.clock.now();
      await expectRejection(bed.run(client.receive()), 'ETIMEDOUT');
      expect(bed.clock.now() - start).toBe(30_000);
      client.setOption('recvTimeout', 0);
      await expectRejection(client.receive(), 'ETIMEDOUT');
      expect(bed.clock.now() - start).toBe(30_000);
    });

    it('receives what is there even with a timeout of 0', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      server.setOption('recvTimeout', 0);
      await bed.run(client.send(utf8('there')));
      await bed.clock.advance(1);
      expect(await server.receive()).toEqual(utf8('there'));
    });

    it('waits for ever with Infinity', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair({ server: { limits: { idleTime: Infinity } } });
      server.setOption('recvTimeout', Infinity);
      const receiving = server.receive();
      await bed.clock.advance(40 * 86_400_000);
      await bed.run(client.send(utf8('a month later')));
      expect(await bed.run(receiving)).toEqual(utf8('a month later'));
    });

    it('keeps to the timeout that was set when the receive began', async () => {
      await using bed = new Testbed(backends);
      const { client } = await bed.pair();
      const start = bed.clock.now();
      client.setOption('recvTimeout', 1_000);
      const receiving = rejectionOf(client.receive());
      client.setOption('recvTimeout', 9_000);
      expectErrno(await bed.run(receiving), 'ETIMEDOUT');
      expect(bed.clock.now() - start).toBe(1_000);
    });

    it('applies to accept as well', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      listener.setOption('recvTimeout', 750);
      await expectRejection(bed.run(listener.accept()), 'ETIMEDOUT');
      expect(bed.clock.now()).toBe(750);
      listener.setOption('recvTimeout', Infinity);
      const { client } = await bed.connect(await bed.client(), listener);
      expect(client.state).toBe('connected');
    });

    it('does not apply to iteration', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      server.setOption('recvTimeout', 10);
      const next = server[Symbol.asyncIterator]().next();
      await bed.clock.advance(60_000);
      await bed.run(client.send(utf8('patience')));
      expect(await bed.run(next)).toEqual({ done: false, value: utf8('patience') });
    });
  });
}
