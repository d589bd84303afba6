import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { VirtualClock } from '@avs-net/core/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CoapEndpoint } from '../../src/coap/coap-endpoint.js';
import type { Answer, IncomingRequest } from '../../src/coap/messages.js';
import type { Registration } from '../../src/lwm2m/registration.js';
import { connectUdp, listenUdp } from '../../src/udp-transport.js';
import { startDevice, startPair, startServer } from './pair.js';

/** A server that answers as it is told to. */
async function startFakeServer(handle: (request: IncomingRequest) => Answer): Promise<number> {
  const socket = await listenUdp('127.0.0.1', 0);
  const endpoint = new CoapEndpoint(socket, { handle });
  onTestFinished(() => {
    endpoint.close();
    socket.close();
  });
  return (socket.address() as AddressInfo).port;
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const socket = await listenUdp('127.0.0.1', 0);
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

describe('a device', () => {
  it('registers with its name, lifetime, version and objects', async () => {
    const { device } = await startPair();
    const { endpointName, lifetime, version, binding, objects, formats, identity } = device.registration;
    expect({ endpointName, lifetime, version, binding, identity }).toEqual({
      endpointName: 'thermo',
      lifetime: 300,
      version: '1.1',
      binding: 'U',
      identity: undefined,
    });
    expect(objects).toEqual([
      [1, 0],
      [3, 0],
      [3303, 0],
    ]);
    expect(formats).toEqual(expect.arrayContaining([0, 42, 110, 11_542]));
  });

  it('sends an Update before the lifetime ends', async () => {
    const clock = new VirtualClock();
    const { server, port } = await startServer();
    const { logged } = startDevice(port, { clock }, 60);
    await logged('Register');
    const updated = once(server, 'updated');
    await clock.advance(30_000);
    const [registration] = (await updated) as [Registration];
    expect(registration.lifetime).toBe(60);
    expect(server.registrations).toHaveLength(1);
  });

  it('tells the server when the server has written another lifetime', async () => {
    const { server, device } = await startPair();
    const updated = once(server, 'updated');
    expect(await device.write([1, 0, 1], 'integer', 120)).toMatchObject({ code: '2.04' });
    expect(((await updated) as [Registration])[0].lifetime).toBe(120);
    expect(device.registration.lifetime).toBe(120);
  });

  it('sends an Update when the server executes the trigger', async () => {
    const { server, device } = await startPair();
    const updated = once(server, 'updated');
    expect(await device.execute([1, 0, 8])).toMatchObject({ code: '2.04' });
    await updated;
  });

  it('registers again when the server has forgotten it', async () => {
    const { server, device, client } = await startPair();
    const { id } = device.registration;
    server.close();
    expect(server.registrations).toEqual([]);
    const registered = once(server, 'registered');
    client.update();
    const [registration] = (await registered) as [Registration];
    expect(registration.id).not.toBe(id);
  });

  it('deregisters when it is stopped', async () => {
    const { server, client, running } = await startPair();
    const deregistered = once(server, 'deregistered');
    client.stop();
    await Promise.all([deregistered, running]);
    expect(server.registrations).toEqual([]);
  });

  it('deregisters even when it is stopped in the middle of its registration', async () => {
    const { server, port } = await startServer();
    const deregistered = once(server, 'deregistered');
    const { client, running } = startDevice(port, {
      connect: async (signal) => {
        const connection = await connectUdp('127.0.0.1', port, signal);
        connection.socket.once('message', () => client.stop());
        return connection;
      },
    });
    await Promise.all([deregistered, running]);
    expect(server.registrations).toEqual([]);
  });

  it('reboots when the server says so: deregisters and comes back', async () => {
    const clock = new VirtualClock();
    const { server, port } = await startServer();
    const { logged } = startDevice(port, { clock });
    await logged('Register');
    const deregistered = once(server, 'deregistered');
    expect(await server.device('thermo').execute([3, 0, 4])).toMatchObject({ code: '2.04' });
    await deregistered;
    await logged('connecting again in 1 s');
    await clock.advance(1_000);
    await logged('Register → 2.01 Created');
    expect(server.registrations).toHaveLength(1);
  });

  it('fails if nobody listens where it is to register first', async () => {
    const { running } = startDevice(await freePort());
    await expect(running).rejects.toThrow(/closed/);
    await expect(running).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  });

  it('fails if its first registration is refused, with what the server says', async () => {
    const port = await startFakeServer(() => ({ code: '4.03', payload: new TextEncoder().encode('who\u{1b}[2J?') }));
    const { running } = startDevice(port);
    await expect(running).rejects.toThrow('the server refused the registration: 4.03 Forbidden (who\u{fffd}[2J?)');
  });

  it('fails if a server answers with success and no location', async () => {
    const port = await startFakeServer(() => ({ code: '2.01' }));
    await expect(startDevice(port).running).rejects.toThrow(/no location/);
  });

  it('tries to connect again for ever once it was registered, waiting longer each time up to a minute', async () => {
    const clock = new VirtualClock();
    const { server, port } = await startServer();
    let network = true;
    const { client, logged } = startDevice(port, {
      clock,
      random: () => 0.5,
      connect: async (signal) => {
        if (!network) throw new Error('no network');
        return connectUdp('127.0.0.1', port, signal);
      },
    });
    await logged('Register');
    network = false;
    client.reboot();
    await logged('connecting again in 1 s');
    await clock.advance(1_000);
    for (const seconds of [1, 2, 4, 8, 16, 32, 60]) {
      await logged(`no network; trying again in ${seconds} s`);
      network = seconds === 60;
      await clock.advance(seconds * 1_000);
    }
    await logged('Register → 2.01 Created');
    expect(server.registrations).toHaveLength(1);
  });

  it('connects and registers again when an Update gets no answer', async () => {
    const clock = new VirtualClock();
    let deaf = false;
    let updates = 0;
    const port = await startFakeServer(({ path }) => {
      if (path.length === 1) return { code: '2.01', location: ['rd', '1'] };
      updates += 1;
      return { code: '2.04' };
    });
    const { client, logged } = startDevice(port, {
      clock,
      connect: async (signal) => {
        const connection = await connectUdp('127.0.0.1', port, signal);
        const emit = connection.socket.emit.bind(connection.socket);
        connection.socket.emit = (event: string, ...rest: unknown[]) =>
          deaf && event === 'message' ? false : emit(event, ...rest);
        return connection;
      },
    });
    await logged('Register');
    deaf = true;
    client.update();
    const arrived = new Promise<void>((resolve) => {
      const check = (): void => {
        if (updates > 0) resolve();
        else setImmediate(check);
      };
      check();
    });
    await arrived;
    await clock.advance(93_000);
    await logged('the server gave no answer within 93 s; trying again in');
    deaf = false;
    await clock.advance(1_250);
    await logged('Register → 2.01 Created');
  });

  it('gives up waiting for a server that never answers', async () => {
    const clock = new VirtualClock();
    const socket = await listenUdp('127.0.0.1', 0);
    onTestFinished(() => {
      socket.close();
    });
    const arrived = once(socket, 'message');
    const { running } = startDevice(socket.address().port, { clock });
    await arrived;
    const failed = expect(running).rejects.toThrow('no answer within 93 s');
    await clock.advance(93_000);
    await failed;
  });

  it('answers nobody but its server', async () => {
    const { device, lines } = await startPair();
    const { port } = device.registration.peer;
    const socket = await listenUdp('127.0.0.1', 0);
    const clock = new VirtualClock();
    const stranger = new CoapEndpoint(socket, { handle: () => ({ code: '4.04' }), clock });
    onTestFinished(() => {
      stranger.close();
      socket.close();
    });
    const asked = stranger.request({
      method: 'GET',
      path: ['3', '0', '0'],
      peer: { host: '127.0.0.1', port },
      timeout: 5_000,
    });
    const refused = expect(asked).rejects.toThrow(/no answer/);
    expect(await device.read([3, 0, 0])).toMatchObject({ code: '2.05' });
    await clock.advance(5_000);
    await refused;
    expect(lines.filter((line) => line.startsWith('served'))).toEqual(['served: read /3/0/0 → 2.05 Content']);
  });
});
