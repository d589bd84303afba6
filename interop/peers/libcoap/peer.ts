import { versionOf } from '../../src/command.js';
import type { Peer } from '../../src/peer.js';
import { ProcessPeer } from '../../src/process-peer.js';
import { gaps } from './gaps.js';

/** The programs take a key as text. */
export const textKey = 'sesame-0123456789';

/** The identity that the programs and we send. */
export const textIdentity = 'urn:dev:interop';

/** `coap-client` and `coap-server` of libcoap with one of its TLS libraries. */
export interface LibcoapPeer extends Peer {
  /** Starts the server; resolves when it listens on the port for coaps. */
  serve(port: number): Promise<ProcessPeer>;
  /** Starts the client, with arguments of its own before the URI. */
  request(port: number, path: string, ...args: readonly string[]): ProcessPeer;
}

/** Debian builds the programs once for each TLS library. */
export const libcoaps: readonly LibcoapPeer[] = [libcoap('openssl', 'OpenSSL'), libcoap('gnutls', 'GnuTLS')];

function libcoap(library: 'openssl' | 'gnutls', libraryTitle: string): LibcoapPeer {
  return {
    name: `libcoap-${library}`,
    title: `libcoap on ${libraryTitle}`,
    howToGet: `apt-get install libcoap3-bin, or libcoap with coap-client-${library} and coap-server-${library}`,
    gaps: gaps[library],
    find: () => versionOf(`coap-client-${library}`, [], /^coap-client-\w+ v(\S+)/m),
    serve: async (port) => {
      // -p is the port for plain CoAP; coaps is on the one after it. -e: what is put to a resource can be had from it.
      const server = new ProcessPeer(`coap-server-${library}`, [
        ...['-A', '127.0.0.1', '-p', String(port - 1)],
        ...['-k', textKey, '-e', '-v', '7'],
      ]);
      await server.printed(`created DTLS endpoint 127.0.0.1:${port}`);
      return server;
    },
    request: (port, path, ...args) =>
      new ProcessPeer(`coap-client-${library}`, [
        ...['-k', textKey, '-u', textIdentity, '-v', '7', '-B', '60'],
        ...args,
        `coaps://127.0.0.1:${port}${path}`,
      ]),
  };
}
