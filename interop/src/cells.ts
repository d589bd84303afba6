import { beforeEach, describe, expect, it } from 'vitest';
import { missingBackends } from './backends.js';
import type { MeasuredPeer } from './page.js';
import { type Gap, type Peer, PeerLacks, type Role } from './peer.js';
import { takeProcessLogs } from './process-peer.js';

/** Where a cell is in the matrix. */
export interface CellPlace {
  /** A suite's IANA name, or a scenario in a few words. */
  readonly row: string;
  /** Scenarios are listed apart from suites. */
  readonly kind: 'suite' | 'scenario';
  /** What we are. */
  readonly role: Role;
  /** Our backend's name. */
  readonly backend: string;
  /** A suite with connection IDs, which has a column of its own. */
  readonly connectionIds?: boolean | undefined;
}

/** A cell, as the page shows it when its test has passed. */
export interface Cell extends CellPlace {
  readonly peer: string;
  readonly outcome: 'pass' | Gap['kind'];
  /** Why it is not a pass. */
  readonly reason: string | undefined;
}

declare module 'vitest' {
  interface TaskMeta {
    cell?: Cell;
    /** Told by one test of each peer that is there. */
    peer?: MeasuredPeer;
    /** Told by the same test: backends whose cells are not there. */
    missingBackends?: readonly string[];
  }
}

/**
 * The tests of a peer. Where it is missing there is one skipped test that says how to get it; where the environment variable CI is
 * set that is an error. What the peer's processes printed is shown with each test that fails.
 */
export async function describePeer(peer: Peer, body: () => void): Promise<void> {
  const version = await peer.find();
  if (version === undefined) {
    const message = `${peer.title} is not there. To get it: ${peer.howToGet}`;
    if (process.env['CI']) throw new Error(message);
    console.warn(message);
    it.skip(message, () => undefined);
    return;
  }
  describe(peer.title, () => {
    beforeEach(({ onTestFailed }) => {
      takeProcessLogs();
      onTestFailed(() => console.error(takeProcessLogs()));
    });
    it('is there and says its version', ({ task }) => {
      task.meta.missingBackends = missingBackends;
      task.meta.peer = { name: peer.name, title: peer.title, version };
      expect(version).toMatch(/\d/);
    });
    body();
  });
}

/** One cell of the matrix: passes when `run` does, or when `run` fails in the way that the peer's gaps say. */
export function cell(peer: Peer, place: CellPlace, run: () => Promise<void>): void {
  const gap = findGap(peer, place);
  const name = cellName(place);
  if (gap === undefined) {
    reportedCell(name, { ...place, peer: peer.name, outcome: 'pass', reason: undefined }, run);
    return;
  }
  const { kind, reason } = gap;
  reportedCell(`${name}: ${kind}: ${reason}`, { ...place, peer: peer.name, outcome: kind, reason }, async () => {
    const error: unknown = await run().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error, 'this works now: take its reason away').toBeInstanceOf(Error);
    expect(error instanceof PeerLacks, String(error)).toBe(kind === 'lacks');
  });
}

/** A cell that cannot be tried, with the reason; `check` proves what the reason says, where that is not known already. */
export function emptyCell(peer: Peer, place: CellPlace, reason: string, check: () => void = () => undefined): void {
  reportedCell(
    `${cellName(place)}: not there: ${reason}`,
    { ...place, peer: peer.name, outcome: 'lacks', reason },
    async () => check(),
  );
}

/** Why a cell is not a pass, by the peer's own list. */
export function findGap(peer: Peer, { row, role, backend, connectionIds = false }: CellPlace): Gap | undefined {
  return peer.gaps.find(
    (gap) =>
      gap.rows.includes(row) &&
      (gap.role === undefined || gap.role === role) &&
      (gap.backend === undefined || gap.backend === backend) &&
      (gap.connectionIds === undefined || gap.connectionIds === connectionIds),
  );
}

/** Part of a configuration of ours. */
export interface Timers {
  readonly handshakeTimeouts?: { readonly min: number; readonly max: number } | undefined;
}

/** The usual timers, which are patient with a busy machine; where the handshake is known to fail nobody should wait for those. */
export function timersFor(peer: Peer, place: CellPlace): Timers {
  return findGap(peer, place)?.kind === 'fails' ? { handshakeTimeouts: { min: 500, max: 2_000 } } : {};
}

function cellName({ row, role, backend, connectionIds }: CellPlace): string {
  return `${row}${connectionIds ? ' with connection IDs' : ''}, we are the ${role}, ${backend}`;
}

function reportedCell(name: string, cell: Cell, run: () => Promise<void>): void {
  it(name, async ({ task }) => {
    task.meta.cell = cell;
    await run();
  });
}
