import { AlertDescription, AvsError, AvsErrorCategory, type Backend, isErrno } from '@avs-net/core';
import { pskIdentityInfoFromBuffer } from '@avs-net/crypto-creds';
import { expect } from 'vitest';
import { alertScenarios } from './alert-scenarios.js';
import { identity, listenerSecurity, wrongKey } from './association.js';
import { backends } from './backends.js';
import { cell, emptyCell, timersFor } from './cells.js';
import { connectionIdScenarios } from './connection-id-scenarios.js';
import { acceptFrom, connectTo, exchange, expectEnd } from './meeting.js';
import { type DtlsPeer, PeerLacks } from './peer.js';
import { resumptionScenarios } from './resumption-scenarios.js';
import { lightSuite, type Scenario } from './scenario.js';

/** TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256, which has the longest messages. */
const longest = 0xc037;

/** 8,000 bytes: more than any path's MTU but that of loopback, less than a record holds. */
const longLine = 'long'.repeat(2_000);

const scenarios: readonly Scenario[] = [
  { row: 'another key is refused', role: 'client', run: refusedByPeer },
  { row: 'another key is refused', role: 'server', run: refusedByUs },
  {
    row: 'a server with a cookie exchange',
    role: 'client',
    run: async (peer, backend) => {
      await using meeting = await connectTo(peer, backend, { suite: lightSuite });
      expect(meeting.socket.info?.flights).toBe(3);
      await exchange(meeting.socket, meeting.conversation);
    },
  },
  {
    row: 'a server without cookies',
    role: 'client',
    run: async (peer, backend) => {
      await using meeting = await connectTo(peer, backend, { suite: lightSuite, withoutCookies: true });
      expect(meeting.socket.info?.flights).toBe(2);
      await exchange(meeting.socket, meeting.conversation);
    },
  },
  {
    row: 'the peer sends its messages in fragments',
    role: 'client',
    run: async (peer, backend, timers) => {
      const setup = peer.fragments ?? { mtu: 256, hint: 'h'.repeat(250) };
      await using meeting = await connectTo(peer, backend, { suite: longest, ...setup }, timers);
      const hint = meeting.socket.info?.pskIdentityHint;
      expect(hint && Buffer.from(hint).toString()).toBe(setup.hint);
      await exchange(meeting.socket, meeting.conversation);
    },
  },
  {
    row: 'we send our messages in fragments of 160-byte packets',
    role: 'client',
    run: async (peer, backend, timers) => {
      const more = { socket: { forcedMtu: 160 }, ...timers };
      await using meeting = await connectTo(peer, backend, { suite: longest }, more);
      await exchange(meeting.socket, meeting.conversation);
    },
  },
  {
    row: 'we send our messages in fragments of 160-byte packets',
    role: 'server',
    run: async (peer, backend) => {
      const security = { ...listenerSecurity, identityHint: 'h'.repeat(120) };
      const more = { security, socket: { forcedMtu: 160 } };
      await using meeting = await acceptFrom(peer, backend, { suite: longest }, more);
      await exchange(meeting.socket, meeting.conversation);
    },
  },
  {
    row: 'max_fragment_length of 512 bytes, asked for by us',
    role: 'client',
    run: async (peer, backend) => {
      await using meeting = await connectTo(peer, backend, { suite: lightSuite }, { maxFragmentLength: 512 });
      if (meeting.socket.info?.maxFragmentLength !== 512) throw new PeerLacks('it did not answer the extension');
      await exchange(meeting.socket, meeting.conversation, 'x'.repeat(490));
    },
  },
  {
    row: 'max_fragment_length of 512 bytes, asked for by the peer',
    role: 'server',
    run: async (peer, backend) => {
      await using meeting = await acceptFrom(peer, backend, { suite: lightSuite, maxFragmentLength: 512 });
      expect(meeting.socket.info?.maxFragmentLength).toBe(512);
      await exchange(meeting.socket, meeting.conversation, 'x'.repeat(490));
    },
  },
  {
    row: 'lines of 8,000 bytes',
    role: 'client',
    run: async (peer, backend) => {
      await using meeting = await connectTo(peer, backend, { suite: lightSuite, mtu: 9_000 });
      await exchange(meeting.socket, meeting.conversation, longLine);
    },
  },
  {
    row: 'lines of 8,000 bytes',
    role: 'server',
    run: async (peer, backend) => {
      await using meeting = await acceptFrom(peer, backend, { suite: lightSuite, mtu: 9_000 });
      await exchange(meeting.socket, meeting.conversation, longLine);
    },
  },
  {
    row: 'the peer closes',
    role: 'client',
    run: async (peer, backend) => {
      await using meeting = await connectTo(peer, backend, { suite: lightSuite });
      await exchange(meeting.socket, meeting.conversation);
      meeting.conversation.end();
      await expectEnd(meeting.socket);
    },
  },
  {
    row: 'the peer closes',
    role: 'server',
    run: async (peer, backend) => {
      await using meeting = await acceptFrom(peer, backend, { suite: lightSuite });
      await exchange(meeting.socket, meeting.conversation);
      meeting.conversation.end();
      await expectEnd(meeting.socket);
    },
  },
  {
    row: 'we close',
    role: 'client',
    run: async (peer, backend) => {
      await using meeting = await connectTo(peer, backend, { suite: lightSuite });
      await exchange(meeting.socket, meeting.conversation);
      await meeting.socket.shutdown();
      await meeting.conversation.sawEnd();
    },
  },
  {
    row: 'we close',
    role: 'server',
    run: async (peer, backend) => {
      await using meeting = await acceptFrom(peer, backend, { suite: lightSuite });
      await exchange(meeting.socket, meeting.conversation);
      await meeting.socket.shutdown();
      await meeting.conversation.sawEnd();
    },
  },
];

