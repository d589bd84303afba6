import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Socket } from '@avs-net/core';
import { createUdpSocket as createDgramUdpSocket } from '@avs-net/core/node';
import { afterEach, describe, expect, it } from 'vitest';
import { describeUdpSocket } from '../../avs-net-core/test/node/udp-socket-suite.js';
import { describeLoopback } from '../../tls-contract/src/index.js';
import { createBackend } from '../src/backend.js';
import { createUdpSocket } from '../src/index.js';
import { loadNative } from '../src/native.js';

describeUdpSocket("a UDP socket of the addon's", createUdpSocket);

const overDgram = createBackend(loadNative(), createDgramUdpSocket);
describe('openssl over node:dgram', () => describeLoopback({ client: overDgram, server: overDgram }));

const opened: Socket[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((socket) => socket.cleanup()));
});

async function bound(): Promise<Socket> {
  const socket = await createUdpSocket();
  opened.push(socket);
  await socket.bind('127.0.0.1', 0);
  return socket;
}

async function connected(to: Socket): Promise<Socket> {
  const socket = await createUdpSocket();
  opened.push(socket);
  await socket.connect('127.0.0.1', to.localPort);
  return socket;
}

const numbered = (value: number, length: number): Uint8Array => new Uint8Array(length).fill(value);

describe('many datagrams at a time', () => {
  it('come in order, each with who sent it, and are not written to afterwards', async () => {
    const server = await bound();
    const clients = await Promise.all(Array.from({ length: 300 }, () => connected(server)));
    const lengths = [0, 1, 1_200, 2_048, 2_049, 9_000];
    const got: { data: Uint8Array; host: string; port: number }[] = [];
    const done = new Promise<void>((resolve) => {
      server.setReceiver({
        onData: (data, host = '', port = 0) => {
          got.push({ data, host, port });
          if (got.length === clients.length) resolve();
        },
      });
    });
    // In portions, so that the system does not drop any; all of a portion come at once.
    for (let first = 0; first < clients.length; first += 20) {
      for (let index = first; index < first + 20; index += 1) {
        await clients[index]?.send(numbered(index, lengths[index % lengths.length] ?? 0));
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await done;
    expect(got.map(({ port }) => port)).toEqual(clients.map(({ localPort }) => localPort));
    expect(new Set(got.map(({ host }) => host))).toEqual(new Set(['127.0.0.1']));
    for (const [index, { data }] of got.entries()) {
      expect(Buffer.compare(data, numbered(index, lengths[index % lengths.length] ?? 0)), `datagram ${index}`).toBe(0);
    }
  });

  it('go to whom they are sent, however many there are', async () => {
    const server = await bound();
    const clients = await Promise.all(Array.from({ length: 300 }, () => connected(server)));
    for (let round = 0; round < 2; round += 1) {
      for (const [index, { localPort }] of clients.entries()) {
        await server.sendTo(numbered(index + round, 10), '127.0.0.1', localPort);
      }
      for (const [index, client] of clients.entries()) {
        expect(await client.receive()).toEqual(numbered(index + round, 10));
      }
    }
  });

  it('end with the socket when the receiver closes it', async () => {
    const server = await bound();
    const client = await connected(server);
    let count = 0;
    const closed = new Promise<void>((resolve) => {
      server.setReceiver({
        onData: () => {
          count += 1;
          server.cleanup().then(resolve);
        },
      });
    });
    for (let sent = 0; sent < 10; sent += 1) await client.send(numbered(sent, 10)).catch(() => undefined);
    await closed;
    expect(count).toBe(1);
  });
});

describe("the system's socket", () => {
  it('is made when it is asked for, and what has come before and comes after is received', async () => {
    const server = await bound();
    const client = await connected(server);
    await client.send(numbered(1, 10));
    const system = server.system as DatagramSocket;
    expect(system).toBeInstanceOf(Object.getPrototypeOf(createSocket('udp4').unref()).constructor);
    expect(server.system).toBe(system);
    expect(system.address()).toEqual({ address: '127.0.0.1', port: server.localPort, family: 'IPv4' });
    system.setTTL(5);
    await client.send(numbered(2, 10));
    expect((await server.receive())[0]).toBe(1);
    const got = await server.receiveFrom();
    expect([got.data[0], got.port]).toEqual([2, client.localPort]);
    await server.sendTo(numbered(3, 10), got.host, got.port);
    expect((await client.receive())[0]).toBe(3);
  });

  it('does as well for a connected one', async () => {
    const server = await bound();
    const client = await connected(server);
    const system = client.system as DatagramSocket;
    await client.send(numbered(1, 10));
    const { host, port } = await server.receiveFrom();
    await server.sendTo(numbered(2, 10), host, port);
    expect((await client.receive())[0]).toBe(2);
    const closing = once(system, 'close');
    await client.close();
    await closing;
    expect(client.system).toBeUndefined();
  });
});

describe('an environment that ends', () => {
  const code = (rest: string): string => `
    const { parentPort } = require('node:worker_threads');
    (async () => {
      const { createUdpSocket } = await import(${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)});
      const server = await createUdpSocket();
      await server.bind('127.0.0.1', 0);
      const client = await createUdpSocket();
      await client.connect('127.0.0.1', server.localPort);
      server.setReceiver({ onData: (data, host, port) => { server.sendTo(data, host, port); } });
      client.setReceiver({ onData: (data) => { client.send(data); } });
      await client.send(new Uint8Array(10));
      ${rest}
    })();`;

  it.each([
    ['terminated', "parentPort.postMessage('open');"],
    ['terminated after its socket was handed over', "server.system; parentPort.postMessage('open');"],
    [
      'terminated while they close',
      "parentPort.on('message', () => {}); client.cleanup(); server.cleanup(); parentPort.postMessage('open');",
    ],
  ])('may have sockets that are open: a worker that is %s', async (_title, rest) => {
    const worker = new Worker(code(rest), { eval: true });
    await once(worker, 'message');
    expect(await worker.terminate()).toBe(1);
  });

  it('does so by itself once the sockets are closed, and not before', async () => {
    const worker = new Worker(
      code(
        "parentPort.once('message', () => { parentPort.unref(); client.cleanup(); server.cleanup(); }); parentPort.postMessage('open');",
      ),
      { eval: true },
    );
    await once(worker, 'message');
    worker.postMessage('close');
    expect((await once(worker, 'exit'))[0]).toBe(0);
  });
});
