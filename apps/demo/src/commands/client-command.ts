import { createHash } from 'node:crypto';
import { alertOf } from '../alert.js';
import { checkCid, loadBackend } from '../backend.js';
import { connectDtls } from '../dtls-transport.js';
import { Lwm2mClient } from '../lwm2m/client.js';
import { Changes, Model } from '../lwm2m/model.js';
import { deviceObject } from '../objects/device.js';
import { securityObject } from '../objects/security.js';
import { serverDefinition, serverObject } from '../objects/server.js';
import { thermometer } from '../objects/temperature.js';
import { simulateSensor } from '../sensor.js';
import { type KeptSession, sessionInFile, sessionInMemory } from '../session-file.js';
import type { Connection } from '../transport.js';
import { connectUdp } from '../udp-transport.js';
import { checkIdentity, parseKey, type ServerUri } from './arguments.js';
import { readCommands } from './client-prompt.js';
import { explain } from './explain.js';
import { keyLog } from './key-log.js';
import { onRebind, onStop } from './signals.js';
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
  readonly serverName?: string;
  /** Where the session with the server is kept from one process to the next. */
  readonly sessionFile?: string;
  readonly cid?: boolean;
  /** Take commands from standard input. */
  readonly prompt?: boolean;
  /** Seconds. */
  readonly sensorPeriod: number;
  readonly verbose?: boolean;
}

/** Runs a device until it is told to stop. @throws UserError, and what the first attempt to connect and register throws. */
export async function runClient(options: ClientOptions, print: (line: string) => void): Promise<void> {
  const { serverUri, endpointName, verbose = false } = options;
  const secrets = serverUri.secure ? readSecrets(options) : checkPlain(options);
  const kept = keptSession(options, print);
  const { memory } = kept;
  const connect =
    secrets === undefined
      ? (signal: AbortSignal) => connectUdp(serverUri.host, serverUri.port, signal)
      : await secureConnect(options, secrets, kept);
  const changes = new Changes();
  changes.listen(([object]) => {
    if (object === serverDefinition.id) memory.changed();
  });
  const sensor = thermometer(21, changes);
  const objects = [
    securityObject(serverUri.text),
    serverObject(memory.settings, () => client.update()),
    deviceObject({ serialNumber: serialNumber(endpointName), reboot: () => client.reboot() }, changes),
    sensor.object,
  ];
  const client: Lwm2mClient = new Lwm2mClient({
    endpointName,
    model: new Model(objects, changes),
    memory,
    connect,
    describeError: (error, when) => explain(error, { target: serverUri.text, identity: options.identity, when }),
    failed: (error) => {
      memory.settings.alertCode = alertOf(error) ?? memory.settings.alertCode;
      kept.keep();
    },
    log: (line, detail) => {
      if (detail === undefined || verbose) print(line);
    },
  });
  print(`${endpointName} connects to ${serverUri.text}`);
  // With the session in a file the registration outlives the process, unless somebody is there who ends it.
  const forget = onStop(() => client.stop(), options.sessionFile === undefined ? undefined : () => client.leave());
  const forgetRebind = onRebind(() => void client.rebind());
  const stopReading = options.prompt === true ? readCommands(process.stdin, client, print) : undefined;
  const stopSensor = simulateSensor(sensor, options.sensorPeriod * 1_000);
  try {
    await client.run();
  } finally {
    stopSensor();
    stopReading?.();
    forgetRebind();
    forget();
  }
}

/** The session of a device that was here before, or of a new one. @throws UserError if its file cannot be used. */
function keptSession(options: ClientOptions, print: (line: string) => void): KeptSession {
  const { serverUri, endpointName, identity = '', lifetime, sessionFile: filename } = options;
  const settings = { lifetime, defaultMinimumPeriod: 0, defaultMaximumPeriod: 0 };
  if (filename === undefined) return sessionInMemory(settings);
  if (!serverUri.secure) throw new UserError('--session-file: coap:// has no security, and no session to keep');
  const scope = { serverUri: serverUri.text, endpointName, identity };
  try {
    return sessionInFile({ filename, scope, settings, warn: print });
  } catch (cause) {
    throw new UserError(`--session-file: ${filename} cannot be used (${(cause as Error).message})`, { cause });
  }
}

/** One that a device keeps when it is started again. */
function serialNumber(endpointName: string): string {
  return createHash('sha256').update(endpointName).digest('hex').slice(0, 8);
}

interface Secrets {
  readonly identity: string;
  readonly key: Uint8Array;
}

function readSecrets({ identity, key }: ClientOptions): Secrets {
  if (identity === undefined || key === undefined) {
    throw new UserError('coaps:// needs an identity (-i) and a key (-k, or the environment variable AVS_DEMO_KEY)');
  }
  return { identity: checkIdentity(identity, '-i'), key: parseKey(key, '-k') };
}

function checkPlain({ identity, key }: ClientOptions): undefined {
  if (identity === undefined && key === undefined) return undefined;
  throw new UserError('coap:// has no security; use coaps:// with -i and -k, or leave them out');
}

async function secureConnect(
  options: ClientOptions,
  secrets: Secrets,
  { session, keep, persist }: KeptSession,
): Promise<(signal: AbortSignal) => Promise<Connection>> {
  const { ciphersuites, legacyServer, serverName, cid } = options;
  const { host, port } = options.serverUri;
  const onKeyLog = keyLog(options.keyLog);
  const backend = await loadBackend(options.backend);
  checkCid(backend, cid);
  const server = { backend, host, port, ciphersuites, legacyServer, serverName, cid };
  const settings = { ...server, ...secrets, session, persist, onKeyLog };
  return async (signal) => {
    try {
      return await connectDtls(settings, signal);
    } finally {
      keep();
    }
  };
}
