import type { ReceivedDatagram } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, textOf, utf8 } from './bytes.js';
import { expectErrno, expectRejection, rejectionOf } from './outcomes.js';
import { serverAddress, serverPort, Testbed } from './testbed.js';

/** Data on an association that is whole: boundaries, order, truncation, the ways to receive, and counting. */
export function describeSendingAndReceiving(backends: BackendPair): void {
  describe('sending and receiving', () => {
    it('keeps the boundaries and the order of datagrams, both ways', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      const empty = backends.client.capabilities.emptyDatagrams && backends.server.capabilities.emptyDatagrams;
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        const sent = [utf8('a'), new Uint8Array(empty ? 0 : 1), counting(700), utf8('last')];
        for (const data of sent) await bed.run(from.send(data));
        for (const data of sent) expect(await bed.run(to.receive())).toEqual(data);
      }
    });

    it('carries an empty datagram as one of its own, or refuses it as not supported', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      for (const [from, to, sends, receives] of [
        [client, server, backends.client, backends.server],
        [server, client, backends.server, backends.client],
      ] as const) {
        if (!sends.capabilities.emptyDatagrams) {
          await expectRejection(bed.run(from.send(new Uint8Array(0))), 'ENOTSUP');
        } else {
          await bed.run(from.send(new Uint8Array(0)));
          if (receives.capabilities.emptyDatagrams) expect(await bed.run(to.receive())).toHaveLength(0);
        }
        await bed.run(from.send(utf8('next')));
        expect(textOf(await bed.run(to.receive()))).toBe('next');
        expect(to.getOption('bytesReceived')).toBe(4);
      }
    });

    it('does not keep what it was given to send', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      const data = utf8('before');
      const sending = client.send(data);
      data.fill(0x2a);
      await bed.run(sending);
      expect(textOf(await bed.run(server.receive()))).toBe('before');
    });

    it('does not touch what it has handed out', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      await bed.run(client.send(utf8('first')));
      const first = await bed.run(server.receive());
      for (let i = 0; i < 20; i += 1) await bed.run(client.send(utf8('XXXXX')));
      first.subarray(0, 1).fill(0x46);
      expect(textOf(first)).toBe('First');
      expect(textOf(await bed.run(server.receive()))).toBe('XXXXX');
    });

    it('sends a view of a larger buffer, and nothing around it', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      await bed.run(client.send(utf8('[inside]').subarray(1, 7)));
      expect(textOf(await bed.run(server.receive()))).toBe('inside');
    });

    it('rejects a longer datagram than maxLength with EMSGSIZE and the part that fits', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      for (const text of ['abcdef', 'next', 'exact', 'zero']) await bed.run(client.send(utf8(text)));
      const error = await expectRejection(bed.run(server.receive({ maxLength: 3 })), 'EMSGSIZE');
      expect(error.partial).toEqual(utf8('abc'));
      expect(textOf(await bed.run(server.receive()))).toBe('next');
      expect(textOf(await bed.run(server.receive({ maxLength: 5 })))).toBe('exact');
      const nothing = await expectRejection(bed.run(server.receiveFrom({ maxLength: 0 })), 'EMSGSIZE');
      expect(nothing.partial).toHaveLength(0);
    });

    it('truncates also for a receive that was waiting', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      const receiving = rejectionOf(server.receive({ maxLength: 2 }));
      await bed.run(client.send(utf8('long')));
      expect(expectErrno(await bed.run(receiving), 'EMSGSIZE').partial).toEqual(utf8('lo'));
    });

    it('refuses a maxLength that is no length', async () => {
      await using bed = new Testbed(backends);
      const { client } = await bed.pair();
      for (const maxLength of [-1, 1.5, Number.NaN]) {
        await expectRejection(client.receive({ maxLength }), 'EINVAL', `maxLength ${maxLength}`);
      }
      expect(await rejectionOf(client.receive({ maxLength: '3' as never }))).toBeInstanceOf(TypeError);
    });

    it('refuses to send what is not bytes', async () => {
      await using bed = new Testbed(backends);
      const { client } = await bed.pair();
      for (const data of ['text', undefined, null, [1, 2], 7, new ArrayBuffer(4)]) {
        expect(await rejectionOf(client.send(data as never)), String(data)).toBeInstanceOf(TypeError);
        expect(await rejectionOf(client.sendTo(data as never, serverAddress, serverPort))).toBeInstanceOf(TypeError);
      }
    });

    it('says from whom a datagram came', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      await bed.run(client.send(utf8('up')));
      const up = await bed.run(server.receiveFrom());
      expect([up.host, up.port]).toEqual([client.localHost, client.localPort]);
      await bed.run(server.send(utf8('down')));
      const down = await bed.run(client.receiveFrom());
      expect({ ...down, data: textOf(down.data) }).toEqual({ data: 'down', host: serverAddress, port: serverPort });
    });

    it('sends to its peer by sendTo, and to nobody else', async () => {
      await using bed = new Testbed(backends);
      bed.network.setName('server.example', serverAddress);
      const listener = await bed.listen();
      const { client, server } = await bed.connect(await bed.client(), listener, 'server.example');
      await bed.run(client.sendTo(utf8('by address'), serverAddress, serverPort));
      await bed.run(client.sendTo(utf8('by name'), 'server.example', serverPort));
      expect(textOf(await bed.run(server.receive()))).toBe('by address');
      expect(textOf(await bed.run(server.receive()))).toBe('by name');
      await bed.run(server.sendTo(utf8('back'), client.localHost, client.localPort));
      expect(textOf(await bed.run(client.receive()))).toBe('back');
      await expectRejection(client.sendTo(utf8('x'), '10.9.9.9', serverPort), 'ENOTSUP');
      await expectRejection(client.sendTo(utf8('x'), serverAddress, serverPort + 1), 'ENOTSUP');
      await expectRejection(server.sendTo(utf8('x'), '10.9.9.9', client.localPort), 'ENOTSUP');
    });

    it('hands out what is there without waiting, by tryReceive', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      expect(server.tryReceive()).toBeUndefined();
      await bed.run(client.send(utf8('one')));
      await bed.run(client.send(utf8('two')));
      expect(server.tryReceive(), 'not delivered yet').toBeUndefined();
      await bed.clock.advance(1);
      expect(textOf(server.tryReceive()?.data ?? utf8(''))).toBe('one');
      expect(server.tryReceive()).toMatchObject({ host: client.localHost, port: client.localPort, data: utf8('two') });
      expect(server.tryReceive()).toBeUndefined();
    });

    it('hands a receiver what was queued before it, then what comes', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      const got: string[] = [];
      await bed.run(client.send(utf8('queued')));
      await bed.clock.advance(1);
      server.setReceiver({ onData: (data, host, port) => got.push(`${textOf(data)} ${host}:${port}`) });
      await bed.run(client.send(utf8('fresh')));
      await bed.clock.advance(1);
      const from = `${client.localHost}:${client.localPort}`;
      expect(got).toEqual([`queued ${from}`, `fresh ${from}`]);
      server.setReceiver(undefined);
      await bed.run(client.send(utf8('later')));
      expect(textOf(await bed.run(server.receive()))).toBe('later');
      expect(got).toHaveLength(2);
    });

    it('refuses a receiver that is none', async () => {
      await using bed = new Testbed(backends);
      const { client } = await bed.pair();
      for (const receiver of [null, {}, 'x', { onData: 1 }]) {
        expect(() => client.setReceiver(receiver as never), String(receiver)).toThrow(TypeError);
      }
    });

    it('can answer from within the receiver', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      server.setReceiver({ onData: (data) => void server.send(utf8(`echo ${textOf(data)}`)) });
      for (const word of ['a', 'b', 'c']) await bed.run(client.send(utf8(word)));
      for (const word of ['a', 'b', 'c']) expect(textOf(await bed.run(client.receive()))).toBe(`echo ${word}`);
    });

    it('serves several receives in the order in which they were called', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      const receiving = Promise.all([server.receive(), server.receiveFrom(), server.receive()]);
      for (const word of ['1', '2', '3']) await bed.run(client.send(utf8(word)));
      const [first, second, third] = await bed.run(receiving);
      expect([first, (second as ReceivedDatagram).data, third].map((data) => textOf(data))).toEqual(['1', '2', '3']);
    });

    it('iterates over what is received until the peer has closed', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      const got: string[] = [];
      const iterating = (async () => {
        for await (const data of server) got.push(textOf(data));
      })();
      for (const word of ['x', 'y', 'z']) await bed.run(client.send(utf8(word)));
      await bed.run(client.shutdown());
      await bed.run(iterating);
      expect(got).toEqual(['x', 'y', 'z']);
    });

    it('leaves the rest to others when an iteration is left early', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      for (const word of ['x', 'y']) await bed.run(client.send(utf8(word)));
      await bed.clock.advance(1);
      for await (const data of server) {
        expect(textOf(data)).toBe('x');
        break;
      }
      expect(textOf(await bed.run(server.receive()))).toBe('y');
    });

    it('counts application bytes and tells whether something is buffered', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      expect([client.getOption('bytesSent'), server.getOption('bytesReceived')]).toEqual([0, 0]);
      await bed.run(client.send(counting(100)));
      await bed.run(client.send(counting(23)));
      await bed.clock.advance(1);
      expect(client.getOption('bytesSent')).toBe(123);
      expect(server.getOption('bytesReceived')).toBe(123);
      expect([client.getOption('bytesReceived'), server.getOption('bytesSent')]).toEqual([0, 0]);
      expect(server.getOption('hasBufferedData')).toBe(true);
      await bed.run(server.receive());
      await bed.run(server.receive());
      expect(server.getOption('hasBufferedData')).toBe(false);
      expect(client.getOption('hasBufferedData')).toBe(false);
    });

    it('counts nothing for a send that is refused', async () => {
      await using bed = new Testbed(backends);
      const { client } = await bed.pair();
      await expectRejection(client.send(new Uint8Array(20_000)), 'EMSGSIZE');
      expect(client.getOption('bytesSent')).toBe(0);
    });

    it('holds a bounded amount that nobody receives, and goes on when it is received', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      const flood = 2_000;
      for (let i = 0; i < flood; i += 1) await client.send(counting(1_000, i));
      await bed.clock.advance(1);
      let kept = 0;
      for (let data = server.tryReceive(); data !== undefined; data = server.tryReceive()) {
        expect(data.data).toEqual(counting(1_000, kept));
        kept += 1;
      }
      expect(kept).toBeGreaterThan(10);
      expect(kept).toBeLessThan(flood);
      await bed.run(client.send(utf8('after')));
      expect(textOf(await bed.run(server.receive()))).toBe('after');
    });
  });
}
