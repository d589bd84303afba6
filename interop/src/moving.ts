import type { Backend, ConnectionIdConfiguration, DtlsListener, SecureSocket } from '@avs-net/core';
import { expect } from 'vitest';
import { NatRelay } from '../../apps/demo/src/commands/nat-relay.js';
import { listenerConfiguration } from './association.js';
import type { Timers } from './cells.js';
import { connectTo, exchange, expectEnd } from './meeting.js';
import type { Conversation, DtlsPeer, PeerSetup } from './peer.js';

/** Bytes of the connection IDs that we and the peer give, where a test does not choose. */
export const lengths = { ours: 5, theirs: 6 } as const;

/** How both sides have connection IDs, and what happens to them. */
export interface Journey {
  readonly setup: PeerSetup;
  readonly connectionIds?: ConnectionIdConfiguration | undefined;
  /** How often the client's address changes. Default 1. */
  readonly moves?: number | undefined;
  readonly timers?: Timers | undefined;
  /** Sees our end when the handshake is complete. */
  look?(socket: SecureSocket): void;
}

/** Why a backend of ours is not tried with connection IDs; undefined: it has them. */
export function noConnectionIds({ name, capabilities }: Backend): string | undefined {
  return capabilities.connectionId ? undefined : `our backend ${name} has no connection IDs`;
}

/** Our client connects to the peer, and goes on from other ports; then it closes. */
export async function moveOurClient(peer: DtlsPeer, backend: Backend, journey: Journey): Promise<void> {
  const { setup, connectionIds, timers, moves = 1, look } = complete(journey);
  await using meeting = await connectTo(peer, backend, setup, { useConnectionId: true, connectionIds, ...timers });
  const { socket, conversation } = meeting;
  expectLengths(socket, journey);
  look?.(socket);
  await exchange(socket, conversation);
  for (let move = 1; move <= moves; move += 1) {
    const before = socket.localPort;
    await socket.rebind();
    expect(socket.localPort).not.toBe(before);
    await exchange(socket, conversation, `move ${move}`);
  }
  await socket.shutdown();
  await conversation.sawEnd();
}

/** A client of the peer connects to our listener through a NAT, which gives it other ports; then it closes. */
export async function moveTheirClient(peer: DtlsPeer, backend: Backend, journey: Journey): Promise<void> {
  const { setup, connectionIds, timers, moves = 1, look } = complete(journey);
  const configuration = listenerConfiguration(setup.suite, { useConnectionId: true, connectionIds, ...timers });
  await using listener = await backend.createDtlsListener(configuration);
  await listener.bind('127.0.0.1', 0);
  if (timers?.handshakeTimeouts) listener.setOption('recvTimeout', timers.handshakeTimeouts.max);
  const nat = await NatRelay.to(listener.localPort);
  try {
    await using client = peer.connect(nat.port, setup);
    const socket = await listener.accept();
    expectLengths(socket, journey);
    look?.(socket);
    await exchange(socket, client);
    for (let move = 1; move <= moves; move += 1) await changePort(nat, listener, socket, client, `move ${move}`);
    expect(listener.stats).toMatchObject({ accepted: 1, failed: 0 });
    client.end();
    await expectEnd(socket);
  } finally {
    await nat.close();
  }
}

/** The client gets another port, and is heard from there before anything is sent to it. */
async function changePort(
  nat: NatRelay,
  listener: DtlsListener,
  socket: SecureSocket,
  client: Conversation,
  line: string,
): Promise<void> {
  const [{ before, now } = { before: 0, now: 0 }] = await nat.rebind();
  expect(socket.remotePort).toBe(before);
  client.say?.(line);
  expect(Buffer.from(await socket.receive()).toString()).toBe(`${line}\n`);
  expect(socket.remotePort).toBe(now);
  await exchange(socket, client, `${line}, heard`);
  expect(listener.stats.peerAddresses.heldBack).toBe(0);
}

function complete({ setup, connectionIds, ...more }: Journey): Journey {
  return {
    setup: { connectionIdLength: lengths.theirs, ...setup },
    connectionIds: { length: lengths.ours, ...connectionIds },
    ...more,
  };
}

function expectLengths({ info }: SecureSocket, journey: Journey): void {
  const { setup, connectionIds } = complete(journey);
  const agreed = { ours: info?.connectionId?.length, theirs: info?.peerConnectionId?.length };
  expect(agreed).toEqual({ ours: connectionIds?.length, theirs: setup.connectionIdLength });
}
