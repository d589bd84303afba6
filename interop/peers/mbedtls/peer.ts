import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { identity, keyHex } from '../../src/association.js';
import { buildOnce } from '../../src/build.js';
import { outputOf } from '../../src/command.js';
import { conversation, type Manners } from '../../src/conversation.js';
import { type DtlsPeer, type Gap, PeerLacks, type PeerSetup, type Role } from '../../src/peer.js';
import { ProcessPeer } from '../../src/process-peer.js';
import { gaps, gaps3 } from './gaps.js';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Where `interop/install-peers.sh` puts what Debian 12 has no package of. */
const version3 = '/opt/mbedtls-3';

/** A program of our own on the system's Mbed TLS; `peer.c` says how it speaks. */
export const mbedtls: DtlsPeer = peerOn({
  name: 'mbedtls',
  title: 'Mbed TLS',
  howToGet: 'apt-get install libmbedtls-dev gcc, or your system’s Mbed TLS with its headers and a C compiler named cc',
  gaps,
  program: path('build/peer'),
  includes: ['/usr/include', '/usr/local/include', '/opt/homebrew/include'],
  flags: [],
});

/** The same on Mbed TLS 3. */
export const mbedtls3: DtlsPeer = peerOn({
  name: 'mbedtls-3',
  title: 'Mbed TLS 3',
  howToGet: `interop/install-peers.sh on Debian, or Mbed TLS 3 in ${version3} with its headers and static libraries, and a C compiler named cc`,
  gaps: gaps3,
  program: path('build/peer-3'),
  includes: [`${version3}/include`],
  flags: [`-I${version3}/include`, `-L${version3}/lib`],
});

/** Our program on one version of the library. */
interface Version {
  readonly name: string;
  readonly title: string;
  readonly howToGet: string;
  readonly gaps: readonly Gap[];
  readonly program: string;
  /** Folders one of which has the headers. */
  readonly includes: readonly string[];
  readonly flags: readonly string[];
}

function peerOn({ program, includes, flags, ...described }: Version): DtlsPeer {
  const ask = (question: string): string => outputOf(program, [question])?.trim() ?? '';
  const hasConnectionIds = (): boolean => ask('connection-ids') === 'yes';
  const start = (role: Role, port: number, setup: PeerSetup): ProcessPeer => {
    if (setup.connectionIdLength !== undefined && !hasConnectionIds()) {
      throw new PeerLacks('it is built without connection IDs');
    }
    if (setup.version === 'DTLS 1.0' && !ask('version').startsWith('2.')) throw new PeerLacks('it has no DTLS 1.0');
    return new ProcessPeer(program, [role, ...options(port, setup)]);
  };
  const build = (): boolean => {
    if (!includes.some((folder) => existsSync(`${folder}/mbedtls/ssl.h`))) return false;
    const source = path('peer.c');
    const libraries = ['-lmbedtls', '-lmbedx509', '-lmbedcrypto'];
    const args = ['-O1', '-Wall', '-o', program, source, ...flags, ...libraries];
    const sources = [source, path('../../native/peer-program.h')];
    return buildOnce({ output: program, sources, command: 'cc', args, cwd: path('.') });
  };
  return {
    ...described,
    // Without a hint no message but ServerHello is longer than this. A suite with a MAC does not fit: its Finished alone takes 109 bytes.
    fragments: { suite: 0xc0a8, mtu: 80 },
    hasConnectionIds,
    find: () => (build() ? ask('version') : undefined),
    suites: () => new Set(ask('suites').split('\n').map(Number)),
    serve: async (port, setup) => {
      // The library has no way to send an identity hint: mbedtls_ssl_conf_psk is a client's identity only.
      if (setup.hint !== undefined) throw new PeerLacks('it has no identity hints');
      const server = start('server', port, setup);
      await server.printed('listening');
      return conversation(server, manners);
    },
    connect: (port, setup) => conversation(start('client', port, setup), manners),
  };
}

const manners: Manners = {
  closesOn: 'end',
  connected: /^connected .*, (?:full|(?<resumed>resumed))$/gm,
  closed: 'closed by the other side',
  failed: /^failed: .*?(?:, alert (?<alert>\d+))?$/m,
};

function options(port: number, setup: PeerSetup): string[] {
  const { suite, version, mtu, withoutCookies, maxFragmentLength } = setup;
  const { withoutExtendedMasterSecret, encryptThenMac, resumption, sessionFile, connectionIdLength } = setup;
  return [
    ...[`port=${port}`, `psk=${keyHex}`, `identity=${identity}`],
    ...(suite === undefined ? [] : [`suite=${suite}`]),
    ...(version === 'DTLS 1.0' ? ['dtls=10'] : []),
    ...(mtu === undefined ? [] : [`mtu=${mtu}`]),
    ...(withoutCookies ? ['cookies=0'] : []),
    ...(maxFragmentLength === undefined ? [] : [`max_fragment_length=${maxFragmentLength}`]),
    ...(withoutExtendedMasterSecret ? ['ems=0'] : []),
    ...(encryptThenMac === false ? ['etm=0'] : []),
    ...(connectionIdLength === undefined ? [] : [`cid=${connectionIdLength}`]),
    ...(resumption === undefined ? [] : [`resumption=${resumption === 'ticket' ? 'ticket' : 'id'}`]),
    ...(sessionFile === undefined ? [] : [`session=${sessionFile}`]),
  ];
}
