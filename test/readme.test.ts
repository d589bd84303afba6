import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

async function snippets(path: string): Promise<string[]> {
  const text = await readFile(join(root, path), 'utf8');
  return [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code = '']) => code);
}

/** What a snippet prints when Node runs it as a reader would: from a file, against the built packages. */
async function output(child: ChildProcess): Promise<string> {
  let printed = '';
  child.stdout?.on('data', (chunk) => {
    printed += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    printed += chunk;
  });
  await once(child, 'close');
  return printed;
}

describe('the snippets of the READMEs', () => {
  let folder: string;
  let client: string;
  let server: ChildProcess;
  let decorated: string;
  let pure: string;
  let resuming: string;

  async function start(code: string): Promise<ChildProcess> {
    const file = join(folder, `${Math.random().toString(36).slice(2)}.mjs`);
    await writeFile(file, code);
    return spawn(process.execPath, [file], { cwd: folder });
  }

  beforeAll(async () => {
    const cache = join(root, 'node_modules/.cache');
    await mkdir(cache, { recursive: true });
    folder = await mkdtemp(join(cache, 'readme-'));
    const [first, second, third] = await snippets('README.md');
    client = first;
    decorated = third;
    [pure, resuming] = await snippets('packages/tls-pure/README.md');
    // The server says when it listens; a reader's does not need to.
    server = await start(second.replace(/(await listener\.bind.*)/, "$1\nconsole.log('listening');"));
    if (server.stdout) await once(server.stdout, 'data');
  });

  afterAll(async () => {
    server.kill();
    await rm(folder, { recursive: true });
  });

  it('the client gets its greeting back from the server', async () => {
    expect(await output(await start(client))).toBe('hello\n');
  });

  it('the client with a chosen suite connects too', async () => {
    expect(await output(await start(pure))).toMatch(/^1\.2 \d+\n$/);
  });

  it('the device that keeps its session in a file resumes the second time', async () => {
    expect(await output(await start(resuming))).toBe('full handshake\n');
    expect(await output(await start(resuming))).toBe('resumed\n');
  });

  it('the socket over a transport of its own connects', async () => {
    expect(await output(await start(decorated))).toMatch(/^connected after \d+ ms of virtual time\n$/);
  });
});
