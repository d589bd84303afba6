import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const folder = new URL('../docs/conformance/', import.meta.url);
const statuses = ['met', 'partly', 'not met', 'n/a'] as const;
const levels = 'MUST|MUST NOT|SHALL|SHOULD|SHOULD NOT|REQUIRED|RECOMMENDED|NOT RECOMMENDED'.split('|');

interface Row {
  readonly where: string;
  readonly cells: readonly string[];
}

/** The rows of the table with this many columns, without its head. */
function rowsOf(file: string, columns: number): Row[] {
  const lines = readFileSync(new URL(file, folder), 'utf8').split('\n');
  const rows = lines.flatMap((line, index) =>
    line.startsWith('|') ? [{ where: `${file}:${index + 1}`, cells: line.split('|').slice(1, -1) }] : [],
  );
  for (const { where, cells } of rows) expect(cells, where).toHaveLength(columns);
  return rows.slice(2).map(({ where, cells }) => ({ where, cells: cells.map((cell) => cell.trim()) }));
}

/** The files that a page refers to, by label. */
function referencesOf(file: string): Map<string, URL> {
  const text = readFileSync(new URL(file, folder), 'utf8');
  return new Map(
    [...text.matchAll(/^\[([^\]]+)\]: (\S+)$/gm)].map(([, label, path]) => [label, new URL(path, folder)]),
  );
}

/** The tests that a cell names: *name*, after the [label] of the file that holds it. */
function testsOf(cell: string): { label: string; name: string }[] {
  let label = '';
  const tests: { label: string; name: string }[] = [];
  for (const [, link, name] of cell.matchAll(/\[([^\]]+)\]|\*([^*]+)\*/g)) {
    if (link !== undefined) label = link;
    else tests.push({ label, name });
  }
  return tests;
}

const pages = readdirSync(folder)
  .filter((file) => /^rfc\d+\.md$/.test(file))
  .sort();

describe.each(pages)('docs/conformance/%s', (page) => {
  const rows = rowsOf(page, 5);

  it('has clauses, and no cell that is empty or says nothing', () => {
    expect(rows.length).toBeGreaterThan(0);
    for (const { where, cells } of rows) {
      const [section, clause, level, status, reason] = cells;
      expect(section, where).toMatch(/^([1-9]\d*(\.\d+)*|[A-Z])$/);
      expect(clause.length, where).toBeGreaterThan(5);
      for (const each of level.split(', ')) expect(levels, where).toContain(each);
      expect(statuses, where).toContain(status);
      expect(reason.length, where).toBeGreaterThan(5);
    }
  });

  it('names a test for whatever is met, and a reason for whatever is not', () => {
    for (const { where, cells } of rows) {
      const [, , , status, reason] = cells;
      if (status === 'met') expect(testsOf(reason).length, where).toBeGreaterThan(0);
      const words = reason.replace(/\[[^\]]+\]|\*[^*]+\*/g, '').match(/\p{L}+/gu) ?? [];
      if (status !== 'met') expect(words.length, where).toBeGreaterThan(1);
    }
  });

  it('names files and tests that exist', () => {
    const files = referencesOf(page);
    for (const [label, url] of files) expect(existsSync(url), label).toBe(true);
    const used = new Set<string>();
    for (const { where, cells } of rows) {
      for (const [, label] of cells[4].matchAll(/\[([^\]]+)\]/g)) {
        expect([...files.keys()], where).toContain(label);
        used.add(label);
      }
      for (const { label, name } of testsOf(cells[4])) {
        const url = files.get(label);
        expect(url, `${where}: a file before *${name}*`).toBeDefined();
        if (url) expect(readFileSync(url, 'utf8').includes(name), `${where}: ${label} has *${name}*`).toBe(true);
      }
    }
    expect([...used].sort()).toEqual([...files.keys()].sort());
  });
});

it('docs/conformance/README.md lists every page, and counts right', () => {
  const listed = rowsOf('README.md', 5).map(({ cells }) => {
    const [page, ...counts] = cells;
    return [/\((rfc\d+\.md)\)/.exec(page)?.[1], ...counts.map(Number)];
  });
  const counted = pages.map((page) => {
    const rows = rowsOf(page, 5);
    return [page, ...statuses.map((status) => rows.filter(({ cells }) => cells[3] === status).length)];
  });
  const byName = (a: readonly unknown[], b: readonly unknown[]): number => String(a[0]).localeCompare(String(b[0]));
  expect(listed.sort(byName)).toEqual(counted.sort(byName));
});
