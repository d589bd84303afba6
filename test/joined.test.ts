import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const packages = new URL('../packages/', import.meta.url);
/** What is in a file of its own so that only those load it who need it. */
const apart: Readonly<Record<string, readonly string[]>> = { 'tls-pure': ['aead.js'] };
const joinedPackages = ['avs-net-core', 'avs-crypto-creds', 'tls-pure', 'tls-openssl'];

/** Runs a module in a process of its own, where nothing resolves to sources, and gives what it prints. */
function run(script: string): unknown {
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const args = ['--input-type=module', '--eval', script];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

describe('what is published is joined', () => {
  it.each(joinedPackages)('%s has a file for each entry, and one for what they share', (folder) => {
    const { exports } = JSON.parse(readFileSync(new URL(`${folder}/package.json`, packages), 'utf8'));
    const entries = Object.values<{ default: string }>(exports).map((entry) => entry.default.replace('./joined/', ''));
    const shared = entries.length > 1 ? ['shared.js'] : [];
    const files = readdirSync(new URL(`${folder}/joined`, packages)).filter((file) => file.endsWith('.js'));
    expect(files.sort()).toEqual([...entries, ...shared, ...(apart[folder] ?? [])].sort());
  });

  it('on Node none of the ciphers and curves is loaded that Node has', () => {
    const joined = new URL('tls-pure/joined/', packages);
    const imported = (file: string): string[] => {
      const code = readFileSync(new URL(file, joined), 'utf8');
      const specifiers = [...code.matchAll(/^import .* from "(.*)";$/gm)].map(([, specifier = '']) => specifier);
      return specifiers.flatMap((each) => (each.startsWith('./') ? imported(each) : [each]));
    };
    const noble = (file: string): string[] => imported(file).filter((each) => each.startsWith('@noble/'));
    expect(noble('index.js')).toEqual(['@noble/hashes/sha2.js']);
    expect(noble('portable.js')).toEqual(expect.arrayContaining(['@noble/ciphers/aes.js', '@noble/curves/nist.js']));
  });

  it.each(joinedPackages)('entries of %s export what their sources do', (folder) => {
    const { name, exports } = JSON.parse(readFileSync(new URL(`${folder}/package.json`, packages), 'utf8'));
    for (const [path, { types }] of Object.entries<{ types: string }>(exports)) {
      const unjoined = new URL(`${folder}/${types.replace(/\.d\.ts$/, '.js')}`, packages).href;
      const [joined, expected] = run(`
        const keys = async (specifier) => Object.keys(await import(specifier));
        console.log(JSON.stringify([await keys('${path.replace('.', name)}'), await keys('${unjoined}')]));
      `) as string[][];
      expect(joined).toEqual(expected);
      expect(joined?.length).toBeGreaterThan(0);
    }
  });

  it('there is one class of errors, whichever entry throws', () => {
    const thrown = run(`
      import { AvsError } from '@avs-net/core';
      import { createUdpSocket } from '@avs-net/core/node';
      import { MemoryNetwork } from '@avs-net/core/testing';
      import { loadPskKey as portable, pskKeyInfoFromFile } from '@avs-net/crypto-creds';
      import { loadPskKey } from '@avs-net/crypto-creds/node';
      import * as openssl from '@avs-net/tls-openssl';
      import * as pure from '@avs-net/tls-pure';
      import * as portablePure from '@avs-net/tls-pure/portable';

      const unbound = await createUdpSocket();
      const file = pskKeyInfoFromFile('/nothing/is/here');
      const version = { version: '1.1', security: { mode: 'psk' } };
      const failures = [
        () => unbound.send(Uint8Array.of(1)),
        () => new MemoryNetwork({ seed: 1 }).createUdpSocket({}, { address: '10.0.0.1' }).send(Uint8Array.of(1)),
        () => portable(file),
        () => loadPskKey(file),
        () => openssl.createTlsSocket({}),
        () => pure.createTlsSocket({}),
        () => portablePure.backend.createTlsSocket({}),
      ];
      const isAvsError = (error) => error instanceof AvsError;
      console.log(JSON.stringify(await Promise.all(failures.map((fail) => fail().then(() => 'nothing', isAvsError)))));
    `);
    expect(thrown).toEqual([true, true, true, true, true, true, true]);
  });

  it('a stack trace leads to the line of the source', () => {
    const stack = run(`
      process.setSourceMapsEnabled(true);
      const { errnoError } = await import('@avs-net/core');
      console.log(JSON.stringify(errnoError('EINVAL', 'x').stack));
    `) as string;
    const source = readFileSync(new URL('avs-net-core/src/errors.ts', packages), 'utf8').split('\n');
    const [, line = ''] = /avs-net-core\/src\/errors\.ts:(\d+):\d+/.exec(stack) ?? [];
    expect(source[Number(line) - 1], stack).toContain('new AvsError(');
  });
});
