import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { identity, keyHex } from '../../src/association.js';
import { buildOnce } from '../../src/build.js';
import { outputOf } from '../../src/command.js';
import { conversation, type Manners } from '../../src/conversation.js';
import { type DtlsPeer, PeerLacks, type PeerSetup } from '../../src/peer.js';
import { ProcessPeer } from '../../src/process-peer.js';
import { gaps } from './gaps.js';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const program = path('build/peer');

/** A program of our own on the system's Mbed TLS; `peer.c` says how it speaks. */
export const mbedtls: DtlsPeer = {
  name: 'mbedtls',
  title: 'Mbed TLS',
  howToGet: 'apt-get install libmbedtls-dev gcc, or your system’s Mbed TLS with its headers and a C compiler named cc',
  gaps,
  // Without a hint no message but ServerHello is longer than this. A suite with a MAC does not fit: its Finished alone takes 109 bytes.
  fragments: { suite: 0xc0a8, mtu: 80 },
  find: () => (hasHeaders() && build() ? outputOf(program, ['version'])?.trim() : undefined),
  suites: () => new Set((outputOf(program, ['suites']) ?? '').trim().split('\n').map(Number)),
  serve: async (port, setup) => {
    // The library has no way to send an identity hint: mbedtls_ssl_conf_psk is a client's identity only.
    if (setup.hint !== undefined) throw new PeerLacks('it has no identity hints');
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
  const { suite, version, mtu, withoutCookies, maxFragmentLength } = setup;
  const { withoutExtendedMasterSecret, resumption, sessionFile } = setup;
  return [
    ...[`port=${port}`, `psk=${keyHex}`, `identity=${identity}`],
    ...(suite === undefined ? [] : [`suite=${suite}`]),
    ...(version === 'DTLS 1.0' ? ['dtls=10'] : []),
    ...(mtu === undefined ? [] : [`mtu=${mtu}`]),
    ...(withoutCookies ? ['cookies=0'] : []),
    ...(maxFragmentLength === undefined ? [] : [`max_fragment_length=${maxFragmentLength}`]),
    ...(withoutExtendedMasterSecret ? ['ems=0'] : []),
    ...(resumption === undefined ? [] : [`resumption=${resumption === 'ticket' ? 'ticket' : 'id'}`]),
    ...(sessionFile === undefined ? [] : [`session=${sessionFile}`]),
  ];
}

function hasHeaders(): boolean {
  return ['/usr/include', '/usr/local/include', '/opt/homebrew/include'].some((folder) =>
    existsSync(`${folder}/mbedtls/ssl.h`),
  );
}

function build(): boolean {
  const source = path('peer.c');
  const args = ['-O1', '-Wall', '-o', program, source, '-lmbedtls', '-lmbedx509', '-lmbedcrypto'];
  return buildOnce({
    output: program,
    sources: [source, path('../../native/peer-program.h')],
    command: 'cc',
    args,
    cwd: path('.'),
  });
}
