import { createTransportSocket, type Endpoint, type SecureSocket, type Socket } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, textOf, utf8 } from './bytes.js';
import { expectRejection } from './outcomes.js';
import { type ConnectedPair, serverAddress, serverPort, Testbed } from './testbed.js';

const tunnelEnd: Endpoint = { host: 'tunnel', port: 1 };

/** What a listener can serve at the far end of an association: a socket bound to nothing but that. */
function tunnelOver(bed: Testbed, server: SecureSocket): Socket {
  const peer: Endpoint = { host: server.remoteHost, port: server.remotePort };
  return createTransportSocket(
    {
      maxDatagramSize: server.getOption('innerMtu'),
      open: (_local, arrive) => {
        server.setReceiver({ onData: (data) => arrive(data, peer) });
        return tunnelEnd;
      },
      send: (data) => server.send(data),
      close: () => undefined,
    },
    { clock: bed.clock },
  );
}

/** A client on top of a ready one, and a listener at the far end of that. */
async function nest(bed: Testbed, outer: ConnectedPair): Promise<ConnectedPair> {
  const listener = await bed.listener({ below: tunnelOver(bed, outer.server) });
  await bed.run(listener.bind(tunnelEnd.host, tunnelEnd.port));
  const client = await bed.bareClient();
  const [server] = await bed.run(Promise.all([listener.accept(), client.decorate(outer.client)]));
  return { client, server: bed.own(server), listener };
}

async function expectWhole({ client, server }: ConnectedPair, bed: Testbed): Promise<void> {
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    const largest = from.getOption('innerMtu');
    await bed.run(from.send(counting(largest)));
    expect(await bed.run(to.receive())).toEqual(counting(largest));
    await expectRejection(from.send(new Uint8Array(largest + 1)), 'EMSGSIZE');
  }
}

/** Bytes that each datagram of a socket loses to its records. */
const overheadOf = (below: number, socket: SecureSocket): number => below - socket.getOption('innerMtu');

/** DTLS inside DTLS. */
export function describeNesting(backends: BackendPair): void {
  describe('DTLS inside DTLS', () => {
    it('loses the overhead of a record at each level, and carries all the rest', async () => {
      await using bed = new Testbed(backends);
      const outer = await bed.pair();
      const middle = await nest(bed, outer);
      const inner = await nest(bed, middle);
      // A UDP datagram of 1,500 bytes of IPv4: all three levels have the same suite.
      const overhead = overheadOf(1_472, outer.client);
      expect(overhead).toBeGreaterThan(13);
      expect(overheadOf(outer.client.getOption('innerMtu'), middle.client)).toBe(overhead);
      expect(overheadOf(middle.client.getOption('innerMtu'), inner.client)).toBe(overhead);
      await expectWhole(inner, bed);
      expect([inner.client.getOption('mtu'), inner.client.getOption('addressFamily')]).toEqual([1_500, 4]);
      expect(inner.client).toMatchObject({ remoteHost: serverAddress, remotePort: serverPort });
      expect(inner.client.system, 'the bottom of a network in memory').toBeUndefined();
    });

    it('protects twice: what the outer association carries is records, and no plaintext', async () => {
      await using bed = new Testbed(backends);
      const outer = await bed.pair();
      const inner = await nest(bed, outer);
      const before = outer.client.getOption('bytesSent');
      await bed.run(inner.client.send(utf8('deep')));
      expect(textOf(await bed.run(inner.server.receive()))).toBe('deep');
      const overhead = overheadOf(outer.client.getOption('innerMtu'), inner.client);
      expect(outer.client.getOption('bytesSent') - before).toBe(4 + overhead);
      expect(inner.client.getOption('bytesSent')).toBe(4);
    });

    it('connects both when the outer socket is closed, one after the other', async () => {
      await using bed = new Testbed(backends);
      const outerListener = await bed.listen();
      const outer = await bed.client();
      const inner = await bed.bareClient();
      await bed.run(inner.decorate(outer));
      expect([inner.state, outer.state]).toEqual(['closed', 'closed']);
      const connecting = inner.connect(serverAddress, serverPort);
      const server = bed.own(await bed.run(outerListener.accept()));
      const listener = await bed.listener({ below: tunnelOver(bed, server) });
      await bed.run(listener.bind(tunnelEnd.host, tunnelEnd.port));
      await bed.run(connecting);
      expect([inner.state, outer.state]).toEqual(['connected', 'connected']);
      await expectWhole({ client: inner, server: bed.own(await bed.run(listener.accept())), listener }, bed);
      await bed.run(inner.close());
      expect([inner.state, outer.state], 'close closes both').toEqual(['closed', 'closed']);
    });

    it('leaves the outer association as it was when nobody answers the inner handshake', async () => {
      await using bed = new Testbed(backends);
      const outer = await bed.pair();
      const inner = await bed.bareClient({ handshakeTimeouts: { min: 100, max: 200 } });
      await expectRejection(bed.run(inner.decorate(outer.client)), 'ETIMEDOUT');
      await bed.run(inner.cleanup());
      await bed.clock.advance(10);
      for (let datagram = outer.server.tryReceive(); datagram !== undefined; datagram = outer.server.tryReceive());
      await expectWhole(outer, bed);
    });

    it('stands on a socket that a listener has accepted as well as on a connected one', async () => {
      await using bed = new Testbed(backends);
      const outer = await bed.pair();
      const inner = await nest(bed, { ...outer, client: outer.server, server: outer.client });
      await expectWhole(inner, bed);
      await bed.run(inner.client.cleanup());
      expect(outer.server.state).toBe('closed');
      await bed.clock.advance(100);
      expect(outer.client.state, 'the outer association was closed too').toBe('shutdown');
    });

    it('ends with the outer association, and says so', async () => {
      await using bed = new Testbed(backends);
      const outer = await bed.pair();
      const inner = await nest(bed, outer);
      await bed.run(outer.server.cleanup());
      await expectRejection(bed.run(inner.client.receive()), 'ECONNRESET');
      expect(inner.client.state).toBe('shutdown');
      await expectRejection(inner.client.send(utf8('x')), 'ENOTCONN');
    });
  });
}
