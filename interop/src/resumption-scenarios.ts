import type { Backend, SecureSocket } from '@avs-net/core';
import { expect } from 'vitest';
import { ClientBench } from './client-bench.js';
import { connectTo, exchange } from './meeting.js';
import { type DtlsPeer, PeerLacks, type Resumption, type Role } from './peer.js';
import { lightSuite, type Scenario } from './scenario.js';

/** What a listener of ours leaves for resumption. */
export const leaving = { ticket: { cache: false }, 'session ID': { tickets: false } } as const;

/** Two handshakes that resume after the first one: what is resumed can be resumed again. */
const thrice = [false, true, true];

const otherHalf: Readonly<Record<Role, readonly Omit<Scenario, 'role' | 'lacks'>[]>> = {
  client: [
    { row: 'resumption by ticket', run: (peer, backend) => resumeWithServer(peer, backend, 'ticket') },
    { row: 'resumption by session ID', run: (peer, backend) => resumeWithServer(peer, backend, 'session ID') },
    { row: 'a full handshake with a server that has lost its sessions', run: meetAnotherServer },
    {
      row: 'no resumption of a session without the extended master secret',
      run: async (peer, backend) => {
        const setup = { suite: lightSuite, resumption: 'session ID', withoutExtendedMasterSecret: true } as const;
        await using meeting = await connectTo(peer, backend, setup);
        const { socket, conversation, port } = meeting;
        expect(socket.info?.extendedMasterSecret).toBe(false);
        for (const nth of [1, 2]) {
          if (nth > 1) await reconnect(socket, port);
          expect(await conversation.resumed(nth)).toBe(false);
          expect(socket.getOption('sessionResumed')).toBe(false);
          await exchange(socket, conversation, `association ${nth}`);
        }
      },
    },
  ],
  server: [
    { row: 'resumption by ticket', run: (peer, backend) => resumeWithClient(peer, backend, 'ticket') },
    { row: 'resumption by session ID', run: (peer, backend) => resumeWithClient(peer, backend, 'session ID') },
    { row: 'a full handshake with a server that has lost its sessions', run: meetAnotherListener },
    {
      row: 'no resumption of a session without the extended master secret',
      run: async (peer, backend) => {
        await using bench = await ClientBench.of(peer, backend);
        const setup = { resumption: 'session ID', withoutExtendedMasterSecret: true } as const;
        for (const _ of [1, 2]) await bench.meet(setup, false);
      },
    },
    {
      row: 'an end to the resumption of a session whose extended master secret is left out',
      run: leaveOutExtendedMasterSecret,
    },
  ],
};

/** Resumption, as far as a peer has it: by ticket, by session ID, and where there must be none. */
export const resumptionScenarios: readonly Scenario[] = (['client', 'server'] as const).flatMap((role) =>
  otherHalf[role].map((scenario) => ({
    ...scenario,
    role,
    lacks: ({ name, capabilities }: Backend) =>
      capabilities.sessionResumption ? undefined : `our backend ${name} does not resume`,
  })),
);

async function resumeWithServer(peer: DtlsPeer, backend: Backend, resumption: Resumption): Promise<void> {
  await using meeting = await connectTo(peer, backend, { suite: lightSuite, resumption });
  const { socket, conversation, port } = meeting;
  for (const [i, resumed] of thrice.entries()) {
    if (i > 0) await reconnect(socket, port);
    expect(await conversation.resumed(i + 1)).toBe(resumed);
    expect(socket.getOption('sessionResumed')).toBe(resumed);
    expect(socket.info).toMatchObject({ ciphersuite: lightSuite, extendedMasterSecret: true });
    await exchange(socket, conversation, `association ${i}`);
  }
}

/** Sends close_notify, so that a server that has one client at a time looks for the next. */
export async function reconnect(socket: SecureSocket, port: number): Promise<void> {
  await socket.close();
  await socket.connect('127.0.0.1', port);
}

async function meetAnotherServer(peer: DtlsPeer, backend: Backend): Promise<void> {
  const setup = { suite: lightSuite, resumption: 'session ID' } as const;
  await using meeting = await connectTo(peer, backend, setup);
  const { socket, conversation, port } = meeting;
  await exchange(socket, conversation);
  await socket.close();
  await conversation[Symbol.asyncDispose]();
  await using another = await peer.serve(port, setup);
  await socket.connect('127.0.0.1', port);
  expect(await another.resumed()).toBe(false);
  expect(socket.getOption('sessionResumed')).toBe(false);
  await exchange(socket, another);
}

async function resumeWithClient(peer: DtlsPeer, backend: Backend, resumption: Resumption): Promise<void> {
  await using bench = await ClientBench.of(peer, backend, { resumption: leaving[resumption] });
  for (const resumed of thrice) await bench.meet({ resumption }, resumed);
}

async function meetAnotherListener(peer: DtlsPeer, backend: Backend): Promise<void> {
  await using bench = await ClientBench.of(peer, backend, { resumption: leaving['session ID'] });
  await bench.meet({ resumption: 'session ID' }, false);
  await bench.replaceListener();
  await bench.meet({ resumption: 'session ID' }, false);
}

/** RFC 7627 §5.3: a server aborts the handshake when its session has the extended master secret and the ClientHello has not. */
async function leaveOutExtendedMasterSecret(peer: DtlsPeer, backend: Backend): Promise<void> {
  await using bench = await ClientBench.of(peer, backend);
  await bench.meet({ resumption: 'session ID' }, false);
  await using client = bench.connect({ resumption: 'session ID', withoutExtendedMasterSecret: true });
  const accepted = bench.listener.accept();
  const refused = client.refused().then(() => undefined);
  const socket = await Promise.race([accepted, refused]);
  if (socket === undefined) {
    // GnuTLS believes an alert only when its ClientHello is refused a second time.
    expect(bench.listener.stats.failed).toBeGreaterThanOrEqual(1);
    expect(bench.listener.stats.accepted).toBe(1);
    return;
  }
  expect(socket.info?.resumed && !socket.info.extendedMasterSecret).toBe(false);
  throw new PeerLacks('it does not offer a session with the extended master secret without it');
}
