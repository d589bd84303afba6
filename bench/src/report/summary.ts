import { rowsOf } from './result-page.js';
import { renderBareTable } from './table.js';

/** The targets of all benches: a row for each, and what it came to on each Node. @param tables Of targets, as Markdown. */
export function renderSummary(tables: readonly string[]): string {
  const results = tables.flatMap(rowsOf).map(([what = '', target = '', measured = '', met = '']) => ({
    what: what.replace(onNode, ''),
    node: onNode.exec(what)?.[1],
    target,
    met,
    text: /^\d/.test(measured) ? `${measured.split(' ', 1)[0]} ${met}` : measured,
  }));
  const nodes = [...new Set(results.flatMap(({ node }) => node ?? []))].sort((a, b) => Number(a) - Number(b));
  const rows = [...new Set(results.map(({ what }) => what))].map((what) => {
    const group = results.filter((each) => each.what === what);
    return [
      what,
      group[0]?.target ?? '',
      // What does not depend on Node is measured once.
      ...nodes.map((node) => group.find((each) => each.node === undefined || each.node === node)?.text ?? '–'),
    ];
  });
  const met = results.filter((each) => each.met === 'met').length;
  const table = renderBareTable({ columns: ['what', 'target', ...nodes.map((node) => `Node ${node}`)], rows });
  return `${met} of ${results.length} are met.\n\n${table}`;
}

const onNode = /, Node (\d+)/;
