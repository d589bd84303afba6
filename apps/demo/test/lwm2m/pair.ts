import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { Lwm2mClient, type Lwm2mClientOptions } from '../../src/lwm2m/client.js';
import type { DeviceHandle } from '../../src/lwm2m/device-handle.js';
import { Memory } from '../../src/lwm2m/memory.js';
import { Changes, Model } from '../../src/lwm2m/model.js';
import { Lwm2mServer, type Lwm2mServerOptions } from '../../src/lwm2m/server.js';
import { deviceObject } from '../../src/objects/device.js';
import { securityObject } from '../../src/objects/security.js';
import { type ServerSettings, serverObject } from '../../src/objects/server.js';
import { type Thermometer, thermometer } from '../../src/objects/temperature.js';
import { connectUdp, listenUdp } from '../../src/udp-transport.js';

/** A server on loopback. */
export async function startServer(options: Lwm2mServerOptions = {}): Promise<{ server: Lwm2mServer; port: number }> {
  const server = new Lwm2mServer(options);
  const socket = await listenUdp('127.0.0.1', 0);
  const detach = server.attach(socket);
  onTestFinished(() => {
    server.close();
    detach();
    socket.close();
  });
  return { server, port: (socket.address() as AddressInfo).port };
}

/** A device with all objects. */
export interface TestDevice {
  readonly client: Lwm2mClient;
  readonly thermometer: Thermometer;
  readonly settings: ServerSettings;
  readonly lines: string[];
  readonly memory: Memory;
  /** Waits until a line that starts like this has been logged since the last wait. */
  logged(start: string): Promise<void>;
  /** Settles as `run` does. */
  readonly running: Promise<void>;
}

/** Starts a device that connects to `port` on loopback, and stops it with the test. */
export function startDevice(port: number, options: Partial<Lwm2mClientOptions> = {}, lifetime = 300): TestDevice {
  const changes = new Changes();
  const { memory = new Memory({ settings: { lifetime, defaultMinimumPeriod: 0, defaultMaximumPeriod: 0 } }) } = options;
  const { settings } = memory;
  const sensor = thermometer(20, changes);
  const lines: string[] = [];
  let checked = 0;
  let wake = (): void => {};
  const logged = async (start: string): Promise<void> => {
    for (;;) {
      while (checked < lines.length) if (lines[checked++]?.startsWith(start) === true) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const model = new Model(
    [
      securityObject(`coap://127.0.0.1:${port}`),
      serverObject(settings, () => client.update()),
      deviceObject({ serialNumber: '42', reboot: () => client.reboot(), now: () => 1_000_000_000_000 }, changes),
      sensor.object,
    ],
    changes,
  );
  const client: Lwm2mClient = new Lwm2mClient({
    endpointName: 'thermo',
    model,
    memory,
    connect: (signal) => connectUdp('127.0.0.1', port, signal),
    log: (line, detail) => {
      if (detail === undefined) lines.push(line);
      wake();
    },
    ...options,
  });
  const running = client.run();
  running.catch(() => {});
  onTestFinished(async () => {
    client.stop();
    await running.catch(() => {});
  });
  return { client, thermometer: sensor, settings, memory, lines, logged, running };
}

/** A server and a device that has registered with it. */
export async function startPair(): Promise<TestDevice & { server: Lwm2mServer; port: number; device: DeviceHandle }> {
  const { server, port } = await startServer();
  const registered = once(server, 'registered');
  const device = startDevice(port);
  await registered;
  return { ...device, server, port, device: server.device('thermo') };
}
