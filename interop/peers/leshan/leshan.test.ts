import { afterAll, beforeAll, describe, expect } from 'vitest';
import { backends } from '../../src/backends.js';
import { cell, describePeer } from '../../src/cells.js';
import type { ProcessPeer } from '../../src/process-peer.js';
import { continuationCells, natCells, withSessionFile } from './continuation-cells.js';
import { avsDemo } from './demo.js';
import { LeshanServer } from './leshan-server.js';
import { leshan, leshanPrograms } from './peer.js';
import type { ServerEvents } from './server-events.js';

const key = '000102030405060708090a0b0c0d0e0f';

/** Ways to write a device's values down that LwM2M 1.0 and 1.1 ask for. */
const formats = ['TLV', 'SENML_JSON'] as const;

let devices = 0;

await describePeer(leshan, () => {
  describe('our device and Leshan’s demo server', () => {
    let server: LeshanServer;

    beforeAll(async () => {
      server = await LeshanServer.start();
    }, 180_000);

    afterAll(async () => {
      await server?.[Symbol.asyncDispose]();
    });

    for (const { backend } of backends) {
      // Leshan's server is older than Californium 3.8 and does not know renegotiation_info.
      const legacy = '--legacy-server';

      const device = (endpoint: string, identity: string, deviceKey: string, ...more: string[]): ProcessPeer =>
        avsDemo(
          'client',
          ...['-u', `coaps://127.0.0.1:${server.port}`, '-e', endpoint, '-i', identity, '-k', deviceKey],
          ...['--lifetime', '60', '--sensor-period', '0.1', '--backend', backend.name, ...more],
        );

      // This server says nothing to strangers, so that their timers end them, after 1, 2, 4, 8 and 16 s. They begin before all others.
      const strange = `stranger-${backend.name}`;
      const strangers: ProcessPeer[] = [];

      beforeAll(async () => {
        await server.addKey(strange, strange, key);
        strangers.push(device(strange, strange, 'ff'.repeat(16), legacy), device(strange, 'nobody', key, legacy));
      });

      afterAll(async () => {
        for (const stranger of strangers) await stranger[Symbol.asyncDispose]();
      });

      const scenario = (
        row: string,
        run: (device: ProcessPeer, endpoint: string, events: ServerEvents) => Promise<void>,
        ...more: string[]
      ): void =>
        cell(leshan, { row, kind: 'scenario', role: 'client', backend: backend.name }, async () => {
          devices += 1;
          const endpoint = `device-${devices}`;
          await server.addKey(endpoint, `${endpoint}-identity`, key);
          await using events = await server.events(endpoint);
          await using process = device(endpoint, `${endpoint}-identity`, key, legacy, ...more);
          expect(await events.next('REGISTRATION', endpointOf)).toBe(endpoint);
          await run(process, endpoint, events);
          process.interrupt();
          expect(await events.next('DEREGISTRATION', endpointOf)).toBe(endpoint);
          expect(await process.exited()).toBe(0);
          expect(await server.registration(endpoint)).toBeUndefined();
        });

      scenario('a device registers and deregisters', async (_device, endpoint) => {
        expect(await server.registration(endpoint)).toMatchObject({
          endpoint,
          lifetime: 60,
          secure: true,
          objectLinks: expect.arrayContaining(
            ['/1/0', '/3/0', '/3303/0'].map((url) => expect.objectContaining({ url })),
          ),
        });
      });

      scenario(
        'a device registers with TLS_PSK_WITH_AES_128_CBC_SHA256',
        (process) => process.printed('TLS_PSK_WITH_AES_128_CBC_SHA256').then(() => undefined),
        '--ciphersuites',
        'TLS_PSK_WITH_AES_128_CBC_SHA256',
      );

      scenario('the server reads an object, in TLV and SenML JSON', async (_device, endpoint) => {
        for (const format of formats) {
          expect(await server.read(endpoint, '/3/0', format)).toMatchObject({
            status: 'CONTENT(205)',
            content: {
              id: 0,
              resources: expect.arrayContaining([
                expect.objectContaining({ id: 0, value: 'avs-net' }),
                expect.objectContaining({ id: 9, value: 87 }),
              ]),
            },
          });
        }
      });

      scenario('the server writes, and the device updates its registration', async (_device, endpoint, events) => {
        expect(await server.write(endpoint, '/1/0/1', 120)).toMatchObject({ status: 'CHANGED(204)' });
        expect(await events.next('UPDATED', (data) => (lifetimeOf(data) === 120 ? 120 : undefined))).toBe(120);
        expect(await server.read(endpoint, '/1/0/1')).toMatchObject({ content: { id: 1, value: 120 } });
        expect(await server.write(endpoint, '/3/0/15', 'Europe/Warsaw', 'TLV')).toMatchObject({
          status: 'CHANGED(204)',
        });
        expect(await server.write(endpoint, '/3/0/15', 'Nowhere', 'TEXT')).toMatchObject({
          status: 'BAD_REQUEST(400)',
        });
        expect(await server.read(endpoint, '/3/0/15', 'TEXT')).toMatchObject({ content: { value: 'Europe/Warsaw' } });
      });

      scenario('the server executes', async (_device, endpoint, events) => {
        expect(await server.execute(endpoint, '/3/0/12')).toMatchObject({ status: 'CHANGED(204)' });
        expect(await server.execute(endpoint, '/1/0/8')).toMatchObject({ status: 'CHANGED(204)' });
        await events.next('UPDATED', () => true);
        expect(await server.execute(endpoint, '/3/0/0')).toMatchObject({ status: 'METHOD_NOT_ALLOWED(405)' });
      });

      scenario('the server reboots the device, which registers again', async (_device, endpoint, events) => {
        expect(await server.execute(endpoint, '/3/0/4')).toMatchObject({ status: 'CHANGED(204)' });
        await events.next('REGISTRATION', () => true);
        expect(await server.read(endpoint, '/3/0/0')).toMatchObject({ content: { value: 'avs-net' } });
      });

      scenario('the server observes, and receives notifications', async (_device, endpoint, events) => {
        expect(await server.observe(endpoint, '/3303/0/5700')).toMatchObject({ status: 'CONTENT(205)' });
        const values = new Set<number>();
        while (values.size < 3) values.add(await events.next('NOTIFICATION', temperatureOf));
        await server.cancel(endpoint, '/3303/0/5700');
        expect(await server.read(endpoint, '/3303/0/5701')).toMatchObject({ content: { value: 'Cel' } });
      });

      cell(
        leshan,
        {
          row: 'a device with another key, or an unknown identity, is refused',
          kind: 'scenario',
          role: 'client',
          backend: backend.name,
        },
        async () => {
          expect(strangers).toHaveLength(2);
          for (const stranger of strangers) {
            expect(await stranger.exited(120_000)).toBe(1);
            expect(stranger.output).toMatch(/^avs-demo: .*-i and -k.*$/m);
          }
          expect(await server.registration(strange)).toBeUndefined();
        },
      );

      cell(
        leshan,
        {
          row: 'a device that is restarted resumes its session with the demo server',
          kind: 'scenario',
          role: 'client',
          backend: backend.name,
        },
        () =>
          withSessionFile(async (filename) => {
            const endpoint = `sleeper-${backend.name}`;
            await server.addKey(endpoint, endpoint, key);
            const start = (): ProcessPeer => device(endpoint, endpoint, key, legacy, '--session-file', filename);
            {
              await using first = start();
              await first.printed(/^Register .*2\.01 Created/m);
            }
            await using again = start();
            expect((await again.printed(/^connected to .*$/m))[0]).toContain('resumed in');
          }),
      );

      cell(
        leshan,
        {
          row: 'a device that is not told that the server is an old one refuses it',
          kind: 'scenario',
          role: 'client',
          backend: backend.name,
        },
        async () => {
          await using process = device('careful', 'careful', key);
          expect(await process.exited()).toBe(1);
          expect(process.output).toMatch(/^avs-demo: .*renegotiation_info.*--legacy-server.*$/m);
        },
      );
    }
  });

  continuationCells();
  natCells();

  describe('a device on Leshan’s client and our demo’s server', () => {
    for (const { backend } of backends) {
      const scenario = (
        row: string,
        run: (
          server: ProcessPeer,
          device: ProcessPeer,
          ask: (line: string, answer: RegExp) => Promise<string>,
        ) => Promise<void>,
        ...more: string[]
      ): void =>
        cell(leshan, { row, kind: 'scenario', role: 'server', backend: backend.name }, async () => {
          const common = ['--host', '127.0.0.1', '--port', '0', '--backend', backend.name];
          await using server = avsDemo('server', ...common, '--psk', `leshan-identity:${key}`, ...more);
          const port = (await server.printed(/listening on coaps:\/\/127\.0\.0\.1:(\d+)/))[1];
          const { device: program } = leshanPrograms();
          const uri = `coaps://127.0.0.1:${port}`;
          await using device = program.start('LeshanDevice', ['leshan', uri, 'leshan-identity', key, '60']);
          await device.printed(/^registered \S+$/m);
          await server.printed(/^leshan registered: /m);
          await run(server, device, async (line, answer) => {
            const before = server.output.length;
            server.write(`${line}\n`);
            return (await server.printed(new RegExp(`^[^]{${before}}[^]*?(${answer.source})`)))[1] ?? '';
          });
          device.write('stop\n');
          await device.printed('deregistered');
          await server.printed('leshan deregistered');
          server.write('quit\n');
          expect(await server.exited()).toBe(0);
        });

      scenario('a device registers, updates and deregisters', async (server, device) => {
        device.write('update\n');
        await device.printed('updated');
        await server.printed('leshan updated');
      });

      scenario(
        'a device registers with TLS_PSK_WITH_AES_128_CBC_SHA256',
        (server) => server.printed('TLS_PSK_WITH_AES_128_CBC_SHA256').then(() => undefined),
        '--ciphersuites',
        'TLS_PSK_WITH_AES_128_CBC_SHA256',
      );

      scenario('the server reads, writes, executes and discovers', async (_server, device, ask) => {
        await ask('read leshan /3/0', /\/3\/0\/0 Manufacturer = "Eclipse"/);
        await ask('write leshan /3/0/15 Europe/Warsaw', /2\.04/);
        await ask('read leshan /3/0/15', /Europe\/Warsaw/);
        await ask('execute leshan /3/0/4', /2\.04/);
        await device.printed('rebooting');
        await ask('discover leshan /3', /\/3\/0\/9/);
      });

      scenario('the server observes, and receives notifications', async (server, device, ask) => {
        await ask('observe leshan /3/0/9', /\/3\/0\/9 Battery Level = 100/);
        for (const level of [99, 98, 97]) {
          device.write(`battery ${level}\n`);
          await server.printed(new RegExp(`leshan notifies: .*Battery Level = ${level}`));
        }
        await ask('cancel leshan /3/0/9', /2\.05/);
      });

      cell(
        leshan,
        { row: 'a device with another key is refused', kind: 'scenario', role: 'server', backend: backend.name },
        async () => {
          const common = ['--host', '127.0.0.1', '--port', '0', '--backend', backend.name];
          await using server = avsDemo('server', ...common, '--psk', `leshan-identity:${key}`);
          const port = (await server.printed(/listening on coaps:\/\/127\.0\.0\.1:(\d+)/))[1];
          const { device: program } = leshanPrograms();
          const args = ['leshan', `coaps://127.0.0.1:${port}`, 'leshan-identity', 'ff'.repeat(16), '60'];
          await using device = program.start('LeshanDevice', args);
          await device.printed(/not registered/);
          server.write('list\n');
          await server.printed('no device is registered');
        },
      );
    }
  });
});

/** A field of what came from outside. */
function field(data: unknown, name: string): unknown {
  return typeof data === 'object' && data !== null ? (data as Record<string, unknown>)[name] : undefined;
}

function endpointOf(data: unknown): unknown {
  return field(data, 'endpoint');
}

function lifetimeOf(data: unknown): unknown {
  return field(field(data, 'registration'), 'lifetime');
}

function temperatureOf(data: unknown): number | undefined {
  const value = field(field(data, 'val'), 'value');
  return field(data, 'res') === '/3303/0/5700' && typeof value === 'number' ? value : undefined;
}
