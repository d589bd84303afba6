import { createSocket, type Socket } from 'node:dgram';
import type { SocketImplementation } from './implementation.js';

/** `node:dgram` without protection: what nothing on Node can be faster than. */
export const raw: SocketImplementation = {
  serve: async (onMessage) => {
    const socket = create();
    socket.on('message', (data, { port, address }) => onMessage(data, (reply) => socket.send(reply, port, address)));
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return socket.address().port;
  },
  connect: async (port) => {
    const socket = create();
    await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve));
    const connection = {
      send: (data: Uint8Array, done: (error?: unknown) => void) => socket.send(data, done),
      onMessage: (_data: Uint8Array): void => undefined,
      close: () => new Promise<void>((resolve) => socket.close(resolve)),
    };
    socket.on('message', (data) => connection.onMessage(data));
    return connection;
  },
};

/** Without a look-up of what is an address already. */
function create(): Socket {
  const answer = (host: string, _options: unknown, callback: (error: null, address: string, family: number) => void) =>
    callback(null, host, 4);
  return createSocket({ type: 'udp4', lookup: answer as never });
}
