import type { SecureSocket, SocketState } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { utf8 } from './bytes.js';
import { type Expected, everyKey, expectOutcome } from './state-table.js';
import { serverAddress, serverPort, Testbed } from './testbed.js';

type Operation = (socket: SecureSocket, bed: Testbed, peer: Peer) => Promise<unknown>;

const operations = {
  connect: (socket: SecureSocket) => socket.connect(serverAddress, serverPort),
  decorate: (socket: SecureSocket, bed: Testbed) => socket.decorate(bed.network.createUdpSocket()),
  bind: (socket: SecureSocket) => socket.bind('0.0.0.0', 0),
  accept: (socket: SecureSocket) => socket.accept(),
  send: (socket: SecureSocket) => socket.send(utf8('x')),
  'sendTo the peer': (socket: SecureSocket, _bed: Testbed, peer: Peer) =>
    socket.sendTo(utf8('x'), peer.host, peer.port),
  'sendTo a stranger': (socket: SecureSocket) => socket.sendTo(utf8('x'), '10.7.7.7', 7),
  receive: (socket: SecureSocket) => socket.receive(),
  receiveFrom: (socket: SecureSocket) => socket.receiveFrom(),
  tryReceive: async (socket: SecureSocket) => socket.tryReceive(),
  setReceiver: async (socket: SecureSocket) => socket.setReceiver(undefined),
  shutdown: (socket: SecureSocket) => socket.shutdown(),
  close: (socket: SecureSocket) => socket.close(),
  cleanup: (socket: SecureSocket) => socket.cleanup(),
  remoteHost: async (socket: SecureSocket) => socket.remoteHost,
  remoteHostname: async (socket: SecureSocket) => socket.remoteHostname,
  remotePort: async (socket: SecureSocket) => socket.remotePort,
  localHost: async (socket: SecureSocket) => socket.localHost,
  localPort: async (socket: SecureSocket) => socket.localPort,
  'getOption state': async (socket: SecureSocket) => socket.getOption('state'),
  'setOption recvTimeout': async (socket: SecureSocket) => socket.setOption('recvTimeout', 5),
} satisfies Record<string, Operation>;

interface Peer {
  readonly host: string;
  readonly port: number;
}

interface Situation {
  readonly socket: SecureSocket;
  readonly peer: Peer;
}

interface StateRow {
  readonly state: SocketState;
  /** The state after each operation that changes it. */
  readonly after?: Partial<Record<keyof typeof operations, SocketState>>;
  enter(bed: Testbed): Promise<Situation>;
  readonly expected: Record<keyof typeof operations, Expected>;
}

const anyPeer: Peer = { host: serverAddress, port: serverPort };

async function connected(bed: Testbed): Promise<{ client: Situation; server: Situation }> {
  const { client, server } = await bed.pair();
  for (const socket of [client, server]) socket.setOption('recvTimeout', 50);
  return {
    client: { socket: client, peer: anyPeer },
    server: { socket: server, peer: { host: client.localHost, port: client.localPort } },
  };
}

/** What is the same in a socket that has never been connected. */
const unconnected = {
  send: 'ENOTCONN',
  'sendTo the peer': 'ENOTCONN',
  'sendTo a stranger': 'ENOTCONN',
  receive: 'ENOTCONN',
  receiveFrom: 'ENOTCONN',
  tryReceive: 'ok',
  setReceiver: 'ok',
  shutdown: 'ENOTCONN',
  close: 'ok',
  cleanup: 'ok',
  remoteHost: 'EBADF',
  remoteHostname: 'EBADF',
  remotePort: 'EBADF',
  'getOption state': 'ok',
  'setOption recvTimeout': 'ok',
} as const;

/** What is the same in a socket whose association is whole, on either side. */
const whole = {
  send: 'ok',
  'sendTo the peer': 'ok',
  'sendTo a stranger': 'ENOTSUP',
  receive: 'ETIMEDOUT',
  receiveFrom: 'ETIMEDOUT',
  tryReceive: 'ok',
  setReceiver: 'ok',
  shutdown: 'ok',
  close: 'ok',
  cleanup: 'ok',
  remoteHost: 'ok',
  remoteHostname: 'ok',
  remotePort: 'ok',
  localHost: 'ok',
  localPort: 'ok',
  'getOption state': 'ok',
  'setOption recvTimeout': 'ok',
} as const;

/** What is the same in a socket whose association has ended. */
const ended = {
  ...whole,
  connect: 'EBADF',
  decorate: 'EBADF',
  bind: 'EBADF',
  accept: 'ENOTSUP',
  send: 'ENOTCONN',
  'sendTo the peer': 'ENOTCONN',
  'sendTo a stranger': ['ENOTCONN', 'ENOTSUP'],
  receive: 'ENOTCONN',
  receiveFrom: 'ENOTCONN',
} as const;

