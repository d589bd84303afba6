import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { expectErrno, expectThrown, outcomeOf, thrownBy } from './outcomes.js';
import { serverAddress, serverPort, Testbed } from './testbed.js';

/** Hosts, ports and addresses: what is refused, what is taken, what is told. */
export function describeAddresses(backends: BackendPair): void {
  describe('addresses and arguments', () => {
    it('says in an error what to use instead, where an operation is not for this kind of socket', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await bed.pair();
      for (const socket of [client, server]) {
        const { error } = await outcomeOf(socket.accept());
        expect(expectErrno(error, 'ENOTSUP').message).toMatch(/listener/i);
      }
      const { error } = await outcomeOf(listener.receive());
      expect(expectErrno(error, 'ENOTSUP').message).toMatch(/accept/);
    });

    it('refuses a second connect while one is under way, and the first goes on', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const client = await bed.client();
      const connecting = client.connect(serverAddress, serverPort);
      const { error } = await outcomeOf(client.connect(serverAddress, serverPort));
      expectErrno(error, 'EBADF');
      await bed.run(connecting);
      bed.own(await bed.run(listener.accept()));
      expect(client.state).toBe('connected');
    });

    it('refuses hosts and ports that are none, naming the argument', async () => {
      await using bed = new Testbed(backends);
      const client = await bed.client();
      for (const port of [0, -1, 65_536, 1.5, Number.NaN]) {
        const { error } = await outcomeOf(client.connect(serverAddress, port));
        expect(expectErrno(error, 'EINVAL', `port ${port}`).message).toContain('port');
      }
      for (const host of ['', 'a\0b']) {
        const { error } = await outcomeOf(client.connect(host, serverPort));
        expect(expectErrno(error, 'EINVAL', `host ${JSON.stringify(host)}`).message).toContain('host');
      }
      const wrong: unknown[] = [7, undefined, null, {}];
      for (const host of wrong) {
        const { error } = await outcomeOf(client.connect(host as string, serverPort));
        expect(error, `host ${String(host)}`).toBeInstanceOf(TypeError);
      }
      const { error } = await outcomeOf(client.connect(serverAddress, '5684' as never));
      expect(error).toBeInstanceOf(TypeError);
      for (const port of [-1, 65_536]) expectErrno((await outcomeOf(client.bind('0.0.0.0', port))).error, 'EINVAL');
      expect(client.state).toBe('closed');
    });

    it('does not take an address that is in use, or that is not its own', async () => {
      await using bed = new Testbed(backends);
      await bed.listen();
      const below = bed.network.createUdpSocket(undefined, { address: serverAddress });
      const second = await bed.listener({ below });
      expectErrno((await outcomeOf(bed.run(second.bind(serverAddress, serverPort)))).error, 'EADDRINUSE');
      expect(second.state).toBe('closed');
      expectErrno((await outcomeOf(bed.run(second.bind('10.9.9.9', serverPort)))).error, 'EADDRNOTAVAIL');
      await bed.run(second.bind(serverAddress, 0));
      expect(second.localPort).toBeGreaterThan(0);
      expect(second.localPort).not.toBe(serverPort);
    });

    it('takes the local port that it was bound to', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const client = await bed.client();
      await bed.run(client.bind('0.0.0.0', 40_123));
      expect(client.localPort).toBe(40_123);
      const { server } = await bed.connect(client, listener);
      expect(client.localPort).toBe(40_123);
      expect([server.remoteHost, server.remotePort]).toEqual([client.localHost, 40_123]);
    });

    it('tells both ends of the path, and the name that connect was given', async () => {
      await using bed = new Testbed(backends);
      bed.network.setName('server.example', serverAddress);
      const listener = await bed.listen();
      const { client, server } = await bed.connect(await bed.client(), listener, 'server.example');
      expect(client).toMatchObject({
        remoteHost: serverAddress,
        remoteHostname: 'server.example',
        remotePort: serverPort,
      });
      expect(server).toMatchObject({
        remoteHost: client.localHost,
        remotePort: client.localPort,
        localHost: serverAddress,
        localPort: serverPort,
      });
    });

    it('throws EBADF for a network interface that is not known', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await bed.pair();
      for (const socket of [await bed.client(), client, server, listener]) {
        expectThrown(() => socket.interfaceName, 'EBADF');
      }
    });

    it('has the getters throw, not return nonsense, after cleanup', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await bed.pair();
      for (const socket of [client, server, listener]) {
        await bed.run(socket.cleanup());
        expectErrno(
          thrownBy(() => socket.localPort),
          'EBADF',
        );
        expectErrno(
          thrownBy(() => socket.getOption('state')),
          'EBADF',
        );
        expectErrno(
          thrownBy(() => socket.setOption('recvTimeout', 1)),
          'EBADF',
        );
        expect(socket.system).toBeUndefined();
      }
    });
  });
}
