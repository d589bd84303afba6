import { randomUUID } from 'node:crypto';
import { loadBackend } from '../backend.js';
import { connectDtls } from '../dtls-transport.js';
import { Lwm2mClient } from '../lwm2m/client.js';
import { Changes, Model } from '../lwm2m/model.js';
import { deviceObject } from '../objects/device.js';
import { securityObject } from '../objects/security.js';
import { serverObject } from '../objects/server.js';
import { thermometer } from '../objects/temperature.js';
import { simulateSensor } from '../sensor.js';
import type { Connection } from '../transport.js';
import { connectUdp } from '../udp-transport.js';
import { checkIdentity, parseKey, type ServerUri } from './arguments.js';
import { explain } from './explain.js';
import { keyLog } from './key-log.js';
import { onStop } from './signals.js';
import { UserError } from './user-error.js';

/** The options of `avs-demo client`. */
export interface ClientOptions {
  readonly serverUri: ServerUri;
  readonly endpointName: string;
  /** Seconds. */
  readonly lifetime: number;
  readonly identity?: string;
  /** Hexadecimal. */
  readonly key?: string;
  readonly backend: string;
  readonly ciphersuites?: readonly number[];
  readonly legacyServer?: boolean;
  readonly keyLog?: string;
  /** Seconds. */
  readonly sensorPeriod: number;
  readonly verbose?: boolean;
}

/** Runs a device until it is told to stop. @throws UserError, and what the first attempt to connect and register throws. */
export async function runClient(options: ClientOptions, print: (line: string) => void): Promise<void> {
  const { serverUri, endpointName, lifetime, verbose = false } = options;
  const connect = serverUri.secure ? await secureConnect(options) : plainConnect(options);
  const changes = new Changes();
  const settings = { lifetime, defaultMinimumPeriod: 0, defaultMaximumPeriod: 0 };
  const sensor = thermometer(21, changes);
  const objects = [
    securityObject(serverUri.text),
    serverObject(settings, () => client.update()),
    deviceObject({ serialNumber: randomUUID().slice(0, 8), reboot: () => client.reboot() }, changes),
    sensor.object,
  ];
  const client: Lwm2mClient = new Lwm2mClient({
    endpointName,
    model: new Model(objects, changes),
    settings,
    connect,
    describeError: (error) => explain(error, { target: serverUri.text, identity: options.identity }),
    log: (line, detail) => {
      if (detail === undefined || verbose) print(line);
    },
  });
  print(`${endpointName} connects to ${serverUri.text}`);
  const forget = onStop(() => client.stop());
  const stopSensor = simulateSensor(sensor, options.sensorPeriod * 1_000);
  try {
    await client.run();
  } finally {
    stopSensor();
    forget();
  }
}

async function secureConnect(options: ClientOptions): Promise<(signal: AbortSignal) => Promise<Connection>> {
  const { identity, key, ciphersuites, legacyServer } = options;
  const { host, port } = options.serverUri;
  if (identity === undefined || key === undefined) {
    throw new UserError('coaps:// needs an identity (-i) and a key (-k, or the environment variable AVS_DEMO_KEY)');
  }
  const secrets = { identity: checkIdentity(identity, '-i'), key: parseKey(key, '-k') };
  const onKeyLog = keyLog(options.keyLog);
  const backend = await loadBackend(options.backend);
  return (signal) => connectDtls({ backend, host, port, ...secrets, ciphersuites, legacyServer, onKeyLog }, signal);
}

function plainConnect(options: ClientOptions): (signal: AbortSignal) => Promise<Connection> {
  const { serverUri, identity, key } = options;
  if (identity !== undefined || key !== undefined) {
    throw new UserError('coap:// has no security; use coaps:// with -i and -k, or leave them out');
  }
  return (signal) => connectUdp(serverUri.host, serverUri.port, signal);
}
