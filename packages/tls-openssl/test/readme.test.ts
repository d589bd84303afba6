import { readFileSync, writeFileSync } from 'node:fs';
import { type BackendCapabilities, ciphersuiteName } from '@avs-net/core';
import { expect, it } from 'vitest';
import { backend as pure } from '../../tls-pure/src/index.js';
import { backend as openssl } from '../src/index.js';

const readme = new URL('../README.md', import.meta.url);
const marked = /(<!-- capabilities -->\n)[\s\S]*(<!-- \/capabilities -->)/;

const yesOrNo = (value: boolean): string => (value ? 'yes' : 'no');
const list = (values: readonly string[]): string => values.join(', ') || 'none';

const rows: readonly (readonly [string, (capabilities: BackendCapabilities) => string])[] = [
  ['DTLS', ({ dtlsVersions }) => list(dtlsVersions)],
  ['TLS', ({ tlsVersions }) => list(tlsVersions)],
  ['Security modes', ({ modes }) => list(modes)],
  ['Listeners', ({ server }) => yesOrNo(server)],
  ['Session resumption', ({ sessionResumption }) => yesOrNo(sessionResumption)],
  ['Connection IDs (RFC 9146)', ({ connectionId }) => yesOrNo(connectionId)],
  ['Extended master secret (RFC 7627)', ({ extendedMasterSecret }) => yesOrNo(extendedMasterSecret)],
  ['Encrypt-then-MAC (RFC 7366)', ({ encryptThenMac }) => yesOrNo(encryptThenMac)],
  ['Maximum fragment length (RFC 6066)', ({ maxFragmentLength }) => yesOrNo(maxFragmentLength)],
  ['DANE', ({ dane }) => yesOrNo(dane)],
  ['Empty datagrams', ({ emptyDatagrams }) => yesOrNo(emptyDatagrams)],
  ['Zero bytes in PSK identities', ({ pskIdentityZeroByte }) => yesOrNo(pskIdentityZeroByte)],
  ['PSK key, bytes at most', ({ maxPskKeyLength }) => String(maxPskKeyLength)],
  ['PSK identity, bytes at most', ({ maxPskIdentityLength }) => String(maxPskIdentityLength)],
];

function table(): string {
  const all = [pure, openssl];
  const suites = [...new Set(all.flatMap(({ capabilities }) => capabilities.ciphersuites))];
  const line = (title: string, cell: (capabilities: BackendCapabilities) => string): string =>
    `| ${[title, ...all.map(({ capabilities }) => cell(capabilities))].join(' | ')} |\n`;
  return [
    `| | ${all.map(({ name }) => name).join(' | ')} |\n| --- | --- | --- |\n`,
    ...rows.map(([title, cell]) => line(title, cell)),
    ...suites.map((id) => line(`\`${ciphersuiteName(id)}\``, ({ ciphersuites }) => yesOrNo(ciphersuites.includes(id)))),
  ].join('');
}

it('the table in the README is what the capabilities say (AVS_UPDATE=1 writes it)', () => {
  const text = readFileSync(readme, 'utf8');
  const expected = text.replace(marked, (_all, begin: string, end: string) => begin + table() + end);
  if (process.env['AVS_UPDATE']) writeFileSync(readme, expected);
  expect(readFileSync(readme, 'utf8')).toBe(expected);
});
