import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Backend } from '@avs-net/core';
import { ciphersuiteName } from '@avs-net/core';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { expect } from 'vitest';
import { wrongKey } from '../../src/association.js';
import { backends } from '../../src/backends.js';
import { cell, describePeer, emptyCell } from '../../src/cells.js';
import { offeredByUs, takenByUs } from '../../src/connection-id-scenarios.js';
import { freeUdpPort } from '../../src/free-port.js';
import { noConnectionIds } from '../../src/moving.js';
import { CoapClient, CoapServer } from '../../src/node-coap.js';
import { PeerLacks, type Role } from '../../src/peer.js';
import { allSuites } from '../../src/suite-cells.js';
import { type LibcoapPeer, libcoaps, textIdentity, textKey } from './peer.js';

const key = pskKeyInfoFromBuffer(Buffer.from(textKey));
const identity = pskIdentityInfoFromBuffer(textIdentity);

/** Longer than a message; and every block differs. */
const largeText = Array.from({ length: 500 }, (_, i) => `line ${i}`).join('\n');

/** The same in a file. */
function largeFile(): string {
  const folder = fileURLToPath(new URL('build/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}large`, largeText);
  return `${folder}large`;
}

const clientOf = (backend: Backend, port: number, ciphersuites?: number[]): Promise<CoapClient> =>
  CoapClient.connect(backend, { security: { mode: 'psk', key, identity }, ciphersuites }, port);

const serverOf = (backend: Backend, ciphersuites?: number[], useConnectionId?: boolean): Promise<CoapServer> =>
  CoapServer.listen(backend, {
    security: { mode: 'psk', resolve: (id) => (Buffer.from(id).toString() === textIdentity ? key : undefined) },
    ciphersuites,
    useConnectionId,
  });

/** The suite decides the record protection; libcoap's programs cannot choose one, so we offer or accept only one. */
function suiteCells(libcoap: LibcoapPeer): void {
  for (const { backend, lacks } of backends) {
    for (const suite of allSuites) {
      const place = { row: ciphersuiteName(suite), kind: 'suite', backend: backend.name } as const;
      if (!backend.capabilities.ciphersuites.includes(suite)) {
        const reason = lacks.find(({ suites }) => suites.includes(suite))?.reason ?? 'unexplained';
        for (const role of ['client', 'server'] as const) {
          emptyCell(libcoap, { ...place, role }, reason, () => expect(reason).not.toBe('unexplained'));
        }
        continue;
      }
      cell(libcoap, { ...place, role: 'client' }, async () => {
        const port = await freeUdpPort();
        await using _server = await libcoap.serve(port);
        await using client = await clientOf(backend, port, [suite]).catch((error: unknown) => {
          throw String(error).includes('handshake_failure') ? new PeerLacks(String(error)) : error;
        });
        const response = await client.request({ path: '/' });
        expect(response.code).toBe('2.05');
        expect(response.payload.toString()).toContain('libcoap');
      });
      cell(libcoap, { ...place, role: 'server' }, async () => {
        await using server = await serverOf(backend, [suite]);
        await using client = libcoap.request(server.port, '/hello');
        const code = await client.exited();
        const { accepted, cookiesSent, failed } = server.listener.stats;
        // A client without the suite is refused after its cookie, before it has sent anything else.
        if (cookiesSent >= 1 && accepted === 0 && /handshake fail/i.test(client.output)) {
          throw new PeerLacks(client.output);
        }
        expect({ code, accepted, failed }, client.log).toEqual({ code: 0, accepted: 1, failed: 0 });
        expect(client.output).toContain('hello from node-coap');
      });
    }
  }
}

/** libcoap has none; our side's are turned on, and nothing comes of it. */
function connectionIdCells(libcoap: LibcoapPeer, backend: Backend): void {
  const own = noConnectionIds(backend);
  for (const role of ['client', 'server'] as const) {
    const place = { kind: 'scenario', role, backend: backend.name } as const;
    const row = role === 'client' ? offeredByUs : takenByUs;
    emptyCell(libcoap, { ...place, row: 'connection IDs' }, own ?? `${libcoap.title} has no connection IDs`);
    if (own !== undefined) emptyCell(libcoap, { ...place, row }, own);
    else cell(libcoap, { ...place, row }, () => withoutConnectionIds(libcoap, backend, role));
  }
}

async function withoutConnectionIds(libcoap: LibcoapPeer, backend: Backend, role: Role): Promise<void> {
  const none = { connectionId: undefined, peerConnectionId: undefined };
  if (role === 'client') {
    const port = await freeUdpPort();
    await using _server = await libcoap.serve(port);
    const configuration = { security: { mode: 'psk', key, identity }, useConnectionId: true } as const;
    await using client = await CoapClient.connect(backend, configuration, port);
    expect((await client.request({ path: '/' })).code).toBe('2.05');
    expect(client.socket.info).toMatchObject(none);
    return;
  }
  await using server = await serverOf(backend, undefined, true);
  await using client = libcoap.request(server.port, '/hello');
  expect(await client.exited()).toBe(0);
  expect(client.output).toContain('hello from node-coap');
  expect(server.listener.stats).toMatchObject({ accepted: 1, failed: 0 });
}

function scenarioCells(libcoap: LibcoapPeer): void {
  for (const { backend } of backends) {
    const scenario = (row: string, role: 'client' | 'server', run: () => Promise<void>): void =>
      cell(libcoap, { row, kind: 'scenario', role, backend: backend.name }, run);

    connectionIdCells(libcoap, backend);

    scenario('observe', 'client', async () => {
      const port = await freeUdpPort();
      await using _server = await libcoap.serve(port);
      await using client = await clientOf(backend, port);
      // What the resource has at first is longer than a message, and node-coap observes only what comes in one.
      await client.request({ method: 'PUT', path: '/example_data', payload: Buffer.from('zero') });
      const observed = await client.request({ path: '/example_data', observe: true });
      expect(observed.headers['Observe']).toBeDefined();
      const values: string[] = [];
      for (const value of ['one', 'two', 'three']) {
        const told = new Promise<void>((resolve) => {
          observed.on('data', (payload: Buffer) => {
            if (payload.toString() === value) resolve();
          });
        });
        await client.request({ method: 'PUT', path: '/example_data', payload: Buffer.from(value) });
        await told;
        values.push(value);
      }
      expect(values).toEqual(['one', 'two', 'three']);
      observed.emit('close');
    });

    scenario('observe', 'server', async () => {
      await using server = await serverOf(backend);
      await using client = libcoap.request(server.port, '/hello', '-s', '60');
      await client.printed('hello from node-coap');
      for (const value of ['first change', 'second change']) {
        server.set('/hello', Buffer.from(value));
        await client.printed(value);
      }
      expect(server.observers('/hello')).toBe(1);
    });

    scenario('block-wise, up and down', 'client', async () => {
      const port = await freeUdpPort();
      await using _server = await libcoap.serve(port);
      await using client = await clientOf(backend, port);
      const payload = Buffer.from(largeText);
      const put = await client.request({ method: 'PUT', path: '/example_data', payload });
      expect(put.code).toMatch(/^2\./);
      const got = await client.request({ path: '/example_data' });
      expect(got.payload.toString()).toBe(largeText);
    });

    scenario('block-wise, up', 'server', async () => {
      await using server = await serverOf(backend);
      await using put = libcoap.request(server.port, '/large', '-m', 'put', '-b', '256', '-f', largeFile());
      expect(await put.exited()).toBe(0);
      expect(server.get('/large')?.toString()).toBe(largeText);
    });

    scenario('block-wise, down', 'server', async () => {
      await using server = await serverOf(backend);
      server.set('/large', Buffer.from(largeText));
      await using get = libcoap.request(server.port, '/large', '-v', '3');
      expect(await get.exited()).toBe(0);
      expect(get.output).toContain(largeText);
    });

    scenario('another key is refused', 'client', async () => {
      const port = await freeUdpPort();
      await using _server = await libcoap.serve(port);
      const security = { mode: 'psk', key: wrongKey, identity } as const;
      const timers = { handshakeTimeouts: { min: 200, max: 400 } };
      await expect(CoapClient.connect(backend, { security, ...timers }, port)).rejects.toThrow(/ETIMEDOUT|alert/);
    });

    scenario('another key is refused', 'server', async () => {
      await using server = await CoapServer.listen(backend, { security: { mode: 'psk', resolve: () => wrongKey } });
      await using client = libcoap.request(server.port, '/hello');
      // A client on GnuTLS sometimes gives up before it has repeated its Finished, and then our listener still waits for that.
      await client.exited();
      expect(client.output).not.toContain('hello from node-coap');
      expect(server.listener.stats.cookiesSent).toBeGreaterThanOrEqual(1);
      expect(server.listener.stats.accepted).toBe(0);
    });
  }
}

for (const libcoap of libcoaps) {
  await describePeer(libcoap, () => {
    suiteCells(libcoap);
    scenarioCells(libcoap);
  });
}
