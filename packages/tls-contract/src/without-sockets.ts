import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { expectRejection } from './outcomes.js';
import { pskServer, serverAddress, serverPort, Testbed } from './testbed.js';

/** What a backend that makes no sockets of its own says to those who want to connect or bind one. */
export function describeWithoutSockets(backends: BackendPair): void {
  describe('without a socket below', () => {
    it('says that connect and bind of a client need decorate', async () => {
      await using bed = new Testbed(backends);
      const client = await bed.bareClient();
      for (const attempt of [client.connect(serverAddress, serverPort), client.bind(serverAddress, serverPort)]) {
        expect((await expectRejection(attempt, ['ENOTSUP', 'EBADF'])).message).toContain('decorate');
      }
      expect([client.state, client.system]).toEqual(['closed', undefined]);
    });

    it('says that bind of a listener needs decorate', async () => {
      await using bed = new Testbed(backends);
      const listener = bed.own(await backends.server.createDtlsListener({ security: pskServer(), clock: bed.clock }));
      const error = await expectRejection(listener.bind(serverAddress, serverPort), ['ENOTSUP', 'EBADF']);
      expect(error.message).toContain('decorate');
    });
  });
}
