import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

/** Every module that `entry` imports, directly or not, and what it imports by name. */
async function imports(entry: URL): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const pending = [entry];
  for (let url = pending.pop(); url !== undefined; url = pending.pop()) {
    if (found.has(url.href)) continue;
    const source = await readFile(url, 'utf8');
    const names = [...source.matchAll(/(?:from|import)\s*\(?'([^']+)'/g)].map(([, name = '']) => name);
    found.set(url.href, names);
    for (const name of names) if (name.startsWith('.')) pending.push(new URL(name.replace(/\.js$/, '.ts'), url));
  }
  return found;
}

describe('the main entry', () => {
  it('runs wherever JavaScript runs: it imports nothing but core', async () => {
    const found = await imports(new URL('../src/index.ts', import.meta.url));
    expect(found.size).toBeGreaterThan(15);
    const outside = [...found.values()].flat().filter((name) => !name.startsWith('.'));
    expect(new Set(outside)).toEqual(new Set(['@avs-net/core']));
  });

  it('uses no global of Node', async () => {
    const found = await imports(new URL('../src/index.ts', import.meta.url));
    for (const href of found.keys()) {
      const source = await readFile(new URL(href), 'utf8');
      const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*|`[^`]*`|'[^']*'/g, '');
      expect(code, href).not.toMatch(/\b(Buffer|process|__dirname|setImmediate|require)\b[.(]/);
    }
  });
});
