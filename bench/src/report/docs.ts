import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ResultPage, readResult } from './result-page.js';
import { renderSummary } from './summary.js';

/** The tables of each bench that docs/benchmarks.md shows, in order. All have one of targets as well, which comes last. */
const shown = {
  records: ['TLS_PSK_WITH_AES_128_CCM_8'],
  handshakes: ['µs for both ends'],
  sockets: ['Echo, one core, µs for a round trip', 'Echo, a core each, µs for a round trip', 'One way, what arrived'],
  connecting: ['One client, openssl s_server', '32 clients at a time, our listener'],
  start: ['Import, ms', 'Packages, KiB', 'A minimal PSK client, KiB'],
  memory: ['Bytes per association, heap', 'Bytes per association, resident'],
} as const satisfies Record<string, readonly string[]>;

const targets = 'Targets';

/** The page that shows the results. */
export const docsPath = fileURLToPath(new URL('../../../docs/benchmarks.md', import.meta.url));

/** Brings the tables of docs/benchmarks.md up to date with bench/results. @returns whether that changed anything. */
export function writeDocs(): boolean {
  const before = readFileSync(docsPath, 'utf8');
  const after = fillRegions(before, renderRegions(readResult));
  if (after !== before) writeFileSync(docsPath, after);
  return after !== before;
}

/** What belongs between the marks of each name. @param result Tells what a bench has found. @throws Error a table is missing. */
export function renderRegions(result: (bench: string) => ResultPage): ReadonlyMap<string, string> {
  const pages = Object.entries(shown).map(([bench, titles]) => ({ bench, titles, page: result(bench) }));
  const tableOf = ({ bench, page }: { bench: string; page: ResultPage }, title: string): string => {
    const table = page.tables.get(title);
    if (table === undefined) throw new Error(`bench/results/${bench}.md has no table "${title}"`);
    return table;
  };
  return new Map([
    ['summary', renderSummary(pages.map((each) => tableOf(each, targets)))],
    ['machine', renderMachine(pages)],
    ...pages.map(
      (each) => [each.bench, [...each.titles, targets].map((title) => tableOf(each, title)).join('\n\n')] as const,
    ),
  ]);
}

/** The machine, versions and moment of the first bench, and after that what was otherwise at others. */
function renderMachine(pages: readonly { readonly bench: string; readonly page: ResultPage }[]): string {
  const [first] = pages;
  const usual = first?.page.environment ?? [];
  const known = new Set(usual.map(withoutLoad));
  const others = pages.flatMap(({ bench, page }) => {
    const lines = page.environment.filter((line) => !known.has(withoutLoad(line)));
    return lines.length === 0 ? [] : [`${bench}: ${lines.join('; ')}`];
  });
  return [...usual, ...others].map((line) => `- ${line}`).join('\n');
}

function withoutLoad(line: string): string {
  return line.replace(/, load .*$/, '');
}

/**
 * A page with each of its regions filled: what is between a line `<!-- bench: NAME -->` and the next `<!-- /bench -->`.
 * @throws Error the page lacks a region, has one twice, or has one that nothing belongs into.
 */
export function fillRegions(page: string, contents: ReadonlyMap<string, string>): string {
  const missing = new Set(contents.keys());
  const filled = page.replace(/^<!-- bench: (\S+) -->\n[\s\S]*?^<!-- \/bench -->$/gm, (_, name: string) => {
    const content = contents.get(name);
    if (content === undefined || !missing.delete(name)) throw new Error(`one region "${name}" too many`);
    return `<!-- bench: ${name} -->\n\n${content}\n\n<!-- /bench -->`;
  });
  if (missing.size > 0) throw new Error(`no region for ${[...missing].join(', ')}`);
  return filled;
}
