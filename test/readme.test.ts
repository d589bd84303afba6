import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const features = (await readdir(join(root, 'docs/features'))).filter((name) => name !== 'README.md');

function snippets(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code = '']) => code);
}

/** What a snippet says that it prints. */
function promised(code: string): string {
  return [...code.matchAll(/\/\/ prints: (.*)$/gm)].map(([, line]) => `${line}\n`).join('');
}

/** Prints what a program prints, and how it ended unless it ended well. */
async function output(child: ChildProcess): Promise<string> {
  let printed = '';
  child.stdout?.on('data', (chunk) => {
    printed += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    printed += chunk;
  });
  const [code, signal] = await once(child, 'close');
  return code === 0 ? printed : `${printed}ended with ${code ?? signal}\n`;
}

/** Somebody else may be using the port that the snippets name. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

// Programs start slowly on a busy machine.
describe('the snippets of the READMEs and the feature pages', { timeout: 60_000 }, () => {
  let folder: string;
  let port: number;
  let server: ChildProcess;

  /** Runs a snippet as a reader would: from a file, against the built packages. */
  async function start(code: string, page = '.'): Promise<ChildProcess> {
    const place = join(folder, page);
    await mkdir(place, { recursive: true });
    const file = join(place, `${Math.random().toString(36).slice(2)}.mjs`);
    await writeFile(file, code.replaceAll('5684', String(port)));
    return spawn(process.execPath, [file], { cwd: place });
  }

  beforeAll(async () => {
    const cache = join(root, 'node_modules/.cache');
    await mkdir(cache, { recursive: true });
    folder = await mkdtemp(join(cache, 'readme-'));
    port = await freePort();
    const [, code = ''] = snippets('README.md');
    // The server says when it listens; a reader's does not need to.
    server = await start(code.replace(/(await listener\.bind.*)/, "$1\nconsole.log('listening');"));
    if (server.stdout) await once(server.stdout, 'data');
  }, 60_000);

  afterAll(async () => {
    server.kill();
    await rm(folder, { recursive: true });
  });

  it('the client gets its greeting back from the server', async () => {
    const [client = ''] = snippets('README.md');
    expect(await output(await start(client))).toBe('hello\n');
  });

  it('the socket over a transport of its own connects', async () => {
    const [, , decorated = ''] = snippets('README.md');
    expect(await output(await start(decorated))).toMatch(/^connected after \d+ ms of virtual time\n$/);
  });

  it('the client with a chosen suite connects too', async () => {
    const [pure = ''] = snippets('packages/tls-pure/README.md');
    expect(await output(await start(pure))).toMatch(/^1\.2 \d+\n$/);
  });

  it('the device that keeps its session in a file resumes the second time', async () => {
    const [, resuming = ''] = snippets('packages/tls-pure/README.md');
    expect(await output(await start(resuming))).toBe('full handshake\n');
    expect(await output(await start(resuming))).toBe('resumed\n');
  });

  it('every feature page is in the index, and has an example', () => {
    const index = readFileSync(join(root, 'docs/features/README.md'), 'utf8');
    for (const page of features) {
      expect(index, page).toContain(`](${page})`);
      expect(snippets(`docs/features/${page}`), page).not.toEqual([]);
    }
  });

  for (const page of features) {
    for (const [index, code] of snippets(`docs/features/${page}`).entries()) {
      it(`docs/features/${page}: block ${index + 1} prints what it says`, async () => {
        expect(promised(code), 'a block says what it prints').not.toBe('');
        expect(await output(await start(code, page))).toBe(promised(code));
      });
    }
  }
});
