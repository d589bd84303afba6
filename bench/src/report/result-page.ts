import { readFileSync } from 'node:fs';
import { resultPath } from './page.js';

/** What a page of bench/results says. */
export interface ResultPage {
  readonly environment: readonly string[];
  /** The Markdown of each table, by its title. */
  readonly tables: ReadonlyMap<string, string>;
}

/** Reads the page that a bench has left. @throws Error there is none. */
export function readResult(bench: string): ResultPage {
  return parseResult(readFileSync(resultPath(bench), 'utf8'));
}

/** Reads what `renderReport` has written. */
export function parseResult(page: string): ResultPage {
  const sections = page.trimEnd().split('\n\n');
  const environment = sections.find((section) => section.startsWith('- ')) ?? '';
  const tables = new Map<string, string>();
  for (const [index, section] of sections.entries()) {
    const title = /^\*\*(.*)\*\*$/.exec(section)?.[1];
    if (title !== undefined) tables.set(title, sections[index + 1] ?? '');
  }
  return { environment: environment.split('\n').map((line) => line.slice(2)), tables };
}

/** The cells of the rows of a Markdown table, without its head. */
export function rowsOf(table: string): readonly (readonly string[])[] {
  const [, , ...rows] = table.split('\n');
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}
