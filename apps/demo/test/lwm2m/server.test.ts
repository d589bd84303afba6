import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { VirtualClock } from '@avs-net/core/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CoapEndpoint } from '../../src/coap/coap-endpoint.js';
import type { Method, Response } from '../../src/coap/messages.js';
import { Lwm2mServer } from '../../src/lwm2m/server.js';
import { listenUdp } from '../../src/udp-transport.js';
import { startServer } from './pair.js';

/** A device that says what it is told to. */
async function startFakeDevice(port: number) {
  const socket = await listenUdp('127.0.0.1', 0);
  const endpoint = new CoapEndpoint(socket, { handle: () => ({ code: '2.05', payload: new Uint8Array(0) }) });
  onTestFinished(() => {
    endpoint.close();
    socket.close();
  });
  return (method: Method, path: string, query: string[] = [], payload = '</3/0>'): Promise<Response> =>
    endpoint.request({
      method,
      path: path.split('/').filter((segment) => segment !== ''),
      query,
      payload: new TextEncoder().encode(payload),
      peer: { host: '127.0.0.1', port },
    });
}

describe('a server', () => {
  it.each([
    ['no endpoint name', ['lt=60'], '</3/0>', '4.00'],
    ['an empty endpoint name', ['ep='], '</3/0>', '4.00'],
    ['a name that would steer a terminal', ['ep=a\u{1b}[2J'], '</3/0>', '4.00'],
    ['a name that is too long', [`ep=${'a'.repeat(256)}`], '</3/0>', '4.00'],
    ['a name twice', ['ep=a', 'ep=b'], '</3/0>', '4.00'],
    ['a lifetime that is no number', ['ep=a', 'lt=long'], '</3/0>', '4.00'],
    ['a lifetime of 0', ['ep=a', 'lt=0'], '</3/0>', '4.00'],
    ['a lifetime beyond all measure', ['ep=a', 'lt=9999999999'], '</3/0>', '4.00'],
    ['another major version', ['ep=a', 'lwm2m=2.0'], '</3/0>', '4.12'],
    ['a binding that is none', ['ep=a', 'b=quick'], '</3/0>', '4.00'],
    ['objects that are no links', ['ep=a'], '/3/0', '4.00'],
  ])('refuses a registration with %s', async (_what, query, payload, code) => {
    const { server, port } = await startServer();
    const send = await startFakeDevice(port);
    expect(await send('POST', 'rd', query, payload)).toMatchObject({ code });
    expect(server.registrations).toEqual([]);
  });

  it('takes a registration with nothing but a name, and fills in the rest', async () => {
    const { server, port } = await startServer();
    const send = await startFakeDevice(port);
    const { code, location } = await send('POST', 'rd', ['ep=a&b=c/d'], '');
    expect(code).toBe('2.01');
    expect(server.registrations[0]).toMatchObject({
      endpointName: 'a&b=c/d',
      lifetime: 86_400,
      version: '1.0',
      objects: [],
    });
    expect(location).toEqual(['rd', server.registrations[0]?.id]);
  });

  it('finds the objects below another root', async () => {
    const { server, port } = await startServer();
    const send = await startFakeDevice(port);
    await send('POST', 'rd', ['ep=a'], '</lwm2m>;rt="oma.lwm2m";ct=110,</lwm2m/3/0>,</lwm2m/9>,</other>,</lwm2m/x>');
    expect(server.registrations[0]).toMatchObject({ objects: [[3, 0], [9]], formats: [110], root: ['lwm2m'] });
  });

  it('replaces the registration of a device that registers again', async () => {
    const { server, port } = await startServer();
    const send = await startFakeDevice(port);
    const first = await send('POST', 'rd', ['ep=a']);
    const second = await send('POST', 'rd', ['ep=a']);
    expect(server.registrations).toHaveLength(1);
    expect(await send('POST', first.location.join('/'))).toMatchObject({ code: '4.04' });
    expect(await send('POST', second.location.join('/'))).toMatchObject({ code: '2.04' });
  });

  it('answers 4.04 to an Update and a Deregister of nobody, and 4.05 to what is neither', async () => {
    const { port } = await startServer();
    const send = await startFakeDevice(port);
    expect(await send('POST', 'rd/nobody')).toMatchObject({ code: '4.04' });
    expect(await send('DELETE', 'rd/nobody')).toMatchObject({ code: '4.04' });
    expect(await send('POST', 'bs')).toMatchObject({ code: '4.04' });
    expect(await send('GET', 'rd')).toMatchObject({ code: '4.05' });
    const { location } = await send('POST', 'rd', ['ep=a']);
    expect(await send('PUT', location.join('/'))).toMatchObject({ code: '4.05' });
  });

  it('forgets a device whose lifetime has ended, and not one that has updated', async () => {
    const clock = new VirtualClock();
    const { server, port } = await startServer({ clock });
    const send = await startFakeDevice(port);
    const { location } = await send('POST', 'rd', ['ep=a', 'lt=60']);
    await send('POST', 'rd', ['ep=b', 'lt=60']);
    await clock.advance(59_000);
    expect(await send('POST', location.join('/'))).toMatchObject({ code: '2.04' });
    const expired = once(server, 'expired');
    await clock.advance(1_000);
    expect(await expired).toEqual([expect.objectContaining({ endpointName: 'b' })]);
    expect(server.registrations.map(({ endpointName }) => endpointName)).toEqual(['a']);
    expect(() => server.device('b')).toThrow(/no device named b/);
  });

  it('takes no more devices than it was told to', async () => {
    const { port } = await startServer({ largestRegistrations: 1 });
    const send = await startFakeDevice(port);
    expect(await send('POST', 'rd', ['ep=a'])).toMatchObject({ code: '2.01' });
    expect(await send('POST', 'rd', ['ep=b'])).toMatchObject({ code: '5.03' });
    expect(await send('POST', 'rd', ['ep=a'])).toMatchObject({ code: '2.01' });
  });

  it('lets nobody take over the name or the registration of another identity', async () => {
    const server = new Lwm2mServer();
    const sockets = await Promise.all([listenUdp('127.0.0.1', 0), listenUdp('127.0.0.1', 0)]);
    const [alice, mallory] = sockets.map((socket, index) => {
      const detach = server.attach(socket, { identity: ['alice', 'mallory'][index] });
      onTestFinished(() => {
        detach();
        socket.close();
      });
      return (socket.address() as AddressInfo).port;
    });
    const asAlice = await startFakeDevice(alice ?? 0);
    const asMallory = await startFakeDevice(mallory ?? 0);
    const { location } = await asAlice('POST', 'rd', ['ep=a']);
    expect(await asMallory('POST', 'rd', ['ep=a'])).toMatchObject({ code: '4.03' });
    expect(await asMallory('POST', location.join('/'))).toMatchObject({ code: '4.04' });
    expect(await asMallory('DELETE', location.join('/'))).toMatchObject({ code: '4.04' });
    expect(await asAlice('DELETE', location.join('/'))).toMatchObject({ code: '2.02' });
    server.close();
  });
});
