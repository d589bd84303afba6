import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Backend, SecureSocket } from '@avs-net/core';
import { ciphersuiteByName } from '@avs-net/core';
import { backend as openssl } from '@avs-net/tls-openssl';
import { backend as pure } from '@avs-net/tls-pure';
import { backend as portable } from '@avs-net/tls-pure/portable';
import { associationOptions, enginesOf } from './engines.js';
import { End } from './link.js';
import { LoadSocket } from './load-socket.js';
import { serverSecurity } from './psk.js';
import { Unable } from './unable.js';

const backends: Readonly<Record<string, Backend>> = { pure, portable, openssl };

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Kept, so that nothing of what is measured is collected before the process ends. */
const kept: unknown[] = [];

/** What many idle associations take, all in all. */
export interface Footprint {
  /** JavaScript's heap and what its buffers hold outside it, bytes. */
  readonly heap: number;
  /** Of the process, bytes. */
  readonly resident: number;
  /** CPU time of the idle listener in each second, ms. */
  readonly idle: number;
}

/**
 * Makes a listener, and as many associations on it: the clients are engines that send a datagram once they are connected, and are destroyed.
 * Every accepted socket is kept and has a receiver, as in a server that waits for requests.
 * @param idleTime How long the CPU time of the idle listener is measured, ms.
 * @throws Unable
 */
export async function measureAssociations(
  implementation: string,
  suite: string,
  count: number,
  idleTime: number,
): Promise<Footprint> {
  const backend = backends[implementation];
  if (backend === undefined) throw new Unable('createCipheriv has no associations');
  if (!backend.capabilities.server) throw new Unable('the backend is not there');
  // The clients are alike for every listener, so that what they leave behind is.
  const clients = enginesOf('pure', suite).client;
  const below = new LoadSocket();
  const listener = await backend.createDtlsListener({
    security: serverSecurity,
    ciphersuites: [ciphersuiteByName(suite) ?? 0],
    limits: { total: 2 * count + 10, perSource: 2 * count + 10, backlog: 1_000, idleTime: 86_400_000 },
  });
  await listener.decorate(below);
  await listener.bind('10.0.0.1', 5684);
  const accepted: SecureSocket[] = [];
  let received = 0;
  const receiver = {
    onData: () => {
      received += 1;
    },
  };
  const accepting = (async () => {
    for await (const socket of listener) {
      socket.setReceiver(receiver);
      accepted.push(socket as SecureSocket);
    }
  })();
  kept.push(listener, accepted, accepting);

  // Some first, so that what is made once is not counted.
  for (let each = 0; each < 10; each++) await connect(each);
  const before = await inUse();
  for (let each = 0; each < count; each++) await connect(10 + each);
  const after = await inUse();
  if (accepted.length !== count + 10) throw new Error(`${accepted.length} associations were accepted`);
  const idle = await idleCpu(idleTime);
  return { heap: after.heap - before.heap, resident: after.resident - before.resident, idle };

  async function connect(index: number): Promise<void> {
    const end = new End();
    const from = {
      host: `10.${1 + (index >>> 16)}.${(index >>> 8) & 0xff}.${index & 0xff}`,
      port: 49_152 + (index % 16_384),
    };
    below.onSent = (data) => end.live.receive(Uint8Array.from(data), 0);
    end.engine = clients.createClient(end, {
      ...associationOptions,
      serverName: undefined,
      peer: '10.0.0.1 5684',
      session: undefined,
    });
    end.engine.start(0);
    const expected = accepted.length + 1;
    while (!end.isEstablished || accepted.length < expected) {
      for (const datagram of end.sent.splice(0)) below.arrive(datagram, from);
      await new Promise(setImmediate);
    }
    // Like every device: it says something, and falls silent.
    const heard = received;
    end.engine.send(Uint8Array.of(1));
    for (const datagram of end.sent.splice(0)) below.arrive(datagram, from);
    if (received !== heard + 1) throw new Error('the datagram did not arrive');
    end.engine.destroy();
  }
}

async function inUse(): Promise<{ heap: number; resident: number }> {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, resident: rss };
}

async function idleCpu(idleTime: number): Promise<number> {
  // V8 uses the first idle moments for collections of its own.
  await new Promise((resolve) => setTimeout(resolve, idleTime));
  const start = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, idleTime));
  const { user, system } = process.cpuUsage(start);
  return (user + system) / idleTime;
}
