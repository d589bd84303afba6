import { type Backend, CiphersuiteNumber, ciphersuiteName } from '@avs-net/core';
import { expect } from 'vitest';
import { backends } from '../../src/backends.js';
import { cell } from '../../src/cells.js';
import { acceptFrom, connectTo, exchange } from '../../src/meeting.js';
import type { DtlsPeer, Role } from '../../src/peer.js';

const suites = [CiphersuiteNumber.TLS_PSK_WITH_AES_128_CBC_SHA256, CiphersuiteNumber.TLS_PSK_WITH_AES_128_CBC_SHA];

/** A peer that speaks DTLS 1.0 and nothing newer, where a backend has that. */
export function dtls10Cells(peer: DtlsPeer): void {
  const run: Record<Role, (backend: Backend, suite: number) => Promise<void>> = {
    client: async (backend, suite) => {
      await using meeting = await connectTo(peer, backend, { suite, version: 'DTLS 1.0' }, { version: '1.0' });
      expect(meeting.socket.info).toMatchObject({ version: '1.0', ciphersuite: suite });
      await exchange(meeting.socket, meeting.conversation);
    },
    server: async (backend, suite) => {
      await using meeting = await acceptFrom(peer, backend, { suite, version: 'DTLS 1.0' }, { version: '1.0' });
      expect(meeting.socket.info).toMatchObject({ version: '1.0', ciphersuite: suite });
      await exchange(meeting.socket, meeting.conversation);
    },
  };
  for (const { backend } of backends) {
    if (!backend.capabilities.dtlsVersions.includes('1.0')) continue;
    for (const role of ['client', 'server'] as const) {
      for (const suite of suites) {
        const row = `DTLS 1.0, ${ciphersuiteName(suite)}`;
        cell(peer, { row, kind: 'scenario', role, backend: backend.name }, () => run[role](backend, suite));
      }
    }
  }
}
