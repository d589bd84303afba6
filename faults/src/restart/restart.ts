import type { DtlsListener, SecureSocket } from '@avs-net/core';
import { MemoryNetwork, VirtualClock } from '@avs-net/core/testing';
import { type BackendPair, pairs } from '../backends.js';
import { clientSecurity, lightCiphersuite, serverSecurity } from '../psk.js';
import { must } from '../violation.js';
import { Device } from './device.js';

/** Datagrams after which something is killed: in a handshake there are six, and then requests and answers. */
const moments = Array.from({ length: 12 }, (_, i) => i + 1);
/** How long it is away, ms: less than a retransmission, and more. */
const absences = [100, 3_000];
/** Answers after which everything counts as well again. */
const enough = 5;
const idleTime = 300_000;
const address = '10.0.0.1';
const deviceAddress = '10.0.0.2';
const devicePort = 40_000;
const port = 5684;

type Victim = 'server' | 'device' | 'device, then at another port';

/**
 * Kills either side, as a power cut would, after each datagram of a handshake and of traffic, and starts it again. Both sides must get
 * a usable state again, and the listener must forget what is over. @throws Violation
 */
export async function restart(print: (line: string) => void): Promise<void> {
  for (const pair of pairs) {
    for (const victim of ['server', 'device', 'device, then at another port'] as const) {
      let slowest: Recovery | undefined;
      let runs = 0;
      for (const moment of moments) {
        for (const absence of absences) {
          const recovery = await killAndRestart(pair, victim, moment, absence);
          runs += 1;
          if (slowest === undefined || recovery.time > slowest.time) slowest = recovery;
        }
      }
      if (slowest === undefined) continue;
      print(
        `${pair.name}: ${victim}, killed at ${moments.length} moments, away for ${absences.join(' or ')} ms: ${runs} recoveries`,
      );
      print(
        `  the slowest took ${(slowest.time / 1_000).toFixed(0)} s, killed after datagram ${slowest.moment}; the device: ${slowest.device}`,
      );
      print(`  the server: ${slowest.server}`);
    }
  }
}

interface Recovery {
  readonly moment: number;
  /** From the restart to the last of enough answers, virtual ms. */
  readonly time: number;
  readonly device: string;
  readonly server: string;
}

async function killAndRestart(pair: BackendPair, victim: Victim, moment: number, absence: number): Promise<Recovery> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, faults: { delay: 20 } });
  const what = `${pair.name}: ${victim} killed after datagram ${moment} for ${absence} ms`;
  let server = await EchoServer.start(pair, network, clock);
  let device = startDevice(pair, network, clock, devicePort);

  await reached(network, clock, moment);
  // What the killed side still says, saying goodbye for one, is said to nobody.
  const silence = network.intercept(({ from }) =>
    (from.host === address) === (victim === 'server') ? false : undefined,
  );
  if (victim === 'server') await clock.runUntil(server.listener.cleanup());
  else await clock.runUntil(device.stop());
  await clock.advance(absence);
  silence();
  const begin = clock.now();
  if (victim === 'server') server = await EchoServer.start(pair, network, clock);
  else device = startDevice(pair, network, clock, victim === 'device' ? devicePort : devicePort + 1);

  const before = device.answers;
  while (device.answers < before + enough) {
    must(clock.now() < begin + 600_000, `${what}: not well after ten minutes: ${device.events.join('; ')}`);
    await clock.advance(1_000);
  }
  const time = clock.now() - begin;
  const { associations, halfOpen } = server.listener.stats;
  // A device at another port is another peer: the old association stays until it has been idle for long enough.
  const most = victim === 'device, then at another port' ? 2 : 1;
  must(
    associations >= 1 && associations + halfOpen <= most,
    `${what}: ${associations} associations, ${halfOpen} half-open`,
  );
  for (let waited = 0; waited <= idleTime; waited += 10_000) await clock.advance(10_000);
  must(server.listener.stats.associations === 1, `${what}: the old association is forgotten in the end`);

  const { dropped } = server.listener.stats;
  const drops = Object.entries(dropped).filter(([, count]) => count > 0);
  const counted = drops.map(([reason, count]) => `${count} datagrams dropped (${reason})`);
  const recovery: Recovery = {
    moment,
    time,
    device: device.events.join('; '),
    server: [...server.events, ...counted].join('; ') || 'nothing to say',
  };
  await clock.runUntil(device.stop());
  await clock.runUntil(server.listener.cleanup());
  return recovery;
}

/** Waits until so many datagrams have been sent. */
async function reached(network: MemoryNetwork, clock: VirtualClock, moment: number): Promise<void> {
  let datagrams = 0;
  const forget = network.observe(() => {
    datagrams += 1;
  });
  while (datagrams < moment) await clock.advance(1);
  forget();
}

function startDevice(pair: BackendPair, network: MemoryNetwork, clock: VirtualClock, from: number): Device {
  const open = async (): Promise<SecureSocket> => {
    const socket = await pair.client.createDtlsSocket({
      security: clientSecurity('device'),
      ciphersuites: [lightCiphersuite],
      clock,
    });
    await socket.decorate(network.createUdpSocket(undefined, { address: deviceAddress }));
    return socket;
  };
  const device = new Device({ clock, host: address, port, localHost: deviceAddress, localPort: from, open });
  device.run().catch((error: unknown) => device.events.push(String(error)));
  return device;
}

/** A server that answers with what it is asked. */
class EchoServer {
  /** How associations ended, in the user's words. */
  readonly events: string[] = [];

  private constructor(
    readonly listener: DtlsListener,
    clock: VirtualClock,
  ) {
    const serve = async (): Promise<void> => {
      for await (const socket of listener) {
        this.events.push(`${(clock.now() / 1_000).toFixed(1)} s accepted port ${socket.remotePort}`);
        socket.setReceiver({
          onData: (data) => void socket.send(data).catch(() => undefined),
          onError: (error) => this.events.push(`${(clock.now() / 1_000).toFixed(1)} s ${error.message}`),
        });
      }
    };
    serve().catch(() => undefined);
  }

  static async start({ server }: BackendPair, network: MemoryNetwork, clock: VirtualClock): Promise<EchoServer> {
    const listener = await server.createDtlsListener({ security: serverSecurity, clock, limits: { idleTime } });
    await listener.decorate(network.createUdpSocket(undefined, { address }));
    await listener.bind(address, port);
    return new EchoServer(listener, clock);
  }
}
