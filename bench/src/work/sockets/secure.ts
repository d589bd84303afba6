import { type Backend, ciphersuiteByName } from '@avs-net/core';
import { clientSecurity, serverSecurity, socketSuite } from '../psk.js';
import { Unable } from '../unable.js';
import type { SocketImplementation } from './implementation.js';

const ciphersuites = [ciphersuiteByName(socketSuite) ?? 0];

/** A backend's sockets, configured with no more than the credentials, the suite, and limits that one host with many clients needs. */
export function secure(backend: Backend): SocketImplementation {
  const check = (): void => {
    if (!backend.capabilities.server) throw new Unable('the backend is not there');
  };
  return {
    serve: async (onMessage) => {
      check();
      const limits = { total: 100_000, perSource: 100_000, halfOpen: 10_000, backlog: 10_000 };
      const listener = await backend.createDtlsListener({ security: serverSecurity, ciphersuites, limits });
      await listener.bind('127.0.0.1', 0);
      void (async () => {
        for await (const socket of listener) {
          const reply = (data: Uint8Array): void => {
            socket.send(data).catch(fail);
          };
          const onEnd = (): void => {
            socket.cleanup().catch(fail);
          };
          socket.setReceiver({ onData: (data) => onMessage(data, reply), onEnd, onError: onEnd });
        }
      })().catch(fail);
      return listener.localPort;
    },
    connect: async (port) => {
      check();
      const socket = await backend.createDtlsSocket({ security: clientSecurity, ciphersuites });
      await socket.connect('127.0.0.1', port);
      const connection = {
        send: (data: Uint8Array, done: (error?: unknown) => void): void => {
          socket.send(data).then(done as () => void, done);
        },
        onMessage: (_data: Uint8Array): void => undefined,
        close: () => socket.cleanup(),
      };
      socket.setReceiver({ onData: (data) => connection.onMessage(data) });
      return connection;
    },
  };
}

function fail(error: unknown): never {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
}
