import type { DtlsListener, SocketState } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { utf8 } from './bytes.js';
import { type Expected, everyKey, expectOutcome } from './state-table.js';
import { serverAddress, serverPort, Testbed } from './testbed.js';

type Operation = (listener: DtlsListener, bed: Testbed) => Promise<unknown>;

const listenerOperations = {
  connect: (listener: DtlsListener) => listener.connect(serverAddress, serverPort),
  send: (listener: DtlsListener) => listener.send(utf8('x')),
  sendTo: (listener: DtlsListener) => listener.sendTo(utf8('x'), '10.7.7.7', 7),
  receive: (listener: DtlsListener) => listener.receive(),
  receiveFrom: (listener: DtlsListener) => listener.receiveFrom(),
  tryReceive: async (listener: DtlsListener) => listener.tryReceive(),
  setReceiver: async (listener: DtlsListener) => listener.setReceiver({ onData: () => undefined }),
  shutdown: (listener: DtlsListener) => listener.shutdown(),
  bind: (listener: DtlsListener) => listener.bind(serverAddress, serverPort),
  accept: (listener: DtlsListener) => listener.accept(),
  decorate: (listener: DtlsListener, bed: Testbed) => listener.decorate(bed.network.createUdpSocket()),
  close: (listener: DtlsListener) => listener.close(),
  cleanup: (listener: DtlsListener) => listener.cleanup(),
  remoteHost: async (listener: DtlsListener) => listener.remoteHost,
  remoteHostname: async (listener: DtlsListener) => listener.remoteHostname,
  remotePort: async (listener: DtlsListener) => listener.remotePort,
  localHost: async (listener: DtlsListener) => listener.localHost,
  localPort: async (listener: DtlsListener) => listener.localPort,
  'getOption state': async (listener: DtlsListener) => listener.getOption('state'),
} satisfies Record<string, Operation>;

/** What a listener refuses in any state but after its cleanup. */
const notForListeners = {
  connect: 'ENOTSUP',
  send: 'ENOTSUP',
  sendTo: 'ENOTSUP',
  receive: 'ENOTSUP',
  receiveFrom: 'ENOTSUP',
  tryReceive: 'ENOTSUP',
  setReceiver: 'ENOTSUP',
  shutdown: 'ENOTSUP',
  remoteHost: 'EBADF',
  remoteHostname: 'EBADF',
  remotePort: 'EBADF',
  close: 'ok',
  cleanup: 'ok',
  'getOption state': 'ok',
} as const;

const listenerTable: Record<
  string,
  {
    state: SocketState;
    enter(bed: Testbed): Promise<DtlsListener>;
    expected: Record<keyof typeof listenerOperations, Expected>;
  }
> = {
  'a new listener': {
    state: 'closed',
    enter: (bed) => bed.listener(),
    expected: {
      ...notForListeners,
      bind: 'ok',
      decorate: 'ok',
      accept: 'EBADF',
      localHost: 'EBADF',
      localPort: 'EBADF',
    },
  },
  'a bound listener': {
    state: 'bound',
    enter: async (bed) => {
      const listener = await bed.listen();
      listener.setOption('recvTimeout', 50);
      return listener;
    },
    expected: {
      ...notForListeners,
      bind: 'EBADF',
      decorate: 'EBADF',
      accept: 'ETIMEDOUT',
      localHost: 'ok',
      localPort: 'ok',
    },
  },
  'a listener that was closed': {
    state: 'closed',
    enter: async (bed) => {
      const listener = await bed.listen();
      await bed.run(listener.close());
      return listener;
    },
    expected: {
      ...notForListeners,
      bind: 'ok',
      decorate: 'ok',
      accept: ['EBADF'],
      localHost: 'EBADF',
      localPort: 'EBADF',
    },
  },
  'a listener that was cleaned up': {
    state: 'closed',
    enter: async (bed) => {
      const listener = await bed.listen();
      await bed.run(listener.cleanup());
      return listener;
    },
    expected: { ...everyKey(listenerOperations, 'EBADF'), cleanup: 'ok' },
  },
};

/** Every operation of a listener in every state. */
export function describeListenerStates(backends: BackendPair): void {
  describe.each(Object.entries(listenerTable))('%s', (_title, row) => {
    it(`is in state ${row.state}`, async () => {
      await using bed = new Testbed(backends);
      const listener = await row.enter(bed);
      expect(listener.state).toBe(row.state);
      expect(listener.type).toBe('dtls');
    });

    it.each(Object.entries(row.expected) as [keyof typeof listenerOperations, Expected][])(
      '%s: %s',
      async (name, expected) => {
        await using bed = new Testbed(backends);
        const listener = await row.enter(bed);
        const run: Operation = listenerOperations[name];
        await expectOutcome(bed.run(run(listener, bed)), expected, name);
      },
    );
  });
}
