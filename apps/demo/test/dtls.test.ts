import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { isErrno } from '@avs-net/core';
import { dgramView } from '@avs-net/core/node';
import { VirtualClock } from '@avs-net/core/testing';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { backend, createDtlsListener, createDtlsSocket } from '@avs-net/tls-pure';
import { Agent, createServer, type IncomingMessage, type ObserveReadStream, type OutgoingMessage } from 'coap';
import { describe, expect, it, onTestFinished } from 'vitest';
import { explain } from '../src/commands/explain.js';
import { type Accepted, connectDtls, listenDtls } from '../src/dtls-transport.js';
import { Lwm2mServer } from '../src/lwm2m/server.js';
import { startDevice } from './lwm2m/pair.js';

const key = new Uint8Array(16).fill(7);
const never = new AbortController().signal;

async function startSecureServer(ciphersuites?: readonly number[], cid = false) {
  const server = new Lwm2mServer();
  const accepted: Accepted[] = [];
  const keys = new Map([['thermo', key]]);
  const dtls = await listenDtls({ backend, host: '127.0.0.1', port: 0, keys, ciphersuites, cid }, (association) => {
    accepted.push(association);
    server.attach(association.socket, association);
  });
  onTestFinished(async () => {
    server.close();
    await dtls.close();
  });
  const connect =
    (identity = 'thermo', clientKey = key, suites?: readonly number[]) =>
    (signal: AbortSignal) =>
      connectDtls(
        { backend, host: '127.0.0.1', port: dtls.port, identity, key: clientKey, ciphersuites: suites, cid },
        signal,
      );
  return { server, accepted, port: dtls.port, connect, close: dtls.close };
}

describe('over DTLS with a pre-shared key', () => {
  it('a device registers, is read, observed and written, updates and deregisters', async () => {
    const { server, port, connect, accepted } = await startSecureServer([0xc0a8]);
    const registered = once(server, 'registered');
    const { client, thermometer, running, lines } = startDevice(port, { connect: connect() });
    await registered;
    expect(accepted[0]?.identity).toBe('thermo');
    expect(accepted[0]?.summary).toContain('DTLS 1.2, TLS_PSK_WITH_AES_128_CCM_8');
    expect(server.registrations[0]?.identity).toBe('thermo');
    const device = server.device('thermo');
    expect((await device.read([3, 0])).data).toHaveLength(10);
    const notified = new Promise<unknown>((resolve) => {
      device
        .observe([3303, 0, 5700], ({ data }) => resolve(data[0]?.value))
        .then(() => thermometer.measure(30.5), resolve);
    });
    expect(await notified).toBe(30.5);
    expect(await device.write([3, 0, 14], 'string', '+02:00')).toMatchObject({ code: '2.04' });
    const updated = once(server, 'updated');
    client.update();
    await updated;
    client.stop();
    await running;
    expect(server.registrations).toEqual([]);
    expect(lines[0]).toMatch(
      /^connected to 127\.0\.0\.1:\d+: DTLS 1\.2, TLS_PSK_WITH_AES_128_CCM_8, full handshake in 3 round trips, \d+ ms$/,
    );
  });

  it('a server that ends the association is noticed, and the device comes back', async () => {
    const { server, port, connect, accepted } = await startSecureServer();
    const registered = once(server, 'registered');
    const clock = new VirtualClock();
    const { logged } = startDevice(port, { connect: connect(), clock });
    await registered;
    await logged('Register');
    accepted[0]?.socket.close();
    await logged('the connection was lost');
    await logged('connecting again in 1 s');
    const again = once(server, 'registered');
    await clock.advance(1_000);
    await again;
    expect(accepted).toHaveLength(2);
    expect(server.registrations).toHaveLength(1);
  });

  it('a device with a connection ID changes its port in the middle of an observation', async () => {
    const { server, accepted, connect } = await startSecureServer(undefined, true);
    const registered = once(server, 'registered');
    const { client, thermometer, lines } = startDevice(0, { connect: connect() });
    await registered;
    const device = server.device('thermo');
    const values: unknown[] = [];
    let wake = (): void => {};
    await device.observe([3303, 0, 5700], ({ data }) => {
      values.push(data[0]?.value);
      wake();
    });
    const port = accepted[0]?.peer.port;
    for (const value of [31, 32, 33]) {
      await client.rebind();
      const notified = new Promise<void>((resolve) => {
        wake = resolve;
      });
      thermometer.measure(value);
      await notified;
      expect((await device.read([3303, 0, 5700])).data[0]?.value).toBe(value);
    }
    const moved = new Set([port, accepted[0]?.socket.remoteAddress().port]);
    expect(moved.size).toBe(2);
    expect(values).toEqual([31, 32, 33]);
    expect(accepted).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('changed the UDP port from '))).toHaveLength(3);
    expect(lines.filter((line) => /^(?:Register|Update) /.test(line))).toHaveLength(1);
  });

  it('a device without one says why it cannot change its port, and goes on', async () => {
    const { server, accepted, connect } = await startSecureServer();
    const registered = once(server, 'registered');
    const { client, lines } = startDevice(0, { connect: connect() });
    await client.rebind();
    expect(lines.at(-1)).toBe('the device is not connected');
    await registered;
    await client.rebind();
    expect(lines.at(-1)).toMatch(/^the port stays: the server gave no connection ID/);
    expect(await server.device('thermo').read([3, 0, 0])).toMatchObject({ code: '2.05' });
    expect(accepted).toHaveLength(1);
  });

  it.each([
    ['another key', 'thermo', new Uint8Array(16)],
    ['an identity that the server does not know', 'stranger', key],
  ])('%s is refused in a line that says what to check', async (_what, identity, clientKey) => {
    const { connect } = await startSecureServer();
    const error: unknown = await connect(identity, clientKey)(never).catch((reason: unknown) => reason);
    const line = explain(error, { target: 'coaps://localhost:5684', identity });
    expect(line).toMatch(
      new RegExp(`^coaps://localhost:5684 does not accept the identity "${identity}" with this key .*check -i and -k$`),
    );
  });

  it('no ciphersuite in common is refused in a line that says so', async () => {
    const { connect } = await startSecureServer([0xc0a8]);
    const error: unknown = await connect('thermo', key, [0x00a8])(never).catch((reason: unknown) => reason);
    expect(explain(error, { target: 'x', identity: 'thermo' })).toMatch(
      /no ciphersuite in common.*check --ciphersuites/,
    );
  });

  it('a server that has gone is connection refused', async () => {
    const { connect, close } = await startSecureServer();
    await close();
    const error: unknown = await connect()(never).catch((reason: unknown) => reason);
    expect(isErrno(error, 'ECONNREFUSED')).toBe(true);
  });
});

