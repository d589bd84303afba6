import type { Backend } from '@avs-net/core';
import { createUdpSocket } from '@avs-net/core/node';
import type { SocketImplementation } from './implementation.js';
import { secure } from './secure.js';

/** A backend's sockets on top of `node:dgram`, whatever the backend has of its own. */
export function overDgram(backend: Backend): SocketImplementation {
  return secure({
    ...backend,
    createDtlsListener: async (configuration) => {
      const listener = await backend.createDtlsListener(configuration);
      await listener.decorate(await createUdpSocket());
      return listener;
    },
    createDtlsSocket: async (configuration) => {
      const socket = await backend.createDtlsSocket(configuration);
      await socket.decorate(await createUdpSocket());
      return socket;
    },
  });
}
