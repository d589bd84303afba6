import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const source = new URL('../src/', import.meta.url);

/** Every specifier that an entry point imports, itself or through its own files. */
function importsOf(entry: string): { outside: string[]; files: number } {
  const outside = new Set<string>();
  const seen = new Set<string>();
  const visit = (url: URL): void => {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    for (const [, specifier = ''] of readFileSync(url, 'utf8').matchAll(
      /\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g,
    )) {
      if (specifier.startsWith('.')) visit(new URL(specifier.replace(/\.js$/, '.ts'), url));
      else outside.add(specifier);
    }
  };
  const url = new URL(entry, source);
  expect(existsSync(fileURLToPath(url))).toBe(true);
  visit(url);
  return { outside: [...outside], files: seen.size };
}

describe('the package runs where there is no Node', () => {
  it.each(['index.ts', 'testing/index.ts'])('%s imports nothing but its own files', (entry) => {
    const { outside, files } = importsOf(entry);
    expect(outside).toEqual([]);
    expect(files).toBeGreaterThan(5);
  });

  it('only the /node entry imports Node modules', () => {
    const { outside } = importsOf('node/index.ts');
    expect(outside).toContain('node:dgram');
    expect(outside.filter((specifier) => !specifier.startsWith('node:'))).toEqual([]);
  });
});
