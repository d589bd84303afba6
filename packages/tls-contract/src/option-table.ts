import {
  type AvsErrnoName,
  defaultHandshakeTimeouts,
  type ReadableOption,
  type SocketOperations,
  type WritableOption,
} from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting } from './bytes.js';
import { knownCiphersuite, lightCiphersuite } from './ciphersuites.js';
import { expectThrown } from './outcomes.js';
import { type ConnectedPair, serverAddress, serverPort, Testbed } from './testbed.js';

type Option = ReadableOption | WritableOption;

/** A value that comes back, or an error. */
type Read = { readonly value: unknown } | { readonly below: number } | AvsErrnoName;

/** What reading and setting comes to, for every option. */
type Row = Readonly<Record<Option, readonly [get: Read, set: 'ok' | AvsErrnoName]>>;

/** What each option takes. What can only be read takes nothing, whatever it is. */
const settable: Readonly<Record<Option, unknown>> = {
  recvTimeout: 1_234,
  handshakeTimeouts: { min: 10, max: 20 },
  preferredAddressFamily: 6,
  forcedAddressFamily: 4,
  daneTlsaRecords: [],
  state: 'connected',
  addressFamily: 4,
  mtu: 1_000,
  innerMtu: 1_000,
  sessionResumed: true,
  bytesSent: 0,
  bytesReceived: 0,
  hasBufferedData: true,
  connectionIdResumed: true,
};

const keys = Object.keys(settable) as readonly Option[];

const value = (of: unknown): Read => ({ value: of });

/** What is the same for client and accepted sockets, in every state but after cleanup. */
const secure = {
  recvTimeout: [value(30_000), 'ok'],
  handshakeTimeouts: [value(defaultHandshakeTimeouts), 'ok'],
  sessionResumed: [value(false), 'ENOTSUP'],
  connectionIdResumed: [value(false), 'ENOTSUP'],
  daneTlsaRecords: ['ENOTSUP', 'ENOTSUP'],
} as const;

/** A socket of the client side can be told which addresses to look for. */
const client = {
  ...secure,
  preferredAddressFamily: [value(0), 'ok'],
  forcedAddressFamily: [value(0), 'ok'],
} as const;

/** An accepted one looks for none. */
const accepted = {
  ...secure,
  preferredAddressFamily: ['ENOTSUP', 'ENOTSUP'],
  forcedAddressFamily: ['ENOTSUP', 'ENOTSUP'],
} as const;

const listener = {
  ...client,
  sessionResumed: ['ENOTSUP', 'ENOTSUP'],
  connectionIdResumed: ['ENOTSUP', 'ENOTSUP'],
  bytesSent: ['ENOTSUP', 'ENOTSUP'],
  bytesReceived: ['ENOTSUP', 'ENOTSUP'],
} as const;

const noPath = {
  addressFamily: ['EBADF', 'ENOTSUP'],
  mtu: ['EBADF', 'ENOTSUP'],
  innerMtu: ['EBADF', 'ENOTSUP'],
} as const;

/** Over IPv4 with Ethernet's MTU; `innerMtu` is exact while there is a session, and the worst case of the suites otherwise. */
const path = (innerMtu: Read) =>
  ({ addressFamily: [value(4), 'ENOTSUP'], mtu: [value(1_500), 'ENOTSUP'], innerMtu: [innerMtu, 'ENOTSUP'] }) as const;

const traffic = (sent: number, received: number, buffered: boolean) =>
  ({
    bytesSent: [value(sent), 'ENOTSUP'],
    bytesReceived: [value(received), 'ENOTSUP'],
    hasBufferedData: [value(buffered), 'ENOTSUP'],
  }) as const;

const state = (of: string) => ({ state: [value(of), 'ENOTSUP'] }) as const;

const gone = Object.fromEntries(keys.map((key) => [key, ['EBADF', 'EBADF']])) as unknown as Row;

/** A pair of which the client has sent 3 bytes and the server 5, and nobody has read any. */
async function busyPair(bed: Testbed): Promise<ConnectedPair> {
  const pair = await bed.pair();
  await bed.run(pair.client.send(counting(3)));
  await bed.run(pair.server.send(counting(5)));
  await bed.clock.advance(10);
  return pair;
}

/** How a socket gets into a state. */
type Enter = (bed: Testbed) => Promise<SocketOperations>;

const withBusyPair =
  (change: (pair: ConnectedPair) => Promise<void>, choose: (pair: ConnectedPair) => SocketOperations): Enter =>
  async (bed) => {
    const pair = await busyPair(bed);
    await bed.run(change(pair));
    await bed.clock.advance(10);
    return choose(pair);
  };

const ofClient = (change: (pair: ConnectedPair) => Promise<void>): Enter => withBusyPair(change, (pair) => pair.client);
const ofServer = (change: (pair: ConnectedPair) => Promise<void>): Enter => withBusyPair(change, (pair) => pair.server);
const nothing = async (): Promise<void> => undefined;

