import { expect, it } from 'vitest';
import type { Cell } from '../src/cells.js';
import { renderPage, withoutVersions } from '../src/page.js';

const peers = [
  { name: 'b', title: 'Peer B', version: '2.0' },
  { name: 'a', title: 'Peer A', version: '1.0' },
];

const cell = (more: Partial<Cell>): Cell => ({
  peer: 'a',
  kind: 'suite',
  row: 'TLS_X',
  role: 'client',
  backend: 'one',
  outcome: 'pass',
  reason: undefined,
  ...more,
});

const cells = [
  cell({}),
  cell({ role: 'server', outcome: 'lacks', reason: 'it never had it' }),
  cell({ role: 'client', backend: 'two', outcome: 'fails', reason: 'it crashes' }),
  cell({ role: 'server', backend: 'two', outcome: 'lacks', reason: 'it never had it' }),
  cell({ kind: 'scenario', row: 'goes well' }),
];

it('shows a table for each peer, clients before servers, with numbered reasons', () => {
  const page = renderPage(peers, cells);
  expect(page).toContain(
    [
      '## Peer A',
      '',
      '| suite | client, one | client, two | server, one | server, two |',
      '| ----- | ----------- | ----------- | ----------- | ----------- |',
      '| TLS_X | pass        | fails (1)   | lacks (2)   | lacks (2)   |',
      '',
      '| scenario  | client, one |',
      '| --------- | ----------- |',
      '| goes well | pass        |',
      '',
      '1. it crashes',
      '2. it never had it',
    ].join('\n'),
  );
  expect(page.indexOf('## Peer A')).toBeLessThan(page.indexOf('## Peer B'));
});

it('gives connection IDs columns of their own, behind the others', () => {
  const withIds = cells.filter(({ kind }) => kind === 'suite').map((each) => ({ ...each, connectionIds: true }));
  expect(renderPage(peers, [...withIds, ...cells])).toContain(
    [
      '| suite | client, one | client, two | server, one | server, two | client, one, CID | client, two, CID | server, one, CID | server, two, CID |',
      '| ----- | ----------- | ----------- | ----------- | ----------- | ---------------- | ---------------- | ---------------- | ---------------- |',
      '| TLS_X | pass        | fails (1)   | lacks (2)   | lacks (2)   | pass             | fails (1)        | lacks (2)        | lacks (2)        |',
    ].join('\n'),
  );
});

it('is the same for the same results in another order of peers', () => {
  expect(renderPage([...peers].reverse(), cells)).toBe(renderPage(peers, cells));
});

it('differs only in its versions when only versions differ', () => {
  const newer = renderPage(
    peers.map((peer) => ({ ...peer, version: '9.9' })),
    cells,
  );
  const page = renderPage(peers, cells);
  expect(newer).not.toBe(page);
  expect(withoutVersions(newer)).toBe(withoutVersions(page));
  const changed = renderPage(peers, [cell({ outcome: 'fails', reason: 'it crashes' })]);
  expect(withoutVersions(changed)).not.toBe(withoutVersions(page));
});
