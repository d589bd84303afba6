import type { Cell } from './cells.js';

/** A peer that was there. */
export interface MeasuredPeer {
  readonly name: string;
  readonly title: string;
  readonly version: string;
}

const introduction = `# Interoperability

Written by \`npm run interop\` from what it measured: do not edit. Every cell is a test with a real peer on the loopback interface, in
\`interop/peers\`. The columns say what we are, and with which backend; the peer is the other.

- A suite passes when the handshake completes with it, a line goes each way, and the association is closed cleanly. In a column with CID
  both sides have connection IDs (RFC 9146), and a line goes each way again after the client's address has changed.
- \`lacks\`: the peer, or our backend, does not have it. \`fails\`: it was tried and failed, as expected. The number leads to the reason.
- \`·\`: the row is about the other role.
`;

const versions = '## Versions';

/** The page. It has no times or places in it: the same results give the same text. */
export function renderPage(peers: readonly MeasuredPeer[], cells: readonly Cell[]): string {
  const sorted = [...peers].sort((a, b) => (a.name < b.name ? -1 : 1));
  const sections = sorted.map((peer) =>
    peerSection(
      peer,
      cells.filter((cell) => cell.peer === peer.name),
    ),
  );
  const table = renderTable([['peer', 'version'], ...sorted.map(({ title, version }) => [title, version])]);
  return [introduction, `${versions}\n\n${table}\n`, ...sections].join('\n');
}

/** The page without the versions: what must not change unnoticed. */
export function withoutVersions(page: string): string {
  const start = page.indexOf(versions);
  const end = page.indexOf('\n## ', start + versions.length);
  return start < 0 ? page : page.slice(0, start) + (end < 0 ? '' : page.slice(end));
}

function peerSection({ title }: MeasuredPeer, cells: readonly Cell[]): string {
  const reasons: string[] = [];
  const tables = (['suite', 'scenario'] as const).flatMap((kind) => {
    const chosen = cells.filter((cell) => cell.kind === kind);
    return chosen.length === 0 ? [] : [matrix(kind, chosen, reasons)];
  });
  const notes = reasons.map((reason, index) => `${index + 1}. ${reason}`).join('\n');
  return `${[`## ${title}`, ...tables, ...(notes === '' ? [] : [notes])].join('\n\n')}\n`;
}

function matrix(kind: Cell['kind'], cells: readonly Cell[], reasons: string[]): string {
  const rows = [...new Set(cells.map(({ row }) => row))];
  const found = [...new Set(cells.map(columnOf))];
  // Backends in the order in which they are tried; the client before the server, and connection IDs behind all.
  const place = (column: string): number => (column.endsWith(cid) ? 2 : 0) + (column.startsWith('server') ? 1 : 0);
  const columns = found.sort((a, b) => place(a) - place(b));
  const body = rows.map((row) => [
    row,
    ...columns.map((column) => {
      const cell = cells.find((each) => each.row === row && columnOf(each) === column);
      return cell === undefined ? '·' : outcome(cell, reasons);
    }),
  ]);
  return renderTable([[kind, ...columns], ...body]);
}

const cid = ', CID';

const columnOf = ({ role, backend, connectionIds }: Cell): string =>
  `${role}, ${backend}${connectionIds === true ? cid : ''}`;

function outcome({ outcome, reason }: Cell, reasons: string[]): string {
  if (reason === undefined) return outcome;
  if (!reasons.includes(reason)) reasons.push(reason);
  return `${outcome} (${reasons.indexOf(reason) + 1})`;
}

function renderTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
