import { contest, type Result } from '../contest/contest.js';
import { entrants } from '../contest/entrants.js';
import type { Target } from '../report/target.js';
import type { Bench, Findings, Run } from './bench.js';
import { absences, label, microseconds, timesAsLong, timesOf } from './results.js';
import { suiteFor } from './suites.js';

// OpenSSL has no ECDHE_PSK suite with CCM.
const cases = [
  { suite: 'TLS_PSK_WITH_AES_128_CCM_8', short: 'PSK', kind: 'full' },
  { suite: 'TLS_PSK_WITH_AES_128_CCM_8', short: 'PSK', kind: 'resumed' },
  { suite: 'TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256', short: 'ECDHE_PSK', kind: 'full' },
  { suite: 'TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256', short: 'ECDHE_PSK', kind: 'resumed' },
] as const;

/** Handshakes between two engines, with no socket between them. */
export const handshakes: Bench = {
  name: 'handshakes',
  title: 'Handshakes, in memory',
  method:
    'Microseconds for a handshake, both ends together, from making the two engines (SSL objects) to destroying them: stateless cookie ' +
    'round, then PSK with AES_128_CCM_8, or ECDHE_PSK with X25519 and ChaCha20-Poly1305; resumed: by a ticket. The server issues tickets.',
  minutes: 1.5,
  run: measure,
};

async function measure({ nodes, effort, quick, progress }: Run): Promise<Findings> {
  const chosen = quick ? cases.slice(0, 1) : cases;
  // Some 4,000 handshakes: V8 takes as many until it has compiled all that they are made of.
  const patient = { ...effort, warmUp: 5 * effort.warmUp };
  const byCase: (readonly Result[])[] = [];
  const targets: Target[] = [];
  const absent: string[] = [];
  for (const { suite, short, kind } of chosen) {
    progress(`${short}, ${kind}`);
    const results = await contest(
      entrants(nodes, ['libssl', 'openssl', 'pure', 'portable']),
      (entrant, count) => `handshakes ${suiteFor(entrant, suite)} ${kind} ${count}`,
      patient,
    );
    byCase.push(results);
    absent.push(...absences(results, `${short}, ${kind}`));
    targets.push(...targetsOf(results, nodes, short, kind));
  }
  const labels = (byCase[0] ?? []).map(label);
  return {
    tables: [
      {
        title: 'µs for both ends',
        columns: ['', ...chosen.map(({ short, kind }) => `${short}, ${kind}`)],
        rows: labels.map((name) => [
          name,
          ...byCase.map((results) => {
            const result = results.find((each) => label(each) === name);
            return result === undefined ? '–' : microseconds(result);
          }),
        ]),
      },
    ],
    targets,
    absent,
  };
}

function targetsOf(
  results: readonly Result[],
  nodes: readonly string[],
  short: string,
  kind: string,
): readonly Target[] {
  const libssl = timesOf(results, 'libssl');
  return nodes.flatMap((node) => {
    const pure = {
      what: `tls-pure, ${short} ${kind}, Node ${node}: against libssl in C`,
      measured: timesAsLong(timesOf(results, 'pure', node), libssl),
      goal: { atMost: 3 },
      unit: 'times as long',
    };
    const openssl = {
      what: `tls-openssl, ${short} ${kind}, Node ${node}: against libssl in C`,
      measured: timesAsLong(timesOf(results, 'openssl', node), libssl),
      goal: { atMost: 1.5 },
      unit: 'times as long',
    };
    return short === 'PSK' ? [pure, openssl] : [openssl];
  });
}
