import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ciphersuiteName } from '@avs-net/core';
import { ciphersuites } from '@avs-net/tls-pure';
import { identity, keyHex } from '../../src/association.js';
import { buildOnce } from '../../src/build.js';
import { outputOf } from '../../src/command.js';
import { conversation, type Manners } from '../../src/conversation.js';
import { type DtlsPeer, PeerLacks, type PeerSetup } from '../../src/peer.js';
import { ProcessPeer } from '../../src/process-peer.js';
import { gaps } from './gaps.js';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const program = path('build/peer');

/** A program of our own on the system's GnuTLS; `peer.c` says how it speaks. */
export const gnutls: DtlsPeer = {
  name: 'gnutls',
  title: 'GnuTLS',
  howToGet: 'apt-get install libgnutls28-dev gcc, or your system’s GnuTLS with its headers and a C compiler named cc',
  gaps,
  find: () => (hasHeaders() && build() ? outputOf(program, ['version'])?.trim() : undefined),
  suites: () => {
    const theirs = new Set((outputOf(program, ['suites']) ?? '').trim().split('\n').map(Number));
    return new Set(ciphersuites.map(({ id }) => id).filter((id) => theirs.has(id)));
  },
  serve: async (port, setup) => {
    const server = new ProcessPeer(program, ['server', ...options(port, setup)]);
    await server.printed('listening');
    return conversation(server, manners);
  },
  connect: (port, setup) => conversation(new ProcessPeer(program, ['client', ...options(port, setup)]), manners),
};

const manners: Manners = {
  closesOn: 'end',
  connected: /^connected .*, (?:full|(?<resumed>resumed))$/gm,
  closed: 'closed by the other side',
  failed: /^failed: .*?(?:, alert (?<alert>\d+))?$/m,
};

function options(port: number, setup: PeerSetup): string[] {
  const { hint, mtu, withoutCookies, maxFragmentLength, resumption, sessionFile, connectionIdLength } = setup;
  if (connectionIdLength !== undefined) throw new PeerLacks('it has no connection IDs');
  return [
    ...[`port=${port}`, `psk=${keyHex}`, `identity=${identity}`, `priority=${priority(setup)}`],
    ...(hint === undefined ? [] : [`hint=${hint}`]),
    ...(mtu === undefined ? [] : [`mtu=${mtu}`]),
    ...(withoutCookies ? ['cookies=0'] : []),
    ...(maxFragmentLength === undefined ? [] : [`max_fragment_length=${maxFragmentLength}`]),
    ...(resumption === undefined ? [] : [`resumption=${resumption === 'ticket' ? 'ticket' : 'id'}`]),
    ...(sessionFile === undefined ? [] : [`session=${sessionFile}`]),
  ];
}

/** GnuTLS chooses suites by their parts. */
function priority({ suite, version = 'DTLS 1.2', withoutExtendedMasterSecret }: PeerSetup): string {
  const rest = `-VERS-ALL:+VERS-${version.replace(' ', '')}${withoutExtendedMasterSecret ? ':%NO_SESSION_HASH' : ''}`;
  if (suite === undefined) return `NORMAL:-KX-ALL:+PSK:+ECDHE-PSK:${rest}`;
  const parts = /^TLS_(ECDHE_)?PSK_WITH_(.*?)(?:_SHA\d+)?$/.exec(ciphersuiteName(suite));
  const keyExchange = parts?.[1] === undefined ? 'PSK' : 'ECDHE-PSK';
  const cipher = (parts?.[2] ?? '').replaceAll('_', '-');
  return `NORMAL:-KX-ALL:+${keyExchange}:-CIPHER-ALL:+${cipher}:-MAC-ALL:+AEAD:+SHA256:${rest}`;
}

function hasHeaders(): boolean {
  return ['/usr/include', '/usr/local/include', '/opt/homebrew/include'].some((folder) =>
    existsSync(`${folder}/gnutls/gnutls.h`),
  );
}

function build(): boolean {
  const sources = [path('peer.c'), path('../../native/peer-program.h')];
  const args = ['-O1', '-Wall', '-o', program, path('peer.c'), '-lgnutls'];
  return buildOnce({ output: program, sources, command: 'cc', args, cwd: path('.') });
}