/** An accepted socket cannot be opened again: its peer connects, not it. */
const accepted = { connect: ['EBADF', 'ENOTSUP'], decorate: ['EBADF', 'ENOTSUP'], bind: ['EBADF', 'ENOTSUP'] } as const;

const table: Record<string, StateRow> = {
  'a new socket': {
    state: 'closed',
    enter: async (bed) => {
      await bed.listen();
      return { socket: await bed.client(), peer: anyPeer };
    },
    after: { connect: 'connected', bind: 'bound' },
    expected: {
      ...unconnected,
      connect: 'ok',
      decorate: 'ok',
      bind: 'ok',
      accept: 'ENOTSUP',
      localHost: 'EBADF',
      localPort: 'EBADF',
    },
  },
  'a bound socket': {
    state: 'bound',
    enter: async (bed) => {
      await bed.listen();
      const socket = await bed.client();
      await bed.run(socket.bind('0.0.0.0', 0));
      return { socket, peer: anyPeer };
    },
    after: { connect: 'connected', close: 'closed' },
    expected: {
      ...unconnected,
      connect: 'ok',
      decorate: 'EBADF',
      bind: 'EBADF',
      accept: 'ENOTSUP',
      localHost: 'ok',
      localPort: 'ok',
    },
  },
  'a connected socket': {
    state: 'connected',
    enter: async (bed) => (await connected(bed)).client,
    after: { shutdown: 'shutdown', close: 'closed' },
    expected: { ...whole, connect: 'EBADF', decorate: 'EBADF', bind: 'EBADF', accept: 'ENOTSUP' },
  },
  'an accepted socket': {
    state: 'accepted',
    enter: async (bed) => (await connected(bed)).server,
    after: { shutdown: 'shutdown', close: 'closed' },
    expected: { ...whole, ...accepted, accept: 'ENOTSUP' },
  },
  'a client socket that was shut down': {
    state: 'shutdown',
    enter: async (bed) => {
      const { client } = await connected(bed);
      await bed.run(client.socket.shutdown());
      await bed.clock.advance(1);
      return client;
    },
    after: { close: 'closed' },
    expected: ended,
  },
  'an accepted socket that was shut down': {
    state: 'shutdown',
    enter: async (bed) => {
      const { server } = await connected(bed);
      await bed.run(server.socket.shutdown());
      await bed.clock.advance(1);
      return server;
    },
    after: { close: 'closed' },
    expected: { ...ended, ...accepted },
  },
  'a client socket whose peer has closed': {
    state: 'shutdown',
    enter: async (bed) => {
      const { client, server } = await connected(bed);
      await bed.run(server.socket.close());
      await bed.clock.advance(1);
      return client;
    },
    after: { close: 'closed' },
    expected: ended,
  },
  'an accepted socket whose peer has closed': {
    state: 'shutdown',
    enter: async (bed) => {
      const { client, server } = await connected(bed);
      await bed.run(client.socket.close());
      await bed.clock.advance(1);
      return server;
    },
    after: { close: 'closed' },
    expected: { ...ended, ...accepted },
  },
  'a client socket that was closed': {
    state: 'closed',
    enter: async (bed) => {
      const { client } = await connected(bed);
      await bed.run(client.socket.close());
      return client;
    },
    after: { connect: 'connected', bind: 'bound' },
    expected: {
      ...unconnected,
      connect: 'ok',
      decorate: 'ok',
      bind: 'ok',
      accept: 'ENOTSUP',
      localHost: 'EBADF',
      localPort: 'EBADF',
    },
  },
  'a socket that was cleaned up': {
    state: 'closed',
    enter: async (bed) => {
      const { client } = await connected(bed);
      await bed.run(client.socket.cleanup());
      return client;
    },
    expected: { ...everyKey(operations, 'EBADF'), cleanup: 'ok' },
  },
  'an accepted socket that was cleaned up': {
    state: 'closed',
    enter: async (bed) => {
      const { server } = await connected(bed);
      await bed.run(server.socket.cleanup());
      return server;
    },
    expected: { ...everyKey(operations, 'EBADF'), cleanup: 'ok' },
  },
};

/** Every operation of a secure socket in every state. */
export function describeStates(backends: BackendPair): void {
  describe.each(Object.entries(table))('%s', (_title, row) => {
    it(`is in state ${row.state}`, async () => {
      await using bed = new Testbed(backends);
      const { socket } = await row.enter(bed);
      expect(socket.state).toBe(row.state);
      expect(socket.type).toBe('dtls');
    });

    it.each(Object.entries(row.expected) as [keyof typeof operations, Expected][])('%s: %s', async (name, expected) => {
      await using bed = new Testbed(backends);
      const { socket, peer } = await row.enter(bed);
      const run: Operation = operations[name];
      await expectOutcome(bed.run(run(socket, bed, peer)), expected, name);
      const state = name === 'cleanup' ? 'closed' : (row.after?.[name] ?? row.state);
      expect(socket.state, `after ${name}`).toBe(state);
    });
  });
}
