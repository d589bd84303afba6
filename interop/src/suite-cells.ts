import type { Backend } from '@avs-net/core';
import { ciphersuiteName } from '@avs-net/core';
import { expect, it } from 'vitest';
import { backends, type TriedBackend } from './backends.js';
import { type CellPlace, cell, emptyCell, findGap, timersFor } from './cells.js';
import { acceptFrom, connectTo, exchange, expectEnd } from './meeting.js';
import { moveOurClient, moveTheirClient, noConnectionIds } from './moving.js';
import { type Conversation, type DtlsPeer, PeerLacks, type Role } from './peer.js';

/** The suites of all backends, each once. */
export const allSuites: readonly number[] = [
  ...new Set(backends.flatMap(({ backend }) => backend.capabilities.ciphersuites)),
];

/**
 * A cell for each suite, role and backend: a handshake, a line each way, and a clean end. With a peer that has connection IDs another
 * one: the same with them, and with a change of address on the way.
 */
export function suiteCells(peer: DtlsPeer): void {
  const theirs = peer.suites();
  const columns = peer.hasConnectionIds?.() ? [false, true] : [false];
  for (const tried of backends) {
    for (const role of ['client', 'server'] as const) {
      for (const connectionIds of columns) {
        for (const suite of allSuites) suiteCell(peer, theirs, tried, role, suite, connectionIds);
      }
    }
  }
  it('has no reason for a suite that is not in the matrix', () => {
    const known = allSuites.map(ciphersuiteName);
    const unknown = peer.gaps
      .flatMap(({ rows }) => rows)
      .filter((row) => row.startsWith('TLS_') && !known.includes(row));
    expect(unknown).toEqual([]);
  });
}

function suiteCell(
  peer: DtlsPeer,
  theirs: ReadonlySet<number>,
  { backend, lacks }: TriedBackend,
  role: Role,
  suite: number,
  connectionIds: boolean,
): void {
  const place: CellPlace = { row: ciphersuiteName(suite), kind: 'suite', role, backend: backend.name, connectionIds };
  if (!backend.capabilities.ciphersuites.includes(suite)) {
    const reason = lacks.find(({ suites }) => suites.includes(suite))?.reason;
    emptyCell(peer, place, reason ?? 'unexplained', () => {
      expect(reason, `why does ${backend.name} not have ${place.row}? Say it in backends.ts`).toBeDefined();
    });
    return;
  }
  const gap = findGap(peer, place);
  if (!theirs.has(suite) || gap?.kind === 'lacks') {
    emptyCell(peer, place, gap?.reason ?? 'unexplained', () => {
      expect(gap?.kind, `${peer.title} does not list ${place.row}, and no reason is given`).toBe('lacks');
      expect(theirs.has(suite), `${peer.title} lists ${place.row} now: take its reason away`).toBe(false);
    });
    return;
  }
  if (connectionIds) {
    const missing = noConnectionIds(backend);
    const moving = role === 'client' ? moveOurClient : moveTheirClient;
    if (missing !== undefined) emptyCell(peer, place, missing);
    else cell(peer, place, () => moving(peer, backend, { setup: { suite }, timers: timersFor(peer, place) }));
    return;
  }
  cell(peer, place, () => (role === 'client' ? asClient(peer, backend, suite) : asServer(peer, backend, suite)));
}

async function asClient(peer: DtlsPeer, backend: Backend, suite: number): Promise<void> {
  await using meeting = await connectTo(peer, backend, { suite });
  const { socket, conversation } = meeting;
  expect(socket.info).toMatchObject({ ciphersuite: suite, extendedMasterSecret: true });
  await exchange(socket, conversation);
  await socket.shutdown();
  await unlessLacking(() => conversation.sawEnd());
}

async function asServer(peer: DtlsPeer, backend: Backend, suite: number): Promise<void> {
  await using meeting = await acceptFrom(peer, backend, { suite });
  const { socket, listener, conversation } = meeting;
  expect(socket.info).toMatchObject({ ciphersuite: suite, extendedMasterSecret: true });
  await exchange(socket, conversation);
  await unlessLacking(() => closeByPeer(socket, conversation));
  expect(listener.stats).toMatchObject({ accepted: 1, failed: 0 });
  // More than one where the peer does not wait long enough for the first.
  expect(listener.stats.cookiesSent).toBeGreaterThanOrEqual(1);
}

async function closeByPeer(socket: Parameters<typeof expectEnd>[0], conversation: Conversation): Promise<void> {
  conversation.end();
  await expectEnd(socket);
}

/** That a peer cannot end, or shows nothing of our end, is told by a scenario. */
async function unlessLacking(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof PeerLacks)) throw error;
  }
}
