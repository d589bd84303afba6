import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { backends } from '../../src/backends.js';
import { cell, emptyCell } from '../../src/cells.js';
import type { ProcessPeer } from '../../src/process-peer.js';
import { avsDemo } from './demo.js';
import { LibraryServer } from './library-server.js';
import { leshan } from './peer.js';

const device = { endpoint: 'sleeper', identity: 'sleeper-identity', key: '000102030405060708090a0b0c0d0e0f' };

/** How often a device is restarted. */
const restarts = 2;

/** Cells with a device that is killed and started again, its session kept in a file; the server is the one on Leshan's library. */
export function resumptionCells(): void {
  for (const { backend } of backends) {
    const row = 'a device that is restarted resumes its session, and registration and observation go on';
    const place = { row, kind: 'scenario', role: 'client', backend: backend.name } as const;
    if (!backend.capabilities.sessionResumption) {
      emptyCell(leshan, place, 'the backend has no resumption', () =>
        expect(backend.capabilities.sessionResumption).toBe(false),
      );
      continue;
    }

    const start = (port: number, sessionFile: string): ProcessPeer =>
      avsDemo(
        'client',
        ...['-u', `coaps://127.0.0.1:${port}`, '-e', device.endpoint, '-i', device.identity, '-k', device.key],
        ...['--lifetime', '60', '--sensor-period', '0.1', '--backend', backend.name],
        ...['--session-file', sessionFile],
      );

    cell(leshan, place, () =>
      withSessionFile(async (sessionFile) => {
        await using server = await LibraryServer.start(device);
        {
          await using first = start(server.port, sessionFile);
          await server.next(/full handshake/);
          await server.next(/sleeper registered from port \d+/);
          server.command('observe sleeper /3303/0/5700');
          await server.next(/sleeper notified \/3303\/0\/5700 .*/);
          await first.printed('served: observe /3303/0/5700');
        }
        for (let restart = 0; restart < restarts; restart++) {
          server.skip();
          await using again = start(server.port, sessionFile);
          await again.printed(/^connected to .*, resumed in \d round trips?, /m);
          await server.next(/resumed handshake/);
          await server.next(/sleeper updated from port \d+/);
          for (let count = 0; count < 3; count++) await server.next(/sleeper notified \/3303\/0\/5700 .*/);
          server.command('read sleeper /3/0/0');
          await server.next(/sleeper read \/3\/0\/0 avs-net/);
          expect(again.output).not.toMatch(/^Register /m);
          if (restart + 1 < restarts) continue;
          again.interrupt();
          await server.next(/sleeper deregistered/);
          expect(await again.exited()).toBe(0);
        }
        expect(server.output.match(/^sleeper registered/gm)).toHaveLength(1);
        expect(server.output.match(/^full handshake/gm)).toHaveLength(1);
      }),
    );
  }
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
