import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { NatRelay } from '../../../apps/demo/src/commands/nat-relay.js';
import { backends } from '../../src/backends.js';
import { cell, emptyCell } from '../../src/cells.js';
import type { ProcessPeer } from '../../src/process-peer.js';
import { avsDemo } from './demo.js';
import { LibraryServer } from './library-server.js';
import { leshan, leshanPrograms } from './peer.js';

const device = { endpoint: 'sleeper', identity: 'sleeper-identity', key: '000102030405060708090a0b0c0d0e0f' };

/** How often a device is restarted, or changes its port. */
const changes = 2;

/** Cells with a device whose process, or whose address, changes; the server is the one on Leshan's library. */
export function continuationCells(): void {
  for (const { backend } of backends) {
    const place = (row: string) => ({ row, kind: 'scenario', role: 'client', backend: backend.name }) as const;
    const cellIf = (capability: 'sessionResumption' | 'connectionId', row: string, run: () => Promise<void>): void => {
      if (backend.capabilities[capability]) cell(leshan, place(row), run);
      else {
        const reason =
          capability === 'connectionId' ? 'the backend has no connection IDs' : 'the backend has no resumption';
        emptyCell(leshan, place(row), reason, () => expect(backend.capabilities[capability]).toBe(false));
      }
    };
    const start = (port: number, ...more: string[]): ProcessPeer =>
      avsDemo(
        'client',
        ...['-u', `coaps://127.0.0.1:${port}`, '-e', device.endpoint, '-i', device.identity, '-k', device.key],
        ...['--lifetime', '60', '--sensor-period', '0.1', '--backend', backend.name, ...more],
      );

    cellIf(
      'sessionResumption',
      'a device that is restarted resumes its session, and registration and observation go on',
      () =>
        withSessionFile(async (sessionFile) => {
          await using server = await LibraryServer.start(device);
          {
            await using first = start(server.port, '--session-file', sessionFile);
            await observe(server, first);
          }
          for (let restart = 0; restart < changes; restart++) {
            server.skip();
            await using again = start(server.port, '--session-file', sessionFile);
            await again.printed(/^connected to .*, resumed in \d round trips?, /m);
            await server.next(/resumed handshake/);
            await server.next(/sleeper updated from port \d+/);
            await goesOn(server);
            expect(again.output).not.toMatch(/^Register /m);
            if (restart + 1 < changes) continue;
            again.interrupt();
            await server.next(/sleeper deregistered/);
            expect(await again.exited()).toBe(0);
          }
          expectOneOfEach(server);
        }),
    );

    cellIf(
      'connectionId',
      'a device with a connection ID that is restarted goes on without a handshake, and so do registration and observation',
      () =>
        withSessionFile(async (sessionFile) => {
          await using server = await LibraryServer.start(device, 6);
          {
            await using first = start(server.port, '--cid', '--session-file', sessionFile);
            await observe(server, first);
          }
          for (let restart = 0; restart < changes; restart++) {
            server.skip();
            await using again = start(server.port, '--cid', '--session-file', sessionFile);
            await again.printed(/^connected to .*: goes on without a handshake, a connection ID of 6 bytes, /m);
            await server.next(/sleeper updated from port \d+/);
            await goesOn(server);
            expect(again.output).not.toMatch(/^Register /m);
          }
          expectOneOfEach(server);
          expect(server.output).not.toMatch(/resumed handshake/);
        }),
    );

    cellIf(
      'connectionId',
      'a device with a connection ID changes its port, and registration and observation go on',
      async () => {
        await using server = await LibraryServer.start(device, 6);
        await using moving = start(server.port, '--cid', '--prompt');
        await observe(server, moving);
        await moving.printed(/^connected to .*, a connection ID of 6 bytes, /m);
        for (let change = 0; change < changes; change++) {
          const ports = /^changed the UDP port from (\d+) to (\d+), without a handshake$/gm;
          moving.write('rebind\n');
          await moving.printed(new RegExp(`(?:${ports.source}[^]*){${change + 1}}`, 'm'));
          server.skip();
          await goesOn(server);
        }
        expect(moving.output).not.toMatch(/^Update /m);
        moving.interrupt();
        await server.next(/sleeper deregistered/);
        expect(await moving.exited()).toBe(0);
        expectOneOfEach(server);
        expect(server.output).not.toMatch(/resumed handshake/);
      },
    );
  }
}

