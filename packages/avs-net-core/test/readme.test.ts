import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import * as core from '../src/index.js';
import * as node from '../src/node/index.js';
import * as testing from '../src/testing/index.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const snippets = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);
const modules: Record<string, object> = {
  '@avs-net/core': core,
  '@avs-net/core/node': node,
  '@avs-net/core/testing': testing,
};

/** Runs a snippet with its imports taken from the sources; gives back what it has printed. */
async function run(code: string): Promise<unknown[]> {
  const body = code.replace(/^import (\{.*?\}) from '(.*?)';$/gm, "const $1 = modules['$2'];");
  const printed: unknown[] = [];
  const AsyncFunction = Object.getPrototypeOf(run).constructor;
  const log = vi.spyOn(console, 'log').mockImplementation((value) => printed.push(value));
  try {
    await new AsyncFunction('modules', body)(modules);
  } finally {
    log.mockRestore();
  }
  return printed;
}

describe('the snippets of the README', () => {
  it('run and print what they say', async () => {
    expect(snippets).toHaveLength(3);
    const [sockets = '', receiver = '', inMemory = ''] = snippets;
    expect(await run(sockets)).toEqual(['hello']);
    expect(await run(receiver)).toEqual([]);
    const [wire, ...received] = await run(inMemory);
    expect(wire).toContain('-> 10.0.0.1: 3 bytes');
    expect(received).toEqual([Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3)]);
  });
});
