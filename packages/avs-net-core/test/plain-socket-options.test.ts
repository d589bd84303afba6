import { describe, expect, it } from 'vitest';
import {
  type AvsErrnoName,
  AvsError,
  createTransportSocket,
  type ReadableOption,
  type Socket,
  type WritableOption,
} from '../src/index.js';
import { createTcpSocket, createUdpSocket } from '../src/node/index.js';
import { MemoryNetwork, VirtualClock } from '../src/testing/index.js';

type Option = ReadableOption | WritableOption;

/** What reading and setting comes to: a value, or the name of an error. */
type Row = Readonly<
  Record<Option, readonly [get: { readonly value: unknown } | AvsErrnoName, set: 'ok' | AvsErrnoName]>
>;

/** What each option takes. What can only be read takes nothing, whatever it is. */
const settable: Readonly<Record<Option, unknown>> = {
  recvTimeout: Infinity,
  preferredAddressFamily: 6,
  forcedAddressFamily: 4,
  handshakeTimeouts: { min: 10, max: 20 },
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

const states = ['closed', 'bound', 'connected', 'accepted', 'shutdown', 'closed again', 'cleaned up'] as const;
type State = (typeof states)[number];

/** A kind of plain socket, on a path of one MTU. */
interface Kind {
  create(): Promise<Socket>;
  readonly host: string;
  /** What each end reports when there is a path. */
  readonly mtu: number;
  readonly innerMtu: number | undefined;
  readonly hasFamilies: boolean;
}

const clock = new VirtualClock();
const network = new MemoryNetwork({ clock });
const wire = new Map<number, (data: Uint8Array, from: { host: string; port: number }) => void>();

const kinds: Readonly<Record<string, Kind>> = {
  UDP: { create: createUdpSocket, host: '127.0.0.1', mtu: 65_536, innerMtu: 65_507, hasFamilies: true },
  TCP: { create: createTcpSocket, host: '127.0.0.1', mtu: 65_536, innerMtu: undefined, hasFamilies: true },
  'in-memory': {
    create: async () => network.createUdpSocket(undefined, { address: '10.0.0.1' }),
    host: '10.0.0.1',
    mtu: 1_500,
    innerMtu: 1_472,
    hasFamilies: true,
  },
  'own transport': {
    create: async () => {
      let at = 0;
      return createTransportSocket({
        maxDatagramSize: 140,
        open: (local, arrive) => {
          at = local?.port || wire.size + 1;
          wire.set(at, arrive);
          return { host: 'wire', port: at };
        },
        send: (data, to) => wire.get(to.port)?.(data, { host: 'wire', port: at }),
        close: () => undefined,
      });
    },
    host: 'wire',
    mtu: 140,
    innerMtu: 140,
    hasFamilies: false,
  },
};

const value = (of: unknown) => ({ value: of });

function rowFor({ mtu, innerMtu, hasFamilies }: Kind, state: State): Row {
  if (state === 'cleaned up') return Object.fromEntries(keys.map((key) => [key, ['EBADF', 'EBADF']])) as unknown as Row;
  const isOpen = state !== 'closed' && state !== 'closed again';
  // Both have sent 3 bytes, which nobody has read.
  const used = state !== 'closed' && state !== 'bound';
  const onPath = (of: number | undefined) => (of === undefined ? 'ENOTSUP' : isOpen ? value(of) : 'EBADF');
  const family = hasFamilies ? ([value(0), 'ok'] as const) : (['ENOTSUP', 'ENOTSUP'] as const);
  return {
    recvTimeout: [value(30_000), 'ok'],
    preferredAddressFamily: family,
    forcedAddressFamily: family,
    state: [value(state === 'closed again' ? 'closed' : state), 'ENOTSUP'],
    addressFamily: [hasFamilies || !isOpen ? onPath(4) : 'ENOTSUP', 'ENOTSUP'],
    mtu: [onPath(mtu), 'ENOTSUP'],
    innerMtu: [onPath(innerMtu), 'ENOTSUP'],
    bytesSent: [value(used ? 3 : 0), 'ENOTSUP'],
    bytesReceived: [value(used ? 3 : 0), 'ENOTSUP'],
    hasBufferedData: [value(used && isOpen), 'ENOTSUP'],
    handshakeTimeouts: ['ENOTSUP', 'ENOTSUP'],
    sessionResumed: ['ENOTSUP', 'ENOTSUP'],
    connectionIdResumed: ['ENOTSUP', 'ENOTSUP'],
    daneTlsaRecords: ['ENOTSUP', 'ENOTSUP'],
  };
}

/** A socket of a kind in a state; what is made goes to `owned`. */
async function enter(kind: Kind, state: State, owned: Socket[]): Promise<Socket> {
  const own = (socket: Socket): Socket => {
    owned.push(socket);
    return socket;
  };
  const first = own(await kind.create());
  if (state === 'closed') return first;
  await first.bind(kind.host, 0);
  if (state === 'bound') return first;
  const client = own(await kind.create());
  await client.connect(kind.host, first.localPort);
  const server = client.type === 'tcp' ? own(await first.accept()) : first;
  if (client.type !== 'tcp') await server.connect(kind.host, client.localPort);
  await Promise.all([client.send(Uint8Array.of(1, 2, 3)), server.send(Uint8Array.of(4, 5, 6))]);
  for (const socket of [client, server]) await untilReceived(socket);
  if (state === 'accepted') return server;
  if (state === 'shutdown') await client.shutdown();
  if (state === 'closed again') await client.close();
  if (state === 'cleaned up') await client.cleanup();
  return client;
}

/** Lets what is on its way arrive; the clock is the platform's where the sockets are. */
async function untilReceived(socket: Socket): Promise<void> {
  while (!socket.getOption('hasBufferedData')) {
    await clock.advance(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function expectErrno(run: () => unknown, errno: AvsErrnoName, hint: string): void {
  let error: unknown;
  try {
    run();
  } catch (thrown) {
    error = thrown;
  }
  expect(error, `${hint} throws ${errno}`).toBeInstanceOf(AvsError);
  expect((error as AvsError).errno, hint).toBe(errno);
}

const cases = Object.entries(kinds).flatMap(([name, kind]) =>
  states
    .filter((state) => state !== 'accepted' || name === 'TCP')
    .map((state) => [`a ${name} socket that is ${state}`, kind, state] as const),
);

describe('every option of a plain socket', () => {
  it.each(cases)('of %s', async (_title, kind, state) => {
    const owned: Socket[] = [];
    try {
      const socket = await enter(kind, state, owned);
      const row = rowFor(kind, state);
      const get = (key: Option): unknown => socket.getOption(key as ReadableOption);
      for (const key of keys) {
        const [expected] = row[key];
        if (typeof expected === 'string') expectErrno(() => get(key), expected, `get ${key}`);
        else expect(get(key), `get ${key}`).toEqual(expected.value);
      }
      for (const key of keys) {
        const [, expected] = row[key];
        const set = (): void => socket.setOption(key as WritableOption, settable[key] as never);
        if (expected !== 'ok') expectErrno(set, expected, `set ${key}`);
        else {
          set();
          expect(get(key), `set ${key}`).toEqual(settable[key]);
        }
      }
    } finally {
      for (const socket of owned) await socket.cleanup();
    }
  });

  it.each(Object.entries(kinds))('a %s socket refuses wrong values, and keeps what it had', async (_name, kind) => {
    const socket = await kind.create();
    for (const wrong of [-1, Number.NaN]) expectErrno(() => socket.setOption('recvTimeout', wrong), 'EINVAL', 'time');
    for (const wrong of ['5', undefined, null]) {
      expect(() => socket.setOption('recvTimeout', wrong as never)).toThrow(TypeError);
    }
    expect(socket.getOption('recvTimeout')).toBe(30_000);
    for (const key of ['preferredAddressFamily', 'forcedAddressFamily'] as const) {
      if (!kind.hasFamilies) continue;
      for (const wrong of [5, -4, 46]) expectErrno(() => socket.setOption(key, wrong as never), 'EINVAL', key);
      expect(() => socket.setOption(key, '4' as never)).toThrow(TypeError);
      expect(socket.getOption(key)).toBe(0);
    }
    for (const key of ['colour', '', 'toString', '__proto__', 'constructor', undefined, 5]) {
      expectErrno(() => socket.getOption(key as never), 'ENOTSUP', `get ${String(key)}`);
      expectErrno(() => socket.setOption(key as never, 1 as never), 'ENOTSUP', `set ${String(key)}`);
    }
    await socket.cleanup();
  });
});
