import { randomBytes } from 'node:crypto';
import type { Backend, DtlsListenerConfiguration, TlsConfiguration } from '@avs-net/core';
import { expect } from 'vitest';
import { clientConfiguration, listenerConfiguration } from './association.js';
import { ClientBench } from './client-bench.js';
import { acceptFrom, connectTo, exchange } from './meeting.js';
import { type Journey, lengths, moveOurClient, moveTheirClient, noConnectionIds } from './moving.js';
import type { DtlsPeer, Role } from './peer.js';
import { leaving, reconnect } from './resumption-scenarios.js';
import { lightSuite, type Scenario } from './scenario.js';

/** The rows that need no peer with connection IDs. */
export const offeredByUs = 'we offer a connection ID, and the peer has none';
export const takenByUs = 'we take a connection ID, and the peer offers none';

const cbcSuite = 0xae;

const bothEnds = {
  useConnectionId: true,
  connectionIds: { length: lengths.ours },
} as const satisfies Partial<TlsConfiguration & DtlsListenerConfiguration>;

/** Journeys that both roles make. */
const journeys: readonly (readonly [row: string, journey: Omit<Journey, 'setup'>, more?: Journey['setup']])[] = [
  ['connection IDs, five changes of address', { moves: 5 }],
  ['connection IDs of 32 bytes', { connectionIds: { length: 32 } }, { connectionIdLength: 32 }],
  ['connection IDs, our records are padded to 64 bytes', { connectionIds: { recordPadding: 64 } }],
];

const roles = ['client', 'server'] as const;

/** Connection IDs (RFC 9146) as far as a peer has them, and without them where one side has none. */
export const connectionIdScenarios: readonly Scenario[] = [
  {
    row: offeredByUs,
    role: 'client',
    lacks: noConnectionIds,
    run: async (peer, backend) => {
      await using meeting = await connectTo(peer, backend, { suite: lightSuite }, bothEnds);
      const { socket, conversation } = meeting;
      expect(socket.info).toMatchObject({ connectionId: undefined, peerConnectionId: undefined });
      await exchange(socket, conversation);
      await expect(socket.rebind()).rejects.toMatchObject({ errno: 'ENOTSUP' });
    },
  },
  {
    row: takenByUs,
    role: 'server',
    lacks: noConnectionIds,
    run: async (peer, backend) => {
      await using meeting = await acceptFrom(peer, backend, { suite: lightSuite }, bothEnds);
      const { socket, conversation } = meeting;
      expect(socket.info).toMatchObject({ connectionId: undefined, peerConnectionId: undefined });
      await exchange(socket, conversation);
    },
  },
  {
    row: 'the peer takes a connection ID, and we offer none',
    role: 'client',
    run: async (peer, backend) => {
      await using meeting = await connectTo(peer, backend, { suite: lightSuite, connectionIdLength: lengths.theirs });
      expect(meeting.socket.info?.connectionId).toBeUndefined();
      await exchange(meeting.socket, meeting.conversation);
    },
  },
  {
    row: 'the peer offers a connection ID, and we have none',
    role: 'server',
    run: async (peer, backend) => {
      await using meeting = await acceptFrom(peer, backend, { suite: lightSuite, connectionIdLength: lengths.theirs });
      expect(meeting.socket.info?.connectionId).toBeUndefined();
      await exchange(meeting.socket, meeting.conversation);
    },
  },
  ...roles.flatMap((role) => [
    ...journeys.map(([row, journey, setup]) => moving(role, row, { ...journey, setup: { ...setup } })),
    ...emptyOnes(role),
    ...[true, false].map((encryptThenMac) => withCbc(role, encryptThenMac)),
  ]),
  {
    row: 'connection IDs, and resumption by session ID',
    role: 'client',
    lacks: noConnectionIds,
    run: resumeAndMove,
  },
  {
    row: 'connection IDs, and resumption by session ID',
    role: 'server',
    lacks: noConnectionIds,
    run: async (peer, backend, timers) => {
      const given = new Set<string>();
      await using bench = await ClientBench.of(peer, backend, {
        ...bothEnds,
        ...timers,
        resumption: leaving['session ID'],
      });
      for (const resumed of [false, true, true]) {
        await bench.meet({ resumption: 'session ID', connectionIdLength: lengths.theirs }, resumed, ({ info }) => {
          expect(info?.peerConnectionId).toHaveLength(lengths.theirs);
          given.add(Buffer.from(info?.connectionId ?? []).toString('hex'));
        });
      }
      expect(given.size).toBe(3);
    },
  },
  {
    row: 'connection IDs, and our client is started again and goes on without a handshake',
    role: 'client',
    lacks: noConnectionIds,
    run: continueWithServer,
  },
  {
    row: 'connection IDs, and our listener is started again and goes on without a handshake',
    role: 'server',
    lacks: noConnectionIds,
    run: continueWithClient,
  },
];

