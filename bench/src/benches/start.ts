import { bundle } from '../contest/bundle.js';
import { importContest } from '../contest/imports.js';
import { packedSize } from '../contest/packed.js';
import { summarize } from '../contest/statistics.js';
import { digits, type Table } from '../report/table.js';
import type { Target } from '../report/target.js';
import type { Bench, Findings, Run } from './bench.js';

/** What is imported, by the name that the tables have for it. */
const imports = {
  '@avs-net/core': ['@avs-net/core'],
  '@avs-net/core/node': ['@avs-net/core/node'],
  '@avs-net/crypto-creds': ['@avs-net/crypto-creds'],
  '@avs-net/tls-pure/portable': ['@avs-net/tls-pure/portable'],
  '@avs-net/tls-pure': ['@avs-net/tls-pure'],
  'core + tls-pure': ['@avs-net/core', '@avs-net/tls-pure'],
  'core + tls-openssl': ['@avs-net/core', '@avs-net/tls-openssl'],
  'node-dtls-client': ['node-dtls-client'],
} as const satisfies Record<string, readonly string[]>;

/** Of the target. */
const main = 'core + tls-pure';

const packages = ['avs-net-core', 'avs-crypto-creds', 'tls-pure', 'tls-openssl'];

/** The README's client, with each entry of the backend. */
const clients = [
  { title: 'tls-pure', entry: '@avs-net/tls-pure', platform: 'node' },
  {
    title: 'tls-pure portable, over a socket of the caller’s',
    entry: '@avs-net/tls-pure/portable',
    platform: 'browser',
  },
] as const;

/** What an application pays before the first datagram. */
export const start: Bench = {
  name: 'start',
  title: 'Start',
  method:
    'Import: wall-clock time of a fresh process that imports and ends, less that of one that imports nothing, in the same round. Packed and unpacked: ' +
    'what npm pack says, without node_modules and, for tls-openssl, without prebuilt binaries. Client: a module that makes a PSK client, connects, ' +
    'sends and receives, bundled with all that it imports and minified by Rolldown, in bytes, and compressed by gzip and Brotli at their best; without what it loads when it must, such as ciphers that OpenSSL lacks.',
  minutes: 3,
  run: measure,
};

async function measure({ nodes, quick, effort, progress }: Run): Promise<Findings> {
  progress('sizes');
  const sizes = packages.map(packedSize);
  const bundles = await Promise.all(clients.map(async (client) => ({ ...client, ...(await bundle(client)) })));
  progress('imports');
  const [bundled] = bundles;
  const all = {
    ...imports,
    'a bundle of the minimal client with tls-pure': bundled === undefined ? [] : [bundled.file],
  };
  const { tables, targets } = measureImports(nodes, all, quick ? 1 : effort.rounds * 2);
  return {
    tables: [
      ...tables,
      {
        title: 'Packages, KiB',
        columns: ['', 'packed', 'unpacked', 'files'],
        rows: sizes.map(({ name, packed, unpacked, files }) => [name, kibi(packed), kibi(unpacked), String(files)]),
      },
      {
        title: 'A minimal PSK client, KiB',
        columns: ['', 'minified', 'gzip', 'Brotli'],
        rows: bundles.map(({ title, minified, gzip, brotli }) => [title, kibi(minified), kibi(gzip), kibi(brotli)]),
      },
    ],
    targets: [
      ...targets,
      ...bundles.flatMap(({ title, gzip, brotli }) =>
        Object.entries({ gzip, Brotli: brotli }).map(([how, bytes]) => ({
          what: `minimal PSK client with ${title}, ${how}`,
          measured: bytes / 1024,
          goal: { atMost: 40 },
          unit: 'KiB',
        })),
      ),
    ],
    absent: [],
  };
}

function measureImports(
  nodes: readonly string[],
  all: Readonly<Record<string, readonly string[]>> & typeof imports,
  rounds: number,
): { tables: readonly Table[]; targets: readonly Target[] } {
  const results = nodes.map((node) => ({ node, ...importContest(node, all, rounds) }));
  const names = Object.keys(all) as (keyof typeof all)[];
  const ms = (times: readonly number[]): string => {
    const { median, spread } = summarize(times);
    // A median near zero has no spread in percent that would say anything.
    return `${digits(median)} ±${digits(Math.abs(median * spread))}`;
  };
  return {
    tables: [
      {
        title: 'Import, ms',
        columns: ['', ...nodes.map((node) => `Node ${node}`)],
        rows: [
          ['a process that imports nothing', ...results.map(({ baseline }) => ms(baseline))],
          ...names.map((name) => [name, ...results.map(({ more }) => ms(more[name]))]),
        ],
      },
    ],
    targets: results.map(({ node, more }) => ({
      what: `import of ${main}, Node ${node}`,
      measured: summarize(more[main]).median,
      goal: { atMost: 30 },
      unit: 'ms',
    })),
  };
}

function kibi(bytes: number): string {
  return digits(bytes / 1024);
}
