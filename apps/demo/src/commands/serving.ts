import type { DtlsListener } from '@avs-net/core';
import { describeAlert } from '../alert.js';
import { checkCid, loadBackend } from '../backend.js';
import { type Accepted, listenDtls } from '../dtls-transport.js';
import type { Lwm2mServer } from '../lwm2m/server.js';
import { describePeer } from '../transport.js';
import { listenUdp } from '../udp-transport.js';
import { keyLog } from './key-log.js';

/** How devices reach a server. */
export interface ServingOptions {
  readonly host: string;
  readonly port: number;
  /** Keys by identity; undefined for plain UDP, without security. */
  readonly keys: ReadonlyMap<string, Uint8Array> | undefined;
  readonly backend: string;
  readonly ciphersuites?: readonly number[] | undefined;
  readonly keyLog?: string | undefined;
  readonly cid?: boolean | undefined;
}

/** A server that listens. */
export interface Serving {
  readonly port: number;
  /** Undefined without DTLS. */
  readonly listener?: DtlsListener;
  close(): Promise<void>;
}

/** Puts an LwM2M server on a port. @throws UserError; what binding throws. */
export async function startServing(
  server: Lwm2mServer,
  options: ServingOptions,
  print: (line: string) => void,
): Promise<Serving> {
  const { host, port, keys, ciphersuites } = options;
  if (keys === undefined) {
    const socket = await listenUdp(host, port);
    const detach = server.attach(socket);
    return {
      port: socket.address().port,
      close: async () => {
        detach();
        await new Promise<void>((resolve) => socket.close(() => resolve()));
      },
    };
  }
  const backend = await loadBackend(options.backend);
  const { cid } = options;
  checkCid(backend, cid);
  const detachers = new Set<() => void>();
  const secure = { backend, host, port, keys, ciphersuites, cid, onKeyLog: keyLog(options.keyLog) };
  const dtls = await listenDtls(secure, (association) => {
    const { socket, summary } = association;
    print(`handshake complete: ${summary}`);
    tellMoves(association, print);
    socket.on('error', (error) => {
      const ending = describeAlert(error, 'this server', 'the device');
      if (ending !== undefined) print(`the association of ${JSON.stringify(association.identity)}: ${ending}`);
    });
    const detach = server.attach(socket, association);
    detachers.add(detach);
    socket.once('close', () => detachers.delete(detach));
  });
  return {
    port: dtls.port,
    listener: dtls.listener,
    close: async () => {
      for (const detach of detachers) detach();
      await dtls.close();
    },
  };
}

/** Tells when the records of an association come from another address than before. */
function tellMoves({ socket, peer, identity }: Accepted, print: (line: string) => void): void {
  let before = describePeer(peer);
  socket.on('message', (_message, { address, port }) => {
    const now = describePeer({ host: address, port });
    if (now === before) return;
    print(`${JSON.stringify(identity)} has moved from ${before} to ${now}, and its association goes on`);
    before = now;
  });
}
