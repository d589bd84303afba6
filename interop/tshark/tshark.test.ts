import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Backend, ciphersuiteName, type SecureSocket } from '@avs-net/core';
import { MemoryNetwork, VirtualClock } from '@avs-net/core/testing';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { avsDemo } from '../peers/leshan/demo.js';
import { backends } from '../src/backends.js';
import { versionOf } from '../src/command.js';
import { type Captured, captureFile, Recorder } from './capture.js';

// Wireshark reads what we have sent, with the key log that we have written, and nothing else of ours.

/** Wireshark 4.0 has no ChaCha20-Poly1305 in DTLS, and does not know the suites of RFC 8442. When it does, the test says so. */
const unknownToWireshark = /CHACHA20|ECDHE_PSK_WITH_AES_128_(GCM|CCM_8)_SHA256/;

const version = versionOf('tshark', ['--version'], /TShark \(Wireshark\) ([\d.]+)/);
const howToGet = 'tshark is not there. To get it: apt-get install tshark, or your system’s package of Wireshark';
if (version === undefined && process.env['CI']) throw new Error(howToGet);
if (version === undefined) console.warn(howToGet);

describe.skipIf(version === undefined)('tshark decrypts with the key log', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tshark-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  /** The fields of each packet that a filter lets through, once what can be decrypted is. */
  async function read(datagrams: readonly Captured[], keyLog: string, filter: string, ...fields: string[]) {
    const [capture, keys] = [join(folder, 'capture.pcap'), join(folder, 'keys.log')];
    await writeFile(capture, captureFile(datagrams));
    await writeFile(keys, keyLog);
    const wanted = fields.flatMap((field) => ['-e', field]);
    const args = ['-r', capture, '-o', `tls.keylog_file:${keys}`, '-Y', filter, '-T', 'fields', ...wanted];
    const printed = execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return printed
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  }

  describe.each(backends.map(({ backend }) => [backend.name, backend] as const))('of %s', (_name, backend) => {
    const withIds = ', with connection IDs';
    const ways = backend.capabilities.connectionId ? ['', withIds] : [''];
    it.each(ways)('what was sent with each ciphersuite, both ways, and after a resumption%s', async (way) => {
      const useConnectionId = way === withIds;
      const datagrams: Captured[] = [];
      const lines: string[] = [];
      const { ciphersuites } = backend.capabilities;
      const expected: string[] = [];
      for (const [index, suite] of ciphersuites.entries()) {
        const clientPort = 40_000 + index;
        const onKeyLog = (line: string): number => lines.push(line);
        await converse(backend, { suite, useConnectionId, onKeyLog }, (from, data) =>
          datagrams.push({ from, clientPort, data }),
        );
        const name = ciphersuiteName(suite);
        if (unknownToWireshark.test(name)) continue;
        for (const round of ['first', 'second']) expected.push(`up ${round} ${name}`, `down ${round} ${name}`);
      }
      const packets = await read(datagrams, `${lines.join('\n')}\n`, 'coap', 'data.data');
      const texts = packets.map(([hex = '']) => Buffer.from(hex.replaceAll(':', ''), 'hex').toString());
      expect(texts).toEqual(expected);
      expect(expected.length).toBeGreaterThan(24);
      if (useConnectionId) {
        const seen = await read(datagrams, '', 'dtls.record.connection_id', 'dtls.record.connection_id');
        const connectionIds = new Set(seen.flatMap(([all = '']) => all.split(',')));
        expect(connectionIds.size, 'two in each association').toBe(4 * ciphersuites.length);
      }
      expect(await read(datagrams, '', 'coap', 'data.data'), 'and nothing without the log').toEqual([]);
    });

    it('a registration of the demo', async () => {
      const key = '00112233445566778899aabbccddeeff';
      const keyLog = join(folder, 'demo.log');
      const common = ['--backend', backend.name];
      await using server = avsDemo('server', '--port', '0', '--psk', `thermo:${key}`, ...common);
      const [, port] = await server.printed(/listening on coaps:\/\/[^:]*:(\d+)/);
      await using recorder = await Recorder.to(Number(port));
      await using device = avsDemo(
        'client',
        ...['-u', `coaps://127.0.0.1:${recorder.port}`, '-e', 'thermo-1', '-i', 'thermo', '-k', key],
        ...['--key-log', keyLog, ...common],
      );
      await server.printed(/thermo-1 registered/);
      device.interrupt();
      await server.printed(/thermo-1 deregistered/);
      const log = await readFile(keyLog, 'utf8');
      const queries = await read(recorder.datagrams, log, 'coap.code == 2', 'coap.opt.uri_path', 'coap.opt.uri_query');
      expect(queries.map(([path]) => path)).toContain('rd');
      expect(queries.flat().join()).toContain('ep=thermo-1');
      const ends = await read(recorder.datagrams, log, 'coap.code == 4', 'coap.opt.uri_path');
      expect(ends.length, 'the Deregister').toBe(1);
    });
  });
});

/** How two sides converse. */
interface Conversed {
  readonly suite: number;
  readonly useConnectionId: boolean;
  readonly onKeyLog: (line: string) => void;
}

/** Two associations of one client, the second resumed where the backend can, with a CoAP message each way. */
async function converse(
  backend: Backend,
  { suite, useConnectionId, onKeyLog }: Conversed,
  capture: (from: 'client' | 'server', data: Uint8Array) => void,
): Promise<void> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ seed: 1, clock });
  const address = '10.0.0.1';
  network.observe(({ data, from }) => capture(from.host === address ? 'server' : 'client', data));
  const key = pskKeyInfoFromBuffer(new Uint8Array(16).fill(1));
  const listener = await backend.createDtlsListener({
    security: { mode: 'psk', resolve: () => key },
    useConnectionId,
    clock,
  });
  await listener.decorate(network.createUdpSocket({}, { address }));
  await clock.runUntil(listener.bind(address, 5684));
  const identity = pskIdentityInfoFromBuffer('device');
  const security = { mode: 'psk', key, identity } as const;
  const client = await backend.createDtlsSocket({
    security,
    ciphersuites: [suite],
    onKeyLog,
    useConnectionId,
    connectionIds: { length: 4 },
    clock,
  });
  await client.decorate(network.createUdpSocket({}, { address: '10.0.0.2' }));
  const tell = async (from: SecureSocket, to: SecureSocket, text: string): Promise<void> => {
    // RFC 7252 §3: a non-confirmable 2.05 without a token, and its payload.
    await clock.runUntil(from.send(Buffer.concat([Uint8Array.of(0x50, 0x45, 0, 1, 0xff), Buffer.from(text)])));
    await clock.runUntil(to.receive());
  };
  for (const round of ['first', 'second']) {
    const accepting = listener.accept();
    await clock.runUntil(client.connect(address, 5684));
    const server = (await clock.runUntil(accepting)) as SecureSocket;
    await tell(client, server, `up ${round} ${ciphersuiteName(suite)}`);
    await tell(server, client, `down ${round} ${ciphersuiteName(suite)}`);
    await clock.runUntil(client.close());
  }
  expect(client.getOption('sessionResumed')).toBe(backend.capabilities.sessionResumption);
  await clock.runUntil(Promise.all([client.cleanup(), listener.cleanup()]));
}
