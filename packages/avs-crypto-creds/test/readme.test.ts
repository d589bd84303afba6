import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as main from '../src/index.js';
import * as node from '../src/node/index.js';
import { devicePem } from './fixtures.js';

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
const snippets = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code);
const modules: Record<string, unknown> = {
  '@avs-net/crypto-creds': main,
  '@avs-net/crypto-creds/node': node,
};

/** Runs a snippet and gives what it prints. Imports become parameters, file names get their folder. */
async function run(code: string, folder: string): Promise<string[]> {
  const printed: string[] = [];
  const body = code
    .replace(/^import \* as (\w+) from '(.*)';/gm, "const $1 = modules['$2'];")
    .replace(/^import (\{[^}]*\}) from '(.*)';/gm, "const $1 = modules['$2'];")
    .replace(/'(device\.\w+)'/g, (_, name: string) => JSON.stringify(join(folder, name)));
  const AsyncFunction = Object.getPrototypeOf(run).constructor as FunctionConstructor;
  await new AsyncFunction('modules', 'console', body)(modules, { log: (line: string) => printed.push(line) });
  return printed;
}

describe('the README', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'creds-readme-'));
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const encrypted = { format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'the password' } as const;
    await writeFile(join(folder, 'device.pem'), devicePem);
    await writeFile(join(folder, 'device.key'), privateKey.export(encrypted));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('has snippets', () => {
    expect(snippets.length).toBeGreaterThan(3);
  });

  for (const [index, code] of snippets.entries()) {
    it(`snippet ${index + 1} prints what it says`, async () => {
      const expected = [...code.matchAll(/^\/\/ prints: (.*)$/gm)].map(([, line]) => line);
      expect(await run(code, folder)).toEqual(expected);
      expect(expected.length).toBeGreaterThan(0);
    });
  }
});