/** The largest plaintext of a UDP datagram of 1,500 bytes, IPv4, under the suite of the tests. */
function exactOf(backends: BackendPair): Read {
  const overhead = knownCiphersuite(lightCiphersuite(backends))?.overhead;
  return overhead === undefined ? { below: 1_472 } : value(1_472 - overhead);
}

function tableFor(backends: BackendPair): Readonly<Record<string, readonly [Enter, Row]>> {
  const open = path(exactOf(backends));
  const worst = path({ below: 1_472 });
  return {
    'a new client': [(bed) => bed.client(), { ...client, ...noPath, ...traffic(0, 0, false), ...state('closed') }],
    'a bound client': [
      async (bed) => {
        const socket = await bed.client();
        await bed.run(socket.bind('0.0.0.0', 0));
        return socket;
      },
      { ...client, ...worst, ...traffic(0, 0, false), ...state('bound') },
    ],
    'a connected client': [ofClient(nothing), { ...client, ...open, ...traffic(3, 5, true), ...state('connected') }],
    'a client that has shut down': [
      ofClient((pair) => pair.client.shutdown()),
      { ...client, ...worst, ...traffic(3, 5, true), ...state('shutdown') },
    ],
    'a client whose peer has closed': [
      ofClient((pair) => pair.server.close()),
      { ...client, ...worst, ...traffic(3, 5, true), ...state('shutdown') },
    ],
    'a closed client': [
      ofClient((pair) => pair.client.close()),
      { ...client, ...noPath, ...traffic(3, 5, false), ...state('closed') },
    ],
    'a client after a failed connect': [
      async (bed) => {
        const socket = await bed.client({ handshakeTimeouts: defaultHandshakeTimeouts });
        await bed.run(socket.connect(serverAddress, serverPort).catch(() => undefined));
        return socket;
      },
      { ...client, ...noPath, ...traffic(0, 0, false), ...state('closed') },
    ],
    'a client after cleanup': [ofClient((pair) => pair.client.cleanup()), gone],
    'an accepted socket': [ofServer(nothing), { ...accepted, ...open, ...traffic(5, 3, true), ...state('accepted') }],
    'an accepted socket that has shut down': [
      ofServer((pair) => pair.server.shutdown()),
      { ...accepted, ...worst, ...traffic(5, 3, true), ...state('shutdown') },
    ],
    'an accepted socket whose peer has closed': [
      ofServer((pair) => pair.client.close()),
      { ...accepted, ...worst, ...traffic(5, 3, true), ...state('shutdown') },
    ],
    'an accepted socket after close': [
      ofServer((pair) => pair.server.close()),
      { ...accepted, ...noPath, ...traffic(5, 3, false), ...state('closed') },
    ],
    'an accepted socket after cleanup': [ofServer((pair) => pair.server.cleanup()), gone],
    'a new listener': [
      async (bed) => {
        const socket = await bed.listener();
        socket.setOption('recvTimeout', 30_000);
        return socket;
      },
      { ...listener, ...noPath, hasBufferedData: [value(false), 'ENOTSUP'], ...state('closed') },
    ],
    'a bound listener that somebody waits for': [
      async (bed) => {
        const socket = await bed.listen();
        socket.setOption('recvTimeout', 30_000);
        await bed.run((await bed.client()).connect(serverAddress, serverPort));
        await bed.clock.advance(10);
        return socket;
      },
      { ...listener, ...worst, hasBufferedData: [value(true), 'ENOTSUP'], ...state('bound') },
    ],
    'a closed listener': [
      withBusyPair(
        async (pair) => {
          pair.listener.setOption('recvTimeout', 30_000);
          await pair.listener.close();
        },
        (pair) => pair.listener,
      ),
      { ...listener, ...noPath, hasBufferedData: [value(false), 'ENOTSUP'], ...state('closed') },
    ],
    'a listener after cleanup': [
      withBusyPair(
        (pair) => pair.listener.cleanup(),
        (pair) => pair.listener,
      ),
      gone,
    ],
  };
}

function expectRead(socket: SocketOperations, key: Option, expected: Read): void {
  const read = (): unknown => socket.getOption(key as ReadableOption);
  if (typeof expected === 'string') expectThrown(read, expected, `get ${key}`);
  else if ('value' in expected) expect(read(), `get ${key}`).toEqual(expected.value);
  else {
    expect(read(), `get ${key}`).toBeGreaterThan(0);
    expect(read(), `get ${key}`).toBeLessThan(expected.below);
  }
}

/** Every option of every socket in every state, read and set. */
export function describeOptionTable(backends: BackendPair): void {
  describe('every option', () => {
    it.each(Object.entries(tableFor(backends)))('of %s', async (_name, [enter, row]) => {
      await using bed = new Testbed(backends);
      const socket = await enter(bed);
      for (const key of keys) expectRead(socket, key, row[key][0]);
      for (const key of keys) {
        const set = (): void => socket.setOption(key as WritableOption, settable[key] as never);
        const [, expected] = row[key];
        if (expected !== 'ok') expectThrown(set, expected, `set ${key}`);
        else {
          set();
          expectRead(socket, key, value(settable[key]));
        }
      }
    });
  });
}
