import { loadBackend } from '../backend.js';
import { listenDtls } from '../dtls-transport.js';
import type { Lwm2mServer } from '../lwm2m/server.js';
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
}

/** A server that listens. */
export interface Serving {
  readonly port: number;
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
  const detachers = new Set<() => void>();
  const secure = { backend, host, port, keys, ciphersuites, onKeyLog: keyLog(options.keyLog) };
  const dtls = await listenDtls(secure, ({ socket, identity, isResumed, summary }) => {
    print(summary);
    const detach = server.attach(socket, { identity, isResumed });
    detachers.add(detach);
    socket.once('close', () => detachers.delete(detach));
  });
  return {
    port: dtls.port,
    close: async () => {
      for (const detach of detachers) detach();
      await dtls.close();
    },
  };
}
