import { manyClients, oneClient } from '../contest/connectors.js';
import { type ConnectingResult, latencyContest } from '../contest/latencies.js';
import { quantile, ratio, summarize } from '../contest/statistics.js';
import { digits, type Table } from '../report/table.js';
import type { Target } from '../report/target.js';
import { socketSuite } from '../work/psk.js';
import type { Bench, Findings, Run } from './bench.js';
import { label } from './results.js';
import { opensslName } from './suites.js';

/** Clients that connect at the same time. */
const atOnce = 32;

/** Handshakes until V8 has compiled all that they are made of, in everyone's process. */
const warmUp = 4_000;

/** Handshakes over UDP on loopback. */
export const connecting: Bench = {
  name: 'connecting',
  title: 'Connecting, on loopback',
  method:
    'Handshakes over UDP: cookie round, PSK with AES_128_CCM_8. One client: from making a socket until it is connected to `openssl s_server`, which ' +
    'serves one association at a time; each is closed, and the next begins when the server has said that it is free. Each client has a server ' +
    `of its own. Many clients: ${atOnce} at a time from a program in C to our listener; their latency is from a client’s first datagram until its ` +
    'handshake is complete, waiting for its turn included. All after ' +
    `${warmUp.toLocaleString('en')} handshakes, or twice as many with our listener. A second: of handshakes, over the time that they took.`,
  minutes: 2,
  run: measure,
};

async function measure({ nodes, quick, effort, progress }: Run): Promise<Findings> {
  const suite = opensslName(socketSuite);
  const [ones, manys] = quick ? [5, 50] : [20, 500];
  progress('one client, openssl s_server');
  const one = await latencyContest(
    [
      oneClient('libssl', undefined, suite),
      ...nodes.flatMap((node) => [
        oneClient('openssl', node, suite),
        oneClient('pure', node, suite),
        oneClient('dtlsClient', node, suite),
      ]),
    ],
    ones,
    quick ? 10 : warmUp,
    effort,
  );
  progress(`${atOnce} clients at a time, our listener`);
  const many = await latencyContest(
    nodes.flatMap((node) => [manyClients('openssl', node, atOnce), manyClients('pure', node, atOnce)]),
    manys,
    quick ? 50 : 2 * warmUp,
    effort,
  );
  return {
    tables: [
      withRatios(tableOf('One client, openssl s_server', one), one, nodes),
      tableOf(`${atOnce} clients at a time, our listener`, many),
    ],
    targets: nodes.flatMap((node) => [targetOf('pure', node, one), targetOf('openssl', node, one)]),
    absent: [...one, ...many].flatMap((result) =>
      result.reason === undefined ? [] : [`${label(result)}: ${result.reason}`],
    ),
  };
}

function tableOf(title: string, results: readonly ConnectingResult[]): Table {
  return {
    title,
    columns: ['', 'handshakes a second', 'p50, ms', 'p90, ms', 'p99, ms'],
    rows: results.map((result) => [label(result), ...cells(result)]),
  };
}

/** Adds how long node-dtls-client takes in comparison: on the same Node, or on the newest for who has none. */
function withRatios(table: Table, results: readonly ConnectingResult[], nodes: readonly string[]): Table {
  const newest = nodes.at(-1) ?? '';
  return {
    ...table,
    columns: [...table.columns, 'node-dtls-client takes'],
    rows: table.rows.map((row, index) => {
      const [result] = results.slice(index, index + 1);
      const ours = (result?.samples ?? []).map(({ latencies }) => summarize(latencies).median);
      const theirs = mediansOf(results, 'dtlsClient', result?.entrant.node ?? newest);
      const isComparable = ours.length > 0 && theirs.length > 0;
      return [...row, isComparable ? `${digits(ratio(theirs, ours).median)} times as long` : '–'];
    }),
  };
}

function cells({ samples }: ConnectingResult): readonly string[] {
  if (samples.length === 0) return ['–', '–', '–', '–'];
  const { median, spread } = summarize(samples.map(({ total, latencies }) => (latencies.length * 1e9) / total));
  const sorted = samples.flatMap(({ latencies }) => latencies).sort((a, b) => a - b);
  return [
    `${digits(median)} ±${Math.round(spread * 100)} %`,
    ...[0.5, 0.9, 0.99].map((part) => digits(quantile(sorted, part) / 1e6)),
  ];
}

function targetOf(implementation: 'pure' | 'openssl', node: string, results: readonly ConnectingResult[]): Target {
  const ours = mediansOf(results, implementation, node);
  const theirs = mediansOf(results, 'dtlsClient', node);
  return {
    what: `tls-${implementation}, median handshake with s_server, Node ${node}: node-dtls-client takes`,
    measured: ours.length === 0 || theirs.length === 0 ? undefined : ratio(theirs, ours).median,
    goal: { atLeast: 3 },
    unit: 'times as long',
  };
}

/** Of each round. */
function mediansOf(results: readonly ConnectingResult[], implementation: string, node: string): readonly number[] {
  const found = results.find(({ entrant }) => entrant.implementation === implementation && entrant.node === node);
  return (found?.samples ?? []).map(({ latencies }) => summarize(latencies).median);
}
