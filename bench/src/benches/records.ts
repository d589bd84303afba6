import { contest, type Result } from '../contest/contest.js';
import { entrants } from '../contest/entrants.js';
import type { Table } from '../report/table.js';
import type { Target } from '../report/target.js';
import type { Bench, Findings, Run } from './bench.js';
import { absences, label, microseconds, timesAsLong, timesOf } from './results.js';
import { suiteFor } from './suites.js';

/** One for each way of protecting records. The key exchange makes no difference to them. */
const suites = [
  'TLS_PSK_WITH_AES_128_CCM_8',
  'TLS_PSK_WITH_AES_128_CCM',
  'TLS_PSK_WITH_AES_256_CCM_8',
  'TLS_PSK_WITH_AES_256_CCM',
  'TLS_PSK_WITH_AES_128_GCM_SHA256',
  'TLS_PSK_WITH_AES_256_GCM_SHA384',
  'TLS_PSK_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_PSK_WITH_AES_128_CBC_SHA256',
];

const sizes = [16, 64, 256, 1024];

/** Of the target. */
const lightSuite = 'TLS_PSK_WITH_AES_128_CCM_8';
const lightSize = 64;

/** Protecting and opening records between two engines, with no socket between them. */
export const records: Bench = {
  name: 'records',
  title: 'Records, in memory',
  method:
    'Microseconds to protect a record of that many bytes and open it again: two engines whose handshake is complete (SSL_write and SSL_read ' +
    'of two SSL objects), no sockets. createCipheriv: functions that protect and open a record as one would write them first.',
  minutes: 4,
  run: measure,
};

async function measure({ nodes, effort, quick, progress }: Run): Promise<Findings> {
  const tables: Table[] = [];
  const targets: Target[] = [];
  const absent: string[] = [];
  for (const suite of quick ? [lightSuite] : suites) {
    const bySize: (readonly Result[])[] = [];
    for (const size of quick ? [lightSize] : sizes) {
      progress(`${suite}, ${size} bytes`);
      const results = await contest(
        entrants(nodes, ['libssl', 'openssl', 'pure', 'portable', 'naive']),
        (entrant, count) => `records ${suiteFor(entrant, suite)} ${size} ${count}`,
        effort,
      );
      bySize.push(results);
      if (suite === lightSuite && size === lightSize) targets.push(...lightTargets(results, nodes));
    }
    tables.push(tableOf(suite, quick ? [lightSize] : sizes, bySize));
    absent.push(...absences(bySize[0] ?? [], suite));
  }
  return { tables, targets, absent };
}

function tableOf(suite: string, rows: readonly number[], bySize: readonly (readonly Result[])[]): Table {
  return {
    title: suite,
    columns: ['µs', ...rows.map((size) => `${size} bytes`)],
    rows: (bySize[0] ?? []).map((first) => [
      label(first),
      ...bySize.map((results) => {
        const result = results.find(({ entrant }) => label({ entrant }) === label(first));
        return result === undefined ? '–' : microseconds(result);
      }),
    ]),
  };
}

function lightTargets(results: readonly Result[], nodes: readonly string[]): readonly Target[] {
  const libssl = timesOf(results, 'libssl');
  return nodes.flatMap((node) => {
    const pure = timesOf(results, 'pure', node);
    const where = `CCM_8 records of 64 bytes, Node ${node}`;
    return [
      {
        what: `tls-pure, ${where}: createCipheriv takes`,
        measured: timesAsLong(timesOf(results, 'naive', node), pure),
        goal: { atLeast: 4 },
        unit: 'times as long',
      },
      {
        what: `tls-pure, ${where}: against libssl in C`,
        measured: timesAsLong(pure, libssl),
        goal: { atMost: 4 },
        unit: 'times as long',
      },
      {
        what: `tls-openssl, ${where}: against libssl in C`,
        measured: timesAsLong(timesOf(results, 'openssl', node), libssl),
        goal: { atMost: 1.5 },
        unit: 'times as long',
      },
    ];
  });
}
