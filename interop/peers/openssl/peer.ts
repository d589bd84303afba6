import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ciphersuiteByName } from '@avs-net/core';
import { identity, keyHex } from '../../src/association.js';
import { outputOf, versionOf } from '../../src/command.js';
import { conversation } from '../../src/conversation.js';
import { type DtlsPeer, PeerLacks, type PeerSetup } from '../../src/peer.js';
import { ProcessPeer } from '../../src/process-peer.js';
import { gaps } from './gaps.js';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

// CCM_8 is at security level 0 from OpenSSL 3.2 on; before that @SECLEVEL=0 changes nothing for it.
const level = '@SECLEVEL=0';

/** `openssl s_client` and `s_server`, version 3. */
export const openssl: DtlsPeer = opensslPeer([]);

/** The same; a client makes five more handshakes after its first, which resume that. */
export const reconnectingOpenssl: DtlsPeer = opensslPeer(['-reconnect']);

/** The same, exporting keys (RFC 5705): `exported` is what it has printed of them, in hexadecimal. */
export function exportingOpenssl(label: string, length: number): { peer: DtlsPeer; exported(): string } {
  let started: ProcessPeer | undefined;
  const peer = opensslPeer(['-keymatexport', label, '-keymatexportlen', String(length)], (process) => {
    started = process;
  });
  return { peer, exported: () => /Keying material: ([\dA-F]+)/.exec(started?.output ?? '')?.[1] ?? '' };
}

/** With options that both of its programs take. */
function opensslPeer(options: readonly string[], onStart?: (process: ProcessPeer) => void): DtlsPeer {
  const start = (args: readonly string[], { withoutExtendedMasterSecret }: PeerSetup): ProcessPeer => {
    // Its programs have no option against the extension, but its configuration has.
    const env = withoutExtendedMasterSecret ? { OPENSSL_CONF: path('without-extended-master-secret.cnf') } : undefined;
    const process = new ProcessPeer('openssl', [...args, ...options], { env });
    onStart?.(process);
    return process;
  };
  return {
    name: 'openssl',
    title: 'OpenSSL',
    howToGet: 'apt-get install openssl, or your system’s package of OpenSSL 3',
    gaps,
    find: () => versionOf('openssl', ['version'], /OpenSSL (3\.[\d.]+)/),
    suites: () => new Set(namesByNumber().keys()),
    serve: async (port, setup) => {
      const server = start(serverArguments(port, setup), setup);
      await server.printed('ACCEPT');
      // Its Q and q close the UDP socket before the association, so that no close_notify goes out.
      return conversation(server, {
        connected: /^CIPHER is .*\n(?:(?<resumed>Reused session-id)\n)?Secure Renegotiation/gm,
        closed: 'DONE',
        failed,
      });
    },
    connect: (port, setup) => {
      const args = [...common(setup), ...sessionOptions(setup), '-connect', `127.0.0.1:${port}`];
      const client = start(['s_client', ...args], setup);
      return conversation(client, {
        closesOn: 'Q\n',
        connected: /^(?:New|(?<resumed>Reused)), TLSv1\.2, Cipher is/gm,
        closed: /^closed$/m,
        failed,
      });
    },
  };
}

function serverArguments(port: number, setup: PeerSetup): string[] {
  const { hint, mtu, withoutCookies = false, resumption } = setup;
  if (withoutCookies) throw new PeerLacks('s_server always asks for a cookie');
  return [
    's_server',
    ...common(setup),
    '-nocert',
    '-4',
    ...['-accept', `127.0.0.1:${port}`],
    ...(hint === undefined ? [] : ['-psk_hint', hint]),
    ...(resumption === 'ticket' ? ['-no_cache'] : []),
    // -listen answers the first ClientHello without keeping state, but then serves one client only, and does not know the option
    // -mtu; the other way is tried with them.
    ...(mtu === undefined && resumption === undefined ? ['-listen'] : []),
  ];
}

function sessionOptions({ sessionFile }: PeerSetup): string[] {
  if (sessionFile === undefined) return [];
  return ['-sess_out', sessionFile, ...(existsSync(sessionFile) ? ['-sess_in', sessionFile] : [])];
}

function common(setup: PeerSetup): string[] {
  const { suite, version, mtu, maxFragmentLength, resumption, connectionIdLength } = setup;
  if (connectionIdLength !== undefined) throw new PeerLacks('it has no connection IDs');
  const cipher = suite === undefined ? 'PSK' : (namesByNumber().get(suite) ?? 'none');
  return [
    version === 'DTLS 1.0' ? '-dtls1' : '-dtls1_2',
    ...['-psk', keyHex, '-psk_identity', identity],
    ...['-cipher', `${cipher}:${level}`],
    ...(mtu === undefined ? [] : ['-mtu', String(mtu)]),
    ...(maxFragmentLength === undefined ? [] : ['-maxfraglen', String(maxFragmentLength)]),
    ...(resumption === 'session ID' ? ['-no_ticket'] : []),
  ];
}

const failed = /^(?:ERROR|.*error:.*?(?:SSL alert number (?<alert>\d+))?)$/m;

let names: ReadonlyMap<number, string> | undefined;

/** OpenSSL's own names of the suites that it has. */
function namesByNumber(): ReadonlyMap<number, string> {
  if (names !== undefined) return names;
  const listed = outputOf('openssl', ['ciphers', '-stdname', '-psk', `ALL:${level}`]) ?? '';
  names = new Map(
    listed.split('\n').flatMap((line) => {
      const [standard = '', , own] = line.trim().split(/\s+/);
      const id = ciphersuiteByName(standard);
      return id === undefined || own === undefined ? [] : [[id, own] as const];
    }),
  );
  return names;
}
