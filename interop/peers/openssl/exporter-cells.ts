import type { Backend, SecureSocket } from '@avs-net/core';
import { expect } from 'vitest';
import { backends } from '../../src/backends.js';
import { cell } from '../../src/cells.js';
import { acceptFrom, connectTo, exchange } from '../../src/meeting.js';
import type { DtlsPeer, Role } from '../../src/peer.js';

const label = 'EXPERIMENTAL avs-net';
const length = 48;

/** TLS_PSK_WITH_AES_128_GCM_SHA256 and TLS_PSK_WITH_AES_256_GCM_SHA384: one for each hash. */
const suites = [0x00a8, 0x00a9];

/** The keys that a peer exports are ours. `making` makes one that exports them, and the function that reads them. */
export function exporterCells(making: (label: string, length: number) => { peer: DtlsPeer; exported(): string }): void {
  const run: Record<Role, (backend: Backend, suite: number) => Promise<void>> = {
    client: async (backend, suite) => {
      const { peer, exported } = making(label, length);
      await using meeting = await connectTo(peer, backend, { suite });
      await exchange(meeting.socket, meeting.conversation);
      compare(meeting.socket, exported());
    },
    server: async (backend, suite) => {
      const { peer, exported } = making(label, length);
      await using meeting = await acceptFrom(peer, backend, { suite });
      await exchange(meeting.socket, meeting.conversation);
      compare(meeting.socket, exported());
    },
  };
  const { peer } = making(label, length);
  for (const { backend } of backends) {
    for (const role of ['client', 'server'] as const) {
      cell(peer, { row: 'exported keys', kind: 'scenario', role, backend: backend.name }, async () => {
        for (const suite of suites) await run[role](backend, suite);
      });
    }
  }
}

function compare(socket: SecureSocket, exported: string): void {
  expect(Buffer.from(socket.exportKeyingMaterial(length, label)).toString('hex')).toBe(exported.toLowerCase());
}
