import { dtls } from 'node-dtls-client';
import { identity, key, socketSuite } from '../psk.js';
import { Unable } from '../unable.js';
import type { SocketImplementation } from './implementation.js';

// It takes keys and identities as strings, a byte a character.
const psk = { [Buffer.from(identity).toString('latin1')]: Buffer.from(key).toString('latin1') };

/** The package node-dtls-client, which has no server. */
export const dtlsClient: SocketImplementation = {
  serve: async () => {
    throw new Unable('node-dtls-client has no server');
  },
  connect: (port) =>
    new Promise((resolve, reject) => {
      const ciphers = [socketSuite as 'TLS_PSK_WITH_AES_128_CCM_8'];
      const socket = dtls.createSocket({ type: 'udp4', address: '127.0.0.1', port, psk, ciphers, timeout: 10_000 });
      socket.once('error', reject);
      socket.once('connected', () => {
        const connection = {
          send: (data: Uint8Array, done: (error?: unknown) => void): void => socket.send(data as Buffer, done),
          onMessage: (_data: Uint8Array): void => undefined,
          close: () => new Promise<void>((closed) => socket.close(closed)),
        };
        socket.on('message', (data) => connection.onMessage(data));
        resolve(connection);
      });
    }),
};