/** A device of Leshan's behind a NAT that gives it another port, and our demo's server. */
export function natCells(): void {
  for (const { backend } of backends) {
    const row = 'a device with a connection ID gets another port from its NAT, and registration and observation go on';
    const place = { row, kind: 'scenario', role: 'server', backend: backend.name } as const;
    if (!backend.capabilities.connectionId) {
      emptyCell(leshan, place, 'the backend has no connection IDs', () =>
        expect(backend.capabilities.connectionId).toBe(false),
      );
      continue;
    }
    cell(leshan, place, async () => {
      const common = ['--host', '127.0.0.1', '--port', '0', '--backend', backend.name, '--cid'];
      await using server = avsDemo('server', ...common, '--psk', `${device.identity}:${device.key}`);
      const [, port] = await server.printed(/listening on coaps:\/\/127\.0\.0\.1:(\d+)/);
      const nat = await NatRelay.to(Number(port));
      try {
        const args = [device.endpoint, `coaps://127.0.0.1:${nat.port}`, device.identity, device.key, '60'];
        await using sleeper = leshanPrograms().device.start('LeshanDevice', args);
        await server.printed(/full handshake in \d flights, a connection ID of 8 bytes$/m);
        await server.printed(/^sleeper registered: /m);
        server.write('observe sleeper /3/0/9\n');
        await server.printed('Battery Level = 100');
        for (const level of [99, 98]) {
          const [{ now } = { now: 0 }] = await nat.rebind();
          sleeper.write(`battery ${level}\n`);
          await server.printed(new RegExp(`sleeper notifies: .*Battery Level = ${level}$`, 'm'));
          server.write('read sleeper /3/0/0\n');
          await server.printed(new RegExp(`(?:^/3/0/0 Manufacturer = "Eclipse"$[^]*){${100 - level}}`, 'm'));
          await server.printed(new RegExp(`^"sleeper-identity" has moved from \\S+ to 127\\.0\\.0\\.1:${now}, `, 'm'));
        }
        expect(server.output.match(/handshake complete/g)).toHaveLength(1);
        expect(server.output.match(/^sleeper registered/gm)).toHaveLength(1);
        sleeper.write('stop\n');
        await server.printed('sleeper deregistered');
      } finally {
        await nat.close();
      }
    });
  }
}

/** The device registers, and the server observes its temperature. */
async function observe(server: LibraryServer, process: ProcessPeer): Promise<void> {
  await server.next(/full handshake/);
  await server.next(/sleeper registered from port \d+/);
  server.command('observe sleeper /3303/0/5700');
  await server.next(/sleeper notified \/3303\/0\/5700 .*/);
  await process.printed('served: observe /3303/0/5700');
}

/** Notifications come, and the server reads the device. */
async function goesOn(server: LibraryServer): Promise<void> {
  for (let count = 0; count < 3; count++) await server.next(/sleeper notified \/3303\/0\/5700 .*/);
  server.command('read sleeper /3/0/0');
  await server.next(/sleeper read \/3\/0\/0 avs-net/);
}

/** The server has seen one handshake from nothing, and one registration. */
function expectOneOfEach({ output }: LibraryServer): void {
  expect(output.match(/^sleeper registered/gm)).toHaveLength(1);
  expect(output.match(/^full handshake/gm)).toHaveLength(1);
}

/** Runs with the name of a file that is not there yet, and removes it. */
export async function withSessionFile(run: (filename: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'avs-demo-'));
  try {
    await run(join(folder, 'session'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
