import { type Entrant, entrants, type Implementation } from '../contest/entrants.js';
import { NoAnswer } from '../contest/program.js';
import { summarize } from '../contest/statistics.js';
import { digits } from '../report/table.js';
import type { Bench, Findings, Run } from './bench.js';
import { label } from './results.js';
import { suiteFor } from './suites.js';

const suite = 'TLS_PSK_WITH_AES_128_CCM_8';
const most = 100_000;

/** Bytes per association. */
interface Footprint {
  readonly heap: number;
  readonly resident: number;
  /** CPU time of the idle listener in each second, ms. */
  readonly idle: number;
}

/** What an idle association takes on a listener. */
export const memory: Bench = {
  name: 'memory',
  title: 'Memory of idle associations',
  method:
    'Bytes that an idle association takes on a listener, its accepted socket with a receiver included, after a forced collection. The clients ' +
    'are engines in the same process that have sent one datagram and are gone when it is measured. Heap: JavaScript’s, and its buffers outside it; in C, what is ' +
    'allocated. Resident: what the process grew by. The slope is from the second-largest number of associations to the largest.',
  minutes: 15,
  run: measure,
};

async function measure({ nodes, quick, effort, progress }: Run): Promise<Findings> {
  const counts = quick ? [200] : [1_000, 10_000, most];
  const all = entrants(nodes, ['libssl', 'openssl', 'pure', 'portable']);
  const absent: string[] = [];
  const measured: { entrant: Entrant; footprints: readonly Footprint[] }[] = [];
  for (const entrant of all) {
    const footprints: Footprint[] = [];
    try {
      for (const count of counts) {
        progress(`${label({ entrant })}, ${count} associations`);
        // A process for each, since none gives back all that it had. Large numbers are steady by themselves.
        const rounds = quick || count === most ? 1 : Math.min(3, effort.rounds);
        footprints.push(median(await repeat(rounds, () => ask(entrant, count, quick ? 100 : 3_000))));
      }
      measured.push({ entrant, footprints });
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      absent.push(`${label({ entrant })}: ${error.message}`);
    }
  }
  const of = (implementation: Implementation, node: string): Footprint | undefined =>
    measured
      .find(({ entrant }) => entrant.implementation === implementation && entrant.node === node)
      ?.footprints.at(-1);
  return {
    tables: [
      {
        title: 'Bytes per association, heap',
        columns: ['', ...counts.map((count) => count.toLocaleString('en')), 'slope'],
        rows: measured.map((each) => row(each, counts, ({ heap }) => heap)),
      },
      {
        title: 'Bytes per association, resident',
        columns: ['', ...counts.map((count) => count.toLocaleString('en')), 'slope'],
        rows: measured.map((each) => row(each, counts, ({ resident }) => resident)),
      },
    ],
    targets: nodes.flatMap((node) => [
      {
        what: `tls-pure, Node ${node}: heap per association at ${(counts.at(-1) ?? 0).toLocaleString('en')}`,
        measured: of('pure', node)?.heap,
        goal: { atMost: 2048 },
        unit: 'bytes',
      },
      {
        what: `tls-pure, Node ${node}: CPU of the idle listener`,
        measured: of('pure', node)?.idle,
        goal: { atMost: 1 },
        unit: 'ms each second',
      },
    ]),
    absent,
  };
}

async function ask(entrant: Entrant, count: number, idleTime: number): Promise<Footprint> {
  const program = entrant.launch();
  try {
    const answer = await program.ask(`associations ${suiteFor(entrant, suite)} ${count} ${idleTime}`);
    const [heap = Number.NaN, resident = Number.NaN, idle = Number.NaN] = answer.split(' ').map(Number);
    return { heap: heap / count, resident: resident / count, idle };
  } finally {
    await program.end();
  }
}

async function repeat<T>(times: number, run: () => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  for (let each = 0; each < times; each++) results.push(await run());
  return results;
}

function median(footprints: readonly Footprint[]): Footprint {
  const of = (pick: (footprint: Footprint) => number): number => summarize(footprints.map(pick)).median;
  return { heap: of(({ heap }) => heap), resident: of(({ resident }) => resident), idle: of(({ idle }) => idle) };
}

function row(
  { entrant, footprints }: { entrant: Entrant; footprints: readonly Footprint[] },
  counts: readonly number[],
  pick: (footprint: Footprint) => number,
): readonly string[] {
  const values = footprints.map(pick);
  const [before = Number.NaN, last = Number.NaN] = values.slice(-2);
  const [fewer = Number.NaN, many = Number.NaN] = counts.slice(-2);
  const slope = (last * many - before * fewer) / (many - fewer);
  return [label({ entrant }), ...values.map(digits), counts.length < 2 ? '–' : digits(slope)];
}
