import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { docsPath, fillRegions, renderRegions } from '../src/report/docs.js';
import { renderReport } from '../src/report/page.js';
import { parseResult, type ResultPage, readResult, rowsOf } from '../src/report/result-page.js';
import { renderSummary } from '../src/report/summary.js';
import { renderBareTable } from '../src/report/table.js';
import { targetTable } from '../src/report/target.js';

it('docs/benchmarks.md shows what is in bench/results; if not: npm run bench -- --docs', () => {
  const docs = readFileSync(docsPath, 'utf8');
  expect(fillRegions(docs, renderRegions(readResult))).toBe(docs);
});

const speed = { title: 'Speed', columns: ['', 'µs'], rows: [['a', '1.00 ±2 %']] };
const targets = [
  { what: 'a, Node 20: time', measured: 1, goal: { atMost: 2 }, unit: 'µs' },
  { what: 'a, Node 26: time', measured: 3000, goal: { atMost: 2 }, unit: 'µs' },
  { what: 'b, Node 26: time', measured: undefined, goal: { atMost: 2 }, unit: 'µs', note: 'no compiler' },
  { what: 'size', measured: 1, goal: { atLeast: 4 }, unit: 'KiB' },
];

describe('the page of a bench', () => {
  it('is read as it was written', () => {
    const environment = ['a machine', '2026-01-01, load 1.0 at the start'];
    const report = { name: 'x', title: 'X', method: 'Thus.', command: 'x', environment, tables: [speed], targets };
    const page = parseResult(renderReport({ ...report, absent: ['c: away'] }));
    expect(page.environment).toEqual(environment);
    expect(page.tables).toEqual(
      new Map([
        ['Speed', renderBareTable(speed)],
        ['Targets', renderBareTable(targetTable(targets))],
      ]),
    );
    expect(rowsOf(page.tables.get('Speed') ?? '')).toEqual(speed.rows);
  });
});

describe('the summary of targets', () => {
  it('has a row for each, what it came to on each Node, and a count', () => {
    const [count, , ...table] = renderSummary([renderBareTable(targetTable(targets))]).split('\n');
    expect(count).toBe('1 of 4 are met.');
    expect(rowsOf(table.join('\n'))).toEqual([
      ['a: time', 'at most 2 µs', '1.00 met', '3,000 MISSED'],
      ['b: time', 'at most 2 µs', '–', 'no compiler'],
      ['size', 'at least 4 KiB', '1.00 MISSED', '1.00 MISSED'],
    ]);
  });
});

describe('the machine', () => {
  it('is that of the first bench, and says where others were measured otherwise, but for the load', () => {
    const regions = renderRegions((bench) => ({
      ...readResult(bench),
      environment: [
        bench === 'sockets' ? 'another machine' : 'a machine',
        `2026-01-01, load ${bench.length} at the start`,
      ],
    }));
    expect(regions.get('machine')).toBe('- a machine\n- 2026-01-01, load 7 at the start\n- sockets: another machine');
  });
});

describe('a page with regions', () => {
  const region = (name: string, content: string): string => `<!-- bench: ${name} -->\n${content}<!-- /bench -->\n`;

  it('keeps what is around them', () => {
    const page = `before\n\n${region('x', 'old\n')}between $&\n\n${region('y', '')}behind\n`;
    const contents = new Map([
      ['x', '| $1 |'],
      ['y', 'new'],
    ]);
    expect(fillRegions(page, contents)).toBe(
      `before\n\n${region('x', '\n| $1 |\n\n')}between $&\n\n${region('y', '\nnew\n\n')}behind\n`,
    );
  });

  it.each([
    ['lacks one', '', /no region for x/],
    ['has one twice', region('x', '') + region('x', ''), /one region "x" too many/],
    ['has one that nothing belongs into', region('x', '') + region('y', ''), /one region "y" too many/],
    ['does not end one', '<!-- bench: x -->\n', /no region for x/],
  ])('is refused when it %s', (_, page, objection) => {
    expect(() => fillRegions(page, new Map([['x', 'new']]))).toThrow(objection);
  });

  it('is not filled when a bench did not leave what belongs there', () => {
    const empty: ResultPage = { environment: [], tables: new Map() };
    expect(() => renderRegions(() => empty)).toThrow(/records.md has no table/);
  });
});
