import { AvsError, alertName, type DtlsListener, type HandshakeTimeouts, isErrno } from '@avs-net/core';
import { MemoryNetwork, SeededRandom, VirtualClock } from '@avs-net/core/testing';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import type { BackendPair } from '../backends.js';
import { Endpoint } from '../endpoint.js';
import { must } from '../violation.js';
import { type Client, type Conversation, checkResults, checkTraffic } from './checks.js';
import type { Scenario } from './scenario.js';

/** What a run has shown. */
export interface Outcome {
  /** How each client's `connect` ended: `connected`, or the error in a word. */
  readonly clients: readonly string[];
  /** Application messages sent, and how many of them arrived. */
  readonly sent: number;
  readonly arrived: number;
  readonly datagrams: number;
  /** Virtual ms. */
  readonly time: number;
}

const address = '10.0.0.1';
const port = 5684;
const idleTime = 600_000;
const encoder = new TextEncoder();

/**
 * Connects clients to a listener over the scenario's network, lets both sides talk, and checks what must hold on any network.
 * @throws Violation what did not hold.
 */
export async function runScenario(pair: BackendPair, scenario: Scenario): Promise<Outcome> {
  const { seed, up, down, ciphersuites, handshakeTimeouts } = scenario;
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ seed, clock, faults: up });
  network.setFaults(down, { from: { host: address } });
  let datagrams = 0;
  network.observe(() => {
    datagrams += 1;
  });
  const random = new SeededRandom(seed + 1);
  const violations: string[] = [];
  const violation = (what: string): void => {
    violations.push(what);
  };

  const keys = new Map<string, Uint8Array>();
  const listener = await pair.server.createDtlsListener({
    security: {
      mode: 'psk',
      resolve: (identity) => {
        const key = keys.get(new TextDecoder().decode(identity));
        return key && pskKeyInfoFromBuffer(key);
      },
    },
    clock,
    random: pair.takesRandom.server ? random.fill : undefined,
    handshakeTimeouts,
    limits: { handshakeTime: 300_000, idleTime },
  });
  await listener.decorate(network.createUdpSocket(undefined, { address }));
  await clock.runUntil(listener.bind(address, port));
  const accepted = acceptAll(listener, violation);

  const clients: Client[] = [];
  for (let i = 0; i < scenario.clients; i += 1) {
    const identity = `device-${i}`;
    const key = new Uint8Array(16);
    random.fill(key);
    keys.set(identity, key.slice());
    const isWrong = scenario.withWrongKey && i === scenario.clients - 1;
    if (isWrong) key[0] = (key[0] ?? 0) ^ 1;
    const socket = await pair.client.createDtlsSocket({
      security: {
        mode: 'psk',
        identity: pskIdentityInfoFromBuffer(encoder.encode(identity)),
        key: pskKeyInfoFromBuffer(key),
      },
      ciphersuites,
      clock,
      random: pair.takesRandom.client ? random.fill : undefined,
      handshakeTimeouts,
    });
    await socket.decorate(network.createUdpSocket());
    clients.push({ identity, isWrong, socket, result: '' });
  }

  await clock.runUntil(
    Promise.all(
      clients.map(async (client) => {
        client.result = await client.socket.connect(address, port).then(
          () => 'connected',
          (error: unknown) => nameOf(error),
        );
        if (client.result === 'connected') converse(client, accepted, scenario, clock, random, violation);
      }),
    ),
    connectLimit(handshakeTimeouts),
  );
  await clock.advance(10_000);
  checkResults(clients, accepted, scenario);
  const { sent, arrived } = checkTraffic(accepted, scenario);

  for (const { socket } of clients) await clock.runUntil(socket.cleanup());
  await clock.advance(idleTime + 10_000);
  const { associations, halfOpen } = listener.stats;
  must(associations === 0 && halfOpen === 0, `${associations} associations and ${halfOpen} handshakes stay for ever`);
  await clock.runUntil(listener.cleanup());
  // What the network still carries is delivered to nobody.
  await clock.advance(2_000);
  must(clock.pendingTimers === 0, `${clock.pendingTimers} timers are left when everything is cleaned up`);
  must(violations.length === 0, violations.join('; '));
  return { clients: clients.map(({ result }) => result), sent, arrived, datagrams, time: clock.now() };
}

/** Accepts for as long as the listener lives; the newest association of each identity counts. */
function acceptAll(listener: DtlsListener, violation: (what: string) => void): Map<string, Conversation> {
  const accepted = new Map<string, Conversation>();
  const accepting = async (): Promise<void> => {
    for await (const socket of listener) {
      const identity = new TextDecoder().decode(socket.info?.pskIdentity);
      if (accepted.has(identity)) violation(`${identity} was accepted twice`);
      const server = new Endpoint(`server of ${identity}`, socket, violation);
      accepted.set(identity, { socket, server, client: undefined });
    }
  };
  accepting().catch((error: unknown) => violation(String(error)));
  return accepted;
}

/** Lets both ends of an association talk. The server is never behind its client: it completes the handshake first. */
function converse(
  { identity, socket }: Client,
  accepted: ReadonlyMap<string, Conversation>,
  { messages }: Scenario,
  clock: VirtualClock,
  random: SeededRandom,
  violation: (what: string) => void,
): void {
  const conversation = accepted.get(identity);
  if (conversation === undefined) return violation(`${identity} is connected and the server does not know`);
  const { server } = conversation;
  const client = new Endpoint(identity, socket, violation);
  conversation.client = client;
  client.peer = server;
  server.peer = client;
  for (const end of [client, server]) {
    end.listen();
    end.talk(messages, clock, random);
  }
}

function nameOf(error: unknown): string {
  if (isErrno(error, 'ETIMEDOUT')) return 'ETIMEDOUT';
  if (error instanceof AvsError && error.description !== undefined) {
    return `${error.direction} ${alertName(error.description)}`;
  }
  return String(error);
}

/** Three flights of a client wait at most so long each, and repeated flights of the peer start no wait anew. */
function connectLimit({ min, max }: HandshakeTimeouts): number {
  let budget = 0;
  for (let wait = min; ; wait = Math.min(2 * wait, max)) {
    budget += wait;
    if (wait >= max) break;
  }
  return 6 * budget;
}
