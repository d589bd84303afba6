import type { Backend } from '@avs-net/core';
import { expect } from 'vitest';
import { listenerConfiguration } from '../../src/association.js';
import { backends } from '../../src/backends.js';
import { cell } from '../../src/cells.js';
import type { DtlsPeer } from '../../src/peer.js';
import { lightSuite } from '../../src/scenario.js';

/** One program that connects six times (s_client -reconnect): each time after the first it resumes the session. */
export function reconnectionCells(peer: DtlsPeer): void {
  for (const { backend } of backends) {
    if (!backend.capabilities.sessionResumption) continue;
    const place = {
      row: 'five resumptions in a row',
      kind: 'scenario',
      role: 'server',
      backend: backend.name,
    } as const;
    cell(peer, place, () => reconnect(peer, backend));
  }
}

async function reconnect(peer: DtlsPeer, backend: Backend): Promise<void> {
  await using listener = await backend.createDtlsListener(listenerConfiguration(lightSuite));
  await listener.bind('127.0.0.1', 0);
  // It does not wait between one and the next, and an association that has ended is not accepted any more.
  const accepted = Promise.all(Array.from({ length: 6 }, () => listener.accept()));
  await using client = peer.connect(listener.localPort, { suite: lightSuite });
  const resumed = (await accepted).map((socket) => socket.getOption('sessionResumed'));
  expect(resumed).toEqual([false, true, true, true, true, true]);
  for (const [i, expected] of resumed.entries()) expect(await client.resumed(i + 1)).toBe(expected);
}
