import { AlertDescription, AvsError, AvsErrorCategory, type Backend, CiphersuiteNumber } from '@avs-net/core';
import { expect } from 'vitest';
import { listenerConfiguration } from './association.js';
import { connectTo } from './meeting.js';
import type { DtlsPeer, PeerSetup } from './peer.js';
import { lightSuite, type Scenario } from './scenario.js';

const otherSuite = CiphersuiteNumber.TLS_PSK_WITH_AES_128_GCM_SHA256;

/** What a handshake without a common ground ends with, as the one that is told of it has it. */
export const alertScenarios: readonly Scenario[] = [
  {
    row: 'no suite in common: handshake_failure',
    role: 'client',
    run: async (peer, backend) => {
      const error = await failureWith(peer, backend, { suite: otherSuite });
      expect(error).toMatchObject({ description: AlertDescription.handshake_failure, direction: 'received' });
    },
  },
  {
    row: 'no suite in common: handshake_failure',
    role: 'server',
    run: async (peer, backend) => {
      expect(await refusalOf(peer, backend, { suite: otherSuite })).toBe(AlertDescription.handshake_failure);
    },
  },
  {
    row: 'no version in common, the peer has DTLS 1.0 only: an alert',
    role: 'client',
    run: async (peer, backend) => {
      // Which one is up to the server, which sees that the suites are newer than its version before it answers with that.
      const error = await failureWith(peer, backend, { version: 'DTLS 1.0' });
      expect([AlertDescription.protocol_version, AlertDescription.handshake_failure]).toContain(error.description);
    },
  },
  {
    row: 'no version in common, the peer has DTLS 1.0 only: protocol_version',
    role: 'server',
    run: async (peer, backend) => {
      expect(await refusalOf(peer, backend, { version: 'DTLS 1.0' })).toBe(AlertDescription.protocol_version);
    },
  },
];

/** How our client fails to connect to a server of the peer: with an alert. */
async function failureWith(peer: DtlsPeer, backend: Backend, setup: PeerSetup): Promise<AvsError> {
  const connecting = connectTo(peer, backend, setup, { ciphersuites: [lightSuite] });
  const error: unknown = await connecting.then(
    async (meeting) => {
      await meeting[Symbol.asyncDispose]();
      return undefined;
    },
    (reason: unknown) => reason,
  );
  if (error instanceof AvsError && error.category === AvsErrorCategory.tlsAlert) return error;
  throw error ?? new Error('there was a handshake');
}

/** The number of the alert that a client of the peer has from our listener. */
async function refusalOf(peer: DtlsPeer, backend: Backend, setup: PeerSetup): Promise<number | undefined> {
  await using listener = await backend.createDtlsListener(listenerConfiguration(lightSuite));
  await listener.bind('127.0.0.1', 0);
  await using client = peer.connect(listener.localPort, setup);
  const alert = await client.refused();
  expect(listener.stats.accepted).toBe(0);
  return alert;
}
