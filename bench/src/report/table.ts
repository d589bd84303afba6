/** A table: what its rows and columns are called, and a text in each cell. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** As Markdown, in columns of even width, so that it reads as well in a terminal. */
export function renderTable(table: Table): string {
  return `**${table.title}**\n\n${renderBareTable(table)}`;
}

/** The same without its title. */
export function renderBareTable({ columns, rows }: Omit<Table, 'title'>): string {
  const widths = columns.map((column, index) =>
    Math.max(3, column.length, ...rows.map((row) => (row[index] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, index) => pad(cells[index] ?? '', width, index)).join(' | ')} |`;
  const rule = `| ${widths.map((width, index) => (index === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(columns), rule, ...rows.map(line)].join('\n');
}

function pad(text: string, width: number, column: number): string {
  return column === 0 ? text.padEnd(width) : text.padStart(width);
}

/** A number to three digits. */
export function digits(value: number): string {
  if (value >= 999.5) return Math.round(value).toLocaleString('en');
  return value.toPrecision(3);
}