/** What is tried with every peer besides the suites. */
export function scenarioCells(peer: DtlsPeer): void {
  for (const { backend } of backends) {
    for (const scenario of [...scenarios, ...alertScenarios, ...resumptionScenarios, ...connectionIdScenarios])
      scenarioCell(peer, backend, scenario);
  }
}

function scenarioCell(peer: DtlsPeer, backend: Backend, { row, role, lacks, run }: Scenario): void {
  const place = { row, kind: 'scenario', role, backend: backend.name } as const;
  const reason = lacks?.(backend);
  if (reason !== undefined) emptyCell(peer, place, reason);
  else cell(peer, place, () => run(peer, backend, timersFor(peer, place)));
}

async function refusedByPeer(peer: DtlsPeer, backend: Backend): Promise<void> {
  const security = { mode: 'psk', key: wrongKey, identity: pskIdentityInfoFromBuffer(identity) } as const;
  const timers = { min: 200, max: 400 };
  const connecting = connectTo(peer, backend, { suite: lightSuite }, { security, handshakeTimeouts: timers });
  const error: unknown = await connecting.then(
    async (meeting) => {
      await meeting[Symbol.asyncDispose]();
      return undefined;
    },
    (reason: unknown) => reason,
  );
  // A Finished that does not decrypt may be dropped in silence (RFC 6347 §4.1.2.7), as OpenSSL and GnuTLS do, and then only our
  // timers end this; Mbed TLS and pion send an alert.
  const refused = error instanceof AvsError && error.category === AvsErrorCategory.tlsAlert;
  expect(refused || isErrno(error, 'ETIMEDOUT'), String(error)).toBe(true);
}

async function refusedByUs(peer: DtlsPeer, backend: Backend): Promise<void> {
  const security = { mode: 'psk', resolve: () => wrongKey } as const;
  await using listener = await backend.createDtlsListener({ security, ciphersuites: [lightSuite] });
  await listener.bind('127.0.0.1', 0);
  await using client = peer.connect(listener.localPort, { suite: lightSuite });
  expect(await client.refused()).toBe(AlertDescription.decrypt_error);
  expect(listener.stats).toMatchObject({ accepted: 0, failed: 1 });
}