function moving(role: Role, row: string, journey: Journey): Scenario {
  return {
    row,
    role,
    lacks: noConnectionIds,
    run: (peer, backend, timers) => {
      const setup = { suite: lightSuite, ...journey.setup };
      const move = role === 'client' ? moveOurClient : moveTheirClient;
      return move(peer, backend, { ...journey, setup, timers });
    },
  };
}

/** A client may move when the server has given a connection ID, whatever it gave itself. */
function emptyOnes(role: Role): Scenario[] {
  const [whenOurs, whenTheirs] = role === 'client' ? [1, 0] : [0, 1];
  return [
    moving(role, 'connection IDs, ours empty', { setup: {}, connectionIds: { length: 0 }, moves: whenOurs }),
    moving(role, 'connection IDs, the peer’s empty', { setup: { connectionIdLength: 0 }, moves: whenTheirs }),
  ];
}

function withCbc(role: Role, encryptThenMac: boolean): Scenario {
  return moving(role, `connection IDs, CBC with${encryptThenMac ? '' : 'out'} encrypt-then-MAC`, {
    setup: { suite: cbcSuite, encryptThenMac },
    look: ({ info }) => expect(info?.encryptThenMac).toBe(encryptThenMac),
  });
}

async function resumeAndMove(peer: DtlsPeer, backend: Backend): Promise<void> {
  const setup = { suite: lightSuite, resumption: 'session ID', connectionIdLength: lengths.theirs } as const;
  await using meeting = await connectTo(peer, backend, setup, bothEnds);
  const { socket, conversation, port } = meeting;
  const given = new Set<string>();
  for (const [i, resumed] of [false, true, true].entries()) {
    if (i > 0) await reconnect(socket, port);
    expect(await conversation.resumed(i + 1)).toBe(resumed);
    expect(socket.getOption('sessionResumed')).toBe(resumed);
    expect(socket.info?.connectionId).toHaveLength(lengths.ours);
    given.add(Buffer.from(socket.info?.peerConnectionId ?? []).toString('hex'));
    await exchange(socket, conversation, `association ${i}`);
    await socket.rebind();
    await exchange(socket, conversation, `association ${i}, from another port`);
  }
  // RFC 9146 §3: each handshake agrees on its own.
  expect(given.size).toBe(3);
}

async function continueWithServer(peer: DtlsPeer, backend: Backend): Promise<void> {
  let stored: Uint8Array = new Uint8Array(4_096);
  const persistent = (): Partial<TlsConfiguration> => ({
    ...bothEnds,
    sessionResumptionBuffer: Uint8Array.from(stored),
    persistAssociation: {
      persist: (content) => {
        stored = content;
      },
    },
  });
  const setup = { suite: lightSuite, connectionIdLength: lengths.theirs };
  await using meeting = await connectTo(peer, backend, setup, persistent());
  const { socket, conversation, port } = meeting;
  await exchange(socket, conversation);
  await socket.suspend();
  await using again = await backend.createDtlsSocket(clientConfiguration(lightSuite, persistent()));
  await again.connect('127.0.0.1', port);
  expect(again.getOption('connectionIdResumed')).toBe(true);
  await exchange(again, conversation, 'started again');
}

async function continueWithClient(peer: DtlsPeer, backend: Backend): Promise<void> {
  const setup = { suite: lightSuite, connectionIdLength: lengths.theirs };
  await using meeting = await acceptFrom(peer, backend, setup, bothEnds);
  const { socket, listener, conversation } = meeting;
  await exchange(socket, conversation);
  const { localPort } = listener;
  const key = randomBytes(32);
  const state = await listener.suspend(key);
  await using successor = await backend.createDtlsListener(listenerConfiguration(lightSuite, bothEnds));
  await successor.bind('127.0.0.1', localPort);
  expect(await successor.resume(state, key)).toBe(1);
  const continued = await successor.accept();
  await exchange(continued, conversation, 'started again');
  expect(successor.stats.accepted).toBe(0);
}

/** The rows that a peer without connection IDs lacks. */
export const connectionIdRows: readonly string[] = [...new Set(connectionIdScenarios.map(({ row }) => row))].filter(
  (row) => row !== offeredByUs && row !== takenByUs,
);
