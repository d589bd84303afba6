import { contest, type Result } from '../contest/contest.js';
import { usableCores } from '../contest/cores.js';
import { type Delivery, type PairEntrant, type Placement, socketPairs } from '../contest/socket-entrants.js';
import { summarize } from '../contest/statistics.js';
import { digits, type Table } from '../report/table.js';
import type { Target } from '../report/target.js';
import type { Bench, Findings, Run } from './bench.js';
import { absences, label, microseconds, percentOf, timesOf } from './results.js';

const sizes = [64, 1024];

/** Of the target. */
const lightSize = 64;

/** What of `node:dgram` is to be reached, %. */
const goals = { pure: 80, openssl: 90 } as const;

interface Measured {
  readonly size: number;
  readonly results: readonly Result[];
  readonly pairs: readonly PairEntrant[];
}

/** Messages over UDP on loopback, the server and the client in processes of their own. */
export const sockets: Bench = {
  name: 'sockets',
  title: 'Sockets on loopback',
  method:
    'A server and a client, each in a process of its own; PSK with AES_128_CCM_8, but for node:dgram, which protects nothing. Echo: a message ' +
    'goes to the server and comes back, one after the other; with both ends on one core, where a round trip is what both have to do, and with a core ' +
    'each, where it is to a large part the time that a core that waits takes to wake up. Left to itself the system does now one and now the other. ' +
    'One way: with a core each, the client sends as fast as the system takes it, at most 32 sends of ' +
    'Node’s outstanding; what counts is what the server has received, and what was lost is shown. node-dtls-client is a client of the server ' +
    'of tls-pure. tls-openssl has a UDP path of its own, but in the row that says otherwise. Percentages are of the rate of node:dgram on the same ' +
    'Node, in the same round.',
  minutes: 3,
  run: measure,
};

async function measure(run: Run): Promise<Findings> {
  const sizesMeasured = run.quick ? [lightSize] : sizes;
  const [first, second = first] = usableCores();
  const apart = { server: first, client: second };
  const placements = [
    { where: 'one core', cores: { server: first, client: first } },
    { where: 'a core each', cores: apart },
  ];
  const measureAll = async (work: 'echo' | 'one-way', placement: Placement): Promise<readonly Measured[]> => {
    const measured: Measured[] = [];
    for (const size of sizesMeasured) measured.push(await measureWork(work, size, placement, run));
    return measured;
  };
  const echoes: { readonly tables: Table[]; readonly targets: Target[] } = { tables: [], targets: [] };
  for (const { where, cores } of placements) {
    const measured = await measureAll('echo', cores);
    echoes.tables.push(echoTable(measured, where));
    echoes.targets.push(...targetsOf(measured, where, run.nodes));
  }
  const oneWay = await measureAll('one-way', apart);
  return {
    tables: [...echoes.tables, oneWayTable(oneWay)],
    targets: echoes.targets,
    absent: [
      ...absences(oneWay[0]?.results ?? [], 'sockets'),
      ...(first === second ? ['no two cores, or no taskset: all ran wherever the system put it'] : []),
    ],
  };
}

async function measureWork(
  work: 'echo' | 'one-way',
  size: number,
  placement: Placement,
  { nodes, effort, progress }: Run,
): Promise<Measured> {
  progress(`${work}, ${size} bytes, cores ${placement.server} and ${placement.client}`);
  const pairs = socketPairs(nodes, placement);
  // In a process that mostly waits it takes longer until everything is compiled.
  const patient = { ...effort, warmUp: 5 * effort.warmUp };
  return { size, results: await contest(pairs, (_, count) => `${work} ${size} ${count}`, patient), pairs };
}

function echoTable(measured: readonly Measured[], placement: string): Table {
  return {
    title: `Echo, ${placement}, µs for a round trip`,
    columns: ['', ...measured.flatMap(({ size }) => [`${size.toLocaleString('en')} bytes`, 'of node:dgram'])],
    rows: rowsOf(measured, (result, { results }) => [microseconds(result), share(result, results)]),
  };
}

function oneWayTable(measured: readonly Measured[]): Table {
  return {
    title: 'One way, what arrived',
    columns: [
      '',
      ...measured.flatMap(({ size }) => [
        `${size.toLocaleString('en')} bytes, a second`,
        'MB/s',
        'lost',
        'of node:dgram',
      ]),
    ],
    rows: rowsOf(measured, (result, { size, results, pairs }) => {
      if (result.times.length === 0) return ['–', '–', '–', '–'];
      const { median, spread } = summarize(result.times);
      const rate = 1e9 / median;
      const delivery = pairs.find((pair) => pair === result.entrant)?.delivery;
      return [
        `${digits(rate)} ±${Math.round(spread * 100)} %`,
        digits((rate * size) / 1e6),
        delivery === undefined ? '–' : lost(delivery),
        share(result, results),
      ];
    }),
  };
}

function rowsOf(measured: readonly Measured[], cells: (result: Result, of: Measured) => readonly string[]): string[][] {
  return (measured[0]?.results ?? []).map((first) => [
    label(first),
    ...measured.flatMap((each) => {
      const result = each.results.find(({ entrant }) => label({ entrant }) === label(first));
      return result === undefined ? [] : cells(result, each);
    }),
  ]);
}

function share({ entrant, times }: Result, results: readonly Result[]): string {
  if (entrant.node === undefined) return '';
  const percent = percentOf(times, timesOf(results, 'raw', entrant.node));
  return percent === undefined ? '–' : `${Math.round(percent)} %`;
}

function lost({ sent, arrived }: Delivery): string {
  return `${Math.round((1 - arrived / sent) * 100)} %`;
}

function targetsOf(measured: readonly Measured[], placement: string, nodes: readonly string[]): readonly Target[] {
  const results = measured.find(({ size }) => size === lightSize)?.results ?? [];
  return nodes.flatMap((node) =>
    (['pure', 'openssl'] as const).map((implementation) => ({
      what: `tls-${implementation}, echo of ${lightSize} bytes, ${placement}, Node ${node}: of the rate of node:dgram`,
      measured: percentOf(timesOf(results, implementation, node), timesOf(results, 'raw', node)),
      goal: { atLeast: goals[implementation] },
      unit: '%',
    })),
  );
}
