import { expect } from 'vitest';
import { clientConfiguration, listenerConfiguration } from '../../src/association.js';
import { backends } from '../../src/backends.js';
import { cell, describePeer } from '../../src/cells.js';
import { CoapClient, CoapServer } from '../../src/node-coap.js';
import { nodeCoap } from './peer.js';

const large = Buffer.from(Array.from({ length: 500 }, (_, i) => `line ${i}`).join('\n'));

await describePeer(nodeCoap, () => {
  for (const client of backends) {
    for (const server of backends) {
      // We are both: the column names the client's backend, the row the server's.
      const scenario = (what: string, run: (client: CoapClient, server: CoapServer) => Promise<void>): void =>
        cell(
          nodeCoap,
          {
            row: `${what}, server on ${server.backend.name}`,
            kind: 'scenario',
            role: 'client',
            backend: client.backend.name,
          },
          async () => {
            await using coapServer = await CoapServer.listen(server.backend, listenerConfiguration());
            await using coapClient = await CoapClient.connect(client.backend, clientConfiguration(), coapServer.port);
            await run(coapClient, coapServer);
          },
        );

      scenario('exchange', async (coapClient) => {
        const response = await coapClient.request({ path: '/hello' });
        expect(response.payload.toString()).toBe('hello from node-coap');
      });

      scenario('observe', async (coapClient, coapServer) => {
        const observed = await coapClient.request({ path: '/hello', observe: true });
        const wanted = ['hello from node-coap', 'one', 'two', 'three'];
        const seen: string[] = [];
        for await (const payload of observed) {
          seen.push(String(payload));
          const next = wanted[seen.length];
          if (next === undefined) break;
          coapServer.set('/hello', Buffer.from(next));
        }
        expect(seen).toEqual(wanted);
      });

      scenario('block-wise', async (coapClient) => {
        const put = await coapClient.request({ method: 'PUT', path: '/large', payload: large });
        expect(put.code).toBe('2.04');
        const got = await coapClient.request({ path: '/large' });
        expect(got.payload.equals(large)).toBe(true);
      });
    }
  }
});
