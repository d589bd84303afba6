import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ciphersuiteName } from '@avs-net/core';
import { ciphersuites } from '@avs-net/tls-pure';
import { identity, keyHex } from '../../src/association.js';
import { outputOf, versionOf } from '../../src/command.js';
import { conversation } from '../../src/conversation.js';
import { type DtlsPeer, PeerLacks, type PeerSetup } from '../../src/peer.js';
import { ProcessPeer } from '../../src/process-peer.js';
import { gaps } from './gaps.js';

/** `gnutls-cli` and `gnutls-serv`. */
export const gnutls: DtlsPeer = {
  name: 'gnutls',
  title: 'GnuTLS',
  howToGet: 'apt-get install gnutls-bin, or your system’s package with gnutls-cli and gnutls-serv',
  gaps,
  find: () => versionOf('gnutls-cli', ['--version'], /gnutls-cli ([\d.]+)/),
  suites: () => {
    const listed = outputOf('gnutls-cli', ['--list']) ?? '';
    const numbers = new Set(
      [...listed.matchAll(/0x(\w\w), 0x(\w\w)/g)].map(([, a, b]) => Number.parseInt(`${a}${b}`, 16)),
    );
    return new Set(ciphersuites.map(({ id }) => id).filter((id) => numbers.has(id)));
  },
  serve: async (port, setup) => {
    const { hint, mtu, withoutCookies = false } = setup;
    const server = new ProcessPeer('gnutls-serv', [
      ...['--udp', '--echo', '--port', String(port)],
      ...['--pskpasswd', passwordFile(), '--priority', priority(setup)],
      ...(hint === undefined ? [] : ['--pskhint', hint]),
      ...(mtu === undefined ? [] : ['--mtu', String(mtu)]),
      ...(withoutCookies ? ['--nocookie'] : []),
    ]);
    await server.printed(/listening on IPv4 .*done/);
    return conversation(server, { echoes: true });
  },
  connect: (port, setup) => {
    const { mtu, maxFragmentLength } = setup;
    if (maxFragmentLength !== undefined) throw new PeerLacks('gnutls-cli has no option for it');
    const client = new ProcessPeer('gnutls-cli', [
      ...['--udp', '--port', String(port), '127.0.0.1'],
      ...['--pskusername', identity, '--pskkey', keyHex, '--priority', priority(setup)],
      ...(mtu === undefined ? [] : ['--mtu', String(mtu)]),
    ]);
    return conversation(client, {
      closesOn: 'end',
      closed: 'Peer has closed the GnuTLS connection',
      failed: /fatal alert|Handshake failed/i,
    });
  },
};

const build = fileURLToPath(new URL('build/', import.meta.url));

/** The keys that the server knows. An identity with a colon, which ends the name in this file, is written in hexadecimal after `#`. */
function passwordFile(): string {
  const file = join(build, 'psk');
  mkdirSync(build, { recursive: true });
  writeFileSync(file, `#${Buffer.from(identity).toString('hex')}:${keyHex}\n`);
  return file;
}

/** GnuTLS chooses suites by their parts. */
function priority({ suite }: PeerSetup): string {
  const version = '-VERS-ALL:+VERS-DTLS1.2';
  if (suite === undefined) return `NORMAL:-KX-ALL:+PSK:+ECDHE-PSK:${version}`;
  const parts = /^TLS_(ECDHE_)?PSK_WITH_(.*?)(?:_SHA\d+)?$/.exec(ciphersuiteName(suite));
  const keyExchange = parts?.[1] === undefined ? 'PSK' : 'ECDHE-PSK';
  const cipher = (parts?.[2] ?? '').replaceAll('_', '-');
  return `NORMAL:-KX-ALL:+${keyExchange}:-CIPHER-ALL:+${cipher}:-MAC-ALL:+AEAD:+SHA256:${version}`;
}
