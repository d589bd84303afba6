import { once } from 'node:events';
import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { pskClient, pskServer } from '../../tls-contract/src/testbed.js';
import { createBackend } from '../src/backend.js';
import { backend, loadError, opensslVersion } from '../src/index.js';
import { loadNative } from '../src/native.js';
import { bytes, EnginePair, native, testKey } from './engine-pair.js';

const addonFile = (): string => {
  const nodeGypBuild = createRequire(import.meta.url)('node-gyp-build') as { resolve(directory: string): string };
  return nodeGypBuild.resolve(new URL('../native', import.meta.url).pathname);
};

interface RecordCalls {
  readonly exchangeNumbers: Int32Array;
  readonly receive: () => void;
  readonly protect: () => void;
}

const client = { server: false, ciphersuites: 'PSK-AES128-CCM8', identity: bytes('me'), key: testKey };

describe('the addon', () => {
  it('loads, and runs on the OpenSSL of this Node', () => {
    expect(loadError).toBeUndefined();
    expect(process.versions.openssl).toContain(opensslVersion);
    expect(backend.capabilities.dtlsVersions).toEqual(['1.0', '1.1', '1.2']);
    expect(backend.capabilities.ciphersuites).toContain(0xc0a8);
  });

  it('refuses what is no number, no text and no bytes with a TypeError', () => {
    const context = new native.Context({ server: true, ciphersuites: 'PSK-AES128-CCM8' });
    const { Context, Association, CookieExchange } = native;
    const wrong: (() => unknown)[] = [
      () => new Context(undefined as never),
      () => new Context({ server: true, ciphersuites: 5 as never }),
      () => new Context({ server: true, ciphersuites: 'PSK-AES128-CCM8', identity: 'identity' as never }),
      () => new Association({} as never),
      () => new Association(undefined as never),
      () => new CookieExchange(context).admit('4' as never, 0, false),
      () => new Association(context).offerSession(new Uint16Array(4) as never),
      () => new Association(context).considerSession('state' as never),
      () => new Association(context).considerTicket(undefined as never),
      () => new Association(context).configure('1200' as never, 6, ''),
      () => new Association(context).copy('0' as never),
      () => native.Context.prototype.destroy.call({} as never),
    ];
    for (const run of wrong) expect(run).toThrowError(TypeError);
  });

  it('takes no more from the exchange than is in it', () => {
    const handle = new native.Association(new native.Context(client)).handle();
    const tooLong = new Uint8Array(native.exchange.capacity + 1);
    expect(() => native.exchange.receive(handle, tooLong)).toThrowError(RangeError);
    expect(() => native.exchange.protect(handle, tooLong)).toThrowError(RangeError);
    const addon = createRequire(import.meta.url)(addonFile()) as RecordCalls;
    for (const length of [-1, -(2 ** 31)]) {
      addon.exchangeNumbers.set([handle, length], 16);
      expect(addon.receive).toThrowError(RangeError);
      expect(addon.protect).toThrowError(RangeError);
    }
    const exchange = new native.CookieExchange(new native.Context({ server: true, ciphersuites: 'PSK-AES128-CCM8' }));
    const { capacity } = native.exchange;
    for (const [length, subjectLength] of [
      [capacity + 1, 0],
      [capacity, 1],
      [1, 2 ** 32 - 1],
    ] as const) {
      expect(() => exchange.admit(length, subjectLength, false)).toThrowError(RangeError);
    }
  });

  it('refuses an unknown suite in the words of OpenSSL, and a context that is destroyed', () => {
    const make = () => new native.Context({ ...client, ciphersuites: 'NO-SUCH-SUITE' });
    expect(make).toThrowError(/SSL routines/);
    const context = new native.Context(client);
    const association = new native.Association(context);
    context.destroy();
    context.destroy();
    expect(() => new native.Association(context)).toThrowError(TypeError);
    association.destroy();
    association.destroy();
    expect(() => association.proceed()).toThrowError('destroyed');
  });

  it('knows no association by a handle that was never given, or whose association is destroyed', () => {
    const context = new native.Context(client);
    const [gone, kept] = [new native.Association(context), new native.Association(context)];
    const handle = gone.handle();
    gone.destroy();
    const next = new native.Association(context);
    expect(new Set([handle, kept.handle(), next.handle()]).size).toBe(3);
    for (const unknown of [handle, 0, -1, 2 ** 31 - 1]) {
      expect(() => native.exchange.receive(unknown, bytes('datagram'))).toThrowError('destroyed');
      expect(() => native.exchange.protect(unknown, bytes('plaintext'))).toThrowError('destroyed');
    }
    for (const known of [kept, next]) {
      expect(native.exchange.receive(known.handle(), bytes('datagram'))).toBe(native.progress.hasDrops);
      expect(native.exchange.protect(known.handle(), bytes('plaintext'))).toBe(0);
    }
  });

  it('shows no key when it is inspected or made JSON', () => {
    const key = bytes('top-secret-key-0');
    const context = new native.Context({ ...client, key });
    const association = new native.Association(context);
    const shown = [context, association].map(
      (each) => inspect(each, { depth: 9, showHidden: true }) + JSON.stringify(each),
    );
    expect(shown.join()).not.toMatch(/top-secret|746f702d|116, 111, 112/);
  });

  it('leaves no error of OpenSSL behind for Node', async () => {
    const pair = new EnginePair();
    pair.start();
    const message = [14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    pair.deliver(pair.client, Uint8Array.of(22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, ...message));
    expect(pair.client.error?.message).toContain('SSL routines');
    const { createHash, generateKeyPairSync } = await import('node:crypto');
    expect(createHash('sha256').update('x').digest('hex')).toMatch(/^2d711642/);
    expect(() => generateKeyPairSync('ec', { namedCurve: 'no-such-curve' })).toThrowError(/Invalid EC curve/);
  });

  it('is not disturbed by workers that are terminated in the middle of handshakes', async () => {
    const code = `
      const { parentPort, workerData } = require('node:worker_threads');
      const native = require(workerData);
      const [identity, key, random] = [1, 16, native.randomCapacity].map((length) => new Uint8Array(length).fill(97));
      const options = { server: false, ciphersuites: 'PSK-AES128-CCM8', keyLog: true, identity, key };
      const contexts = [new native.Context(options), new native.Context({ ...options, random })];
      const associations = [];
      for (let count = 0; ; count++) {
        const context = contexts[count % 2];
        context.giveRandom(random.subarray(0, context.randomWanted()));
        const association = new native.Association(context);
        association.configure(1200, 6, 'example.org');
        association.proceed();
        associations.push(association);
        if (associations.length > 200) associations.splice(0, 100);
        if (count === 300) parentPort.postMessage('busy');
      }`;
    const pair = new EnginePair();
    for (let round = 0; round < 20; round++) {
      const workers = [0, 1].map(() => new Worker(code, { eval: true, workerData: addonFile() }));
      await Promise.all(workers.map((worker) => once(worker, 'message')));
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
    await pair.handshake();
    expect([pair.client.established, pair.server.established]).toEqual([1, 1]);
  });
});

describe('without the addon', () => {
  const absent = (message: string) =>
    loadNative(() => {
      throw new Error(message);
    });

  it('the capabilities are empty, and making a socket says what to install and what to use instead', async () => {
    const without = createBackend(absent('No native build was found for platform=linux arch=x64'));
    expect(without.capabilities).toMatchObject({ dtlsVersions: [], ciphersuites: [], modes: [], server: false });
    for (const making of [
      without.createDtlsSocket({ security: pskClient() }),
      without.createDtlsListener({ security: pskServer() }),
      without.decorateInPlace({ type: 'udp' } as never, { security: pskClient() }),
    ]) {
      const error: unknown = await making.catch((reason: unknown) => reason);
      expect(error).toMatchObject({ errno: 'ENOTSUP' });
      expect((error as Error).message).toMatch(/C\+\+17 compiler.*build:native.*@avs-net\/tls-pure/);
    }
  });

  it.each([
    '/x/avs_tls_openssl.node: undefined symbol: DTLSv1_listen',
    "dlopen(/x/avs_tls_openssl.node, 0x0001): symbol not found in flat namespace '_DTLSv1_listen'",
    'The specified procedure could not be found.',
  ])('a runtime without the symbols is told apart: %s', async (message) => {
    const making = createBackend(absent(message)).createDtlsSocket({ security: pskClient() });
    const error: unknown = await making.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ errno: 'ENOTSUP', cause: { message } });
    expect((error as Error).message).toMatch(/does not export the OpenSSL symbols.*Electron.*@avs-net\/tls-pure/);
  });
});
