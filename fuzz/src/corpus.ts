import { readFileSync, writeFileSync } from 'node:fs';
import { runCase } from './case.js';

const file = new URL('../corpus/engines.txt', import.meta.url);

/** The kept cases, in hexadecimal, a line each. */
export function readCorpus(): Uint8Array[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map(parseCase);
}

/** A case from its hexadecimal form. @throws Error it is none. */
export function parseCase(hex: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/i.test(hex)) throw new Error(`not a case in hexadecimal: ${hex}`);
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

/** The hexadecimal form of a case. */
export function formatCase(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Keeps the shortest cases that together show all that `cases` show. @returns how many are kept. */
export async function writeCorpus(cases: readonly Uint8Array[]): Promise<number> {
  const shown = new Set<string>();
  const kept: Uint8Array[] = [];
  for (const bytes of [...cases].sort((a, b) => a.length - b.length)) {
    const { features } = await runCase(bytes);
    const before = shown.size;
    for (const feature of features) shown.add(feature);
    if (shown.size > before) kept.push(bytes);
  }
  const head = '# Cases that show something that no shorter one here does. Written by: npm run fuzz -- --grow\n';
  writeFileSync(file, `${head}${kept.map(formatCase).join('\n')}\n`);
  return kept.length;
}
