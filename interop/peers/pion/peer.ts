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

/** A program of our own on pion/dtls, whose version `go.mod` pins; `main.go` says how it speaks. */
export const pion: DtlsPeer = {
  name: 'pion',
  title: 'pion/dtls',
  howToGet:
    'Go 1.24 or later, from https://go.dev/dl or your system; its module proxy must be reachable the first time',
  gaps,
  find: () => (build() ? outputOf(program, ['version'])?.trim() : undefined),
  hasConnectionIds: () => true,
  suites: () => new Set((outputOf(program, ['suites']) ?? '').trim().split('\n').map(Number)),
  serve: async (port, setup) => {
    const server = new ProcessPeer(program, ['server', ...flags(port, setup)]);
    await server.printed('listening');
    return conversation(server, manners);
  },
  connect: (port, setup) => conversation(new ProcessPeer(program, ['client', ...flags(port, setup)]), manners),
};

const manners: Manners = {
  closesOn: 'end',
  connected: /^connected .*, (?:full|(?<resumed>resumed))$/gm,
  closed: 'closed by the other side',
  failed: /^failed: .*?(?:, alert (?<alert>\d+))?$/m,
};

function flags(port: number, setup: PeerSetup): string[] {
  const { suite, version, hint, mtu, withoutCookies, maxFragmentLength } = setup;
  const { withoutExtendedMasterSecret, encryptThenMac, resumption, sessionFile, connectionIdLength } = setup;
  if (maxFragmentLength !== undefined) throw new PeerLacks('it does not have the extension');
  if (encryptThenMac === true) throw new PeerLacks('it does not have encrypt-then-MAC');
  if (version === 'DTLS 1.0') throw new PeerLacks('it has DTLS 1.2 only');
  if (resumption === 'ticket') throw new PeerLacks('it does not have tickets');
  return [
    ...[`-port=${port}`, `-psk=${keyHex}`, `-identity=${identity}`],
    ...(suite === undefined ? [] : [`-suite=${suite}`]),
    ...(hint === undefined ? [] : [`-hint=${hint}`]),
    ...(mtu === undefined ? [] : [`-mtu=${mtu}`]),
    ...(withoutCookies ? ['-cookies=false'] : []),
    ...(withoutExtendedMasterSecret ? ['-ems=false'] : []),
    ...(resumption === undefined ? [] : ['-resume']),
    ...(connectionIdLength === undefined ? [] : [`-cid=${connectionIdLength}`]),
    ...(sessionFile === undefined ? [] : [`-session=${sessionFile}`]),
  ];
}

function build(): boolean {
  const sources = ['main.go', 'sessions.go', 'go.mod', 'go.sum'].map(path);
  const args = ['build', '-mod=readonly', '-trimpath', '-o', program, '.'];
  return buildOnce({ output: program, sources, command: 'go', args, cwd: path('.') });
}
