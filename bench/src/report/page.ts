import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderTable, type Table } from './table.js';
import { type Target, targetTable } from './target.js';

/** What a bench has found. */
export interface Report {
  readonly name: string;
  readonly title: string;
  /** How it was measured, in a sentence or two. */
  readonly method: string;
  /** The command that repeats it. */
  readonly command: string;
  readonly environment: readonly string[];
  readonly tables: readonly Table[];
  readonly targets: readonly Target[];
  /** What could not be measured, and why. */
  readonly absent: readonly string[];
}

/** As Markdown. */
export function renderReport(report: Report): string {
  const { title, method, command, environment, tables, targets, absent } = report;
  const sections = [
    `# ${title}`,
    method,
    `Again: \`${command}\``,
    environment.map((line) => `- ${line}`).join('\n'),
    ...tables.map(renderTable),
    ...(targets.length === 0 ? [] : [renderTable(targetTable(targets))]),
    ...(absent.length === 0 ? [] : [`Not measured:\n${absent.map((line) => `- ${line}`).join('\n')}`]),
  ];
  return `${sections.join('\n\n')}\n`;
}

const folder = fileURLToPath(new URL('../../results', import.meta.url));

/** Where the page of a bench is kept. */
export function resultPath(bench: string): string {
  return `${folder}/${bench}.md`;
}

/** Keeps it under bench/results. Returns the file's path. */
export function saveReport(report: Report): string {
  mkdirSync(folder, { recursive: true });
  const path = resultPath(report.name);
  writeFileSync(path, renderReport(report));
  return path;
}