describe('node-coap, unchanged, over the view of a socket and the view of a listener', () => {
  it('requests, answers, observes and moves blocks', async () => {
    const listener = await createDtlsListener({ security: { mode: 'psk', resolve: () => pskKeyInfoFromBuffer(key) } });
    await listener.bind('127.0.0.1', 0);
    const coapServer = createServer((request: IncomingMessage, response: OutgoingMessage) => {
      if (request.headers.Observe === 0) {
        response.write('one');
        response.write('two');
      } else {
        response.end(Buffer.concat([Buffer.from(request.url), request.payload]));
      }
    });
    coapServer.listen(dgramView(listener));
    const security = {
      mode: 'psk',
      key: pskKeyInfoFromBuffer(key),
      identity: pskIdentityInfoFromBuffer('thermo'),
    } as const;
    const sockets = await Promise.all([createDtlsSocket({ security }), createDtlsSocket({ security })]);
    onTestFinished(async () => {
      coapServer.close();
      for (const socket of sockets) await socket.cleanup();
      await listener.cleanup();
    });
    for (const [index, socket] of sockets.entries()) {
      await socket.connect('127.0.0.1', listener.localPort);
      const view = dgramView(socket);
      const agent = new Agent({ socket: view });
      const { port } = view.remoteAddress() satisfies AddressInfo;
      const params = { hostname: '127.0.0.1', port, pathname: `/device/${index}` };
      const large = Buffer.alloc(5_000, 0x61);
      const put = agent.request({ ...params, method: 'PUT', options: { Block1: Buffer.of(6) } });
      put.end(large);
      const [echo] = (await once(put, 'response')) as [IncomingMessage];
      expect(echo.payload.toString()).toBe(`/device/${index}${large.toString()}`);
      const observe = agent.request({ ...params, observe: true });
      observe.end();
      const [stream] = (await once(observe, 'response')) as [ObserveReadStream];
      const seen: string[] = [];
      for await (const payload of stream) {
        seen.push(String(payload));
        if (seen.length === 2) break;
      }
      expect(seen).toEqual(['one', 'two']);
      agent.close();
    }
  });
});
