import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { coverageOfCorpus } from './coverage.js';
import type { Figures, Task } from './worker.js';

const help = `npm run fuzz [-- options]
  --seconds N   how long to fuzz engines (default 45)
  --inputs N    until so many datagrams were given to engines, however long that takes
  --seed N      of all randomness (default 1)
  --grow        write what was learned into the corpus
  --case HEX    run one case and say what it shows
  --coverage    say how much of the protocol's code the corpus runs
`;

/** Without a sign of life for so long, ms, a case counts as a hang. The slowest part without one takes seconds. */
const longestSilence = 300_000;
const longestCase = 10_000;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '45' },
    inputs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    grow: { type: 'boolean', default: false },
    case: { type: 'string' },
    coverage: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(help);
else if (values.coverage) await cover();
else if (values.case !== undefined) await explain(values.case);
else await fuzz();

async function cover(): Promise<void> {
  for (const { file, covered } of await coverageOfCorpus())
    print(`${(100 * covered).toFixed(1).padStart(5)} %  ${file}`);
}

async function explain(hex: string): Promise<void> {
  // Loaded only now, so that coverage can be measured from the start.
  const { parseCase } = await import('./corpus.js');
  const { runCase } = await import('./case.js');
  const bytes = parseCase(hex);
  const { finding, features, inputs, outcome } = await runCase(bytes);
  for (const feature of features) print(feature);
  print(`${inputs} datagrams; client and server ended ${outcome}`);
  if (finding === undefined) return;
  print(String(finding.stack));
  process.exitCode = 1;
}

async function fuzz(): Promise<void> {
  const seed = Number(values.seed);
  const long = values.inputs !== undefined;
  const task: Task = {
    seed,
    inputs: long ? Number(values.inputs) : Infinity,
    time: long ? Infinity : Number(values.seconds) * 1_000,
    grow: values.grow,
    depth: long ? 6 : 5,
    soak: long ? 1_000_000 : 60_000,
    decoders: long ? 10_000_000 : 300_000,
    heartbeat: new Int32Array(new SharedArrayBuffer(4)),
    present: new Uint8Array(new SharedArrayBuffer(2 + 65_535)),
  };
  print(`seed ${seed}`);
  try {
    show(await watch(task));
  } catch (error) {
    print(`finding, with seed ${seed}: ${error instanceof Error ? error.message : String(error)}`);
    if (error instanceof Error && error.cause instanceof Error) print(String(error.cause.stack));
    process.exitCode = 1;
  }
}

/** Runs the worker, and ends it when it hangs. */
function watch(task: Task): Promise<Figures> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: task });
  return new Promise((resolve, reject) => {
    let [last, since] = [-1, performance.now()];
    const timer = setInterval(() => {
      const beats = Atomics.load(task.heartbeat, 0);
      if (beats !== last) [last, since] = [beats, performance.now()];
      const size = ((task.present[0] ?? 0) << 8) | (task.present[1] ?? 0);
      if (performance.now() - since < (size === 0 ? longestSilence : longestCase)) return;
      const hex = Buffer.from(task.present.slice(2, 2 + size)).toString('hex');
      reject(new Error(`it hangs\n  repeat it with: npm run fuzz -- --case ${hex}`));
      void worker.terminate();
    }, 1_000);
    worker.once('message', (figures: Figures) => resolve(figures));
    worker.once('error', reject);
    worker.once('exit', () => {
      clearInterval(timer);
      reject(new Error('the worker ended early'));
    });
  });
}

function show({ decoders, orders, soak, engines }: Figures): void {
  const perSecond = Math.round(engines.inputs / (engines.time / 1_000));
  const kilobytes = (bytes: number): string => `${Math.round(bytes / 1_000)} kB`;
  const [before, after] = engines.heap;
  print(`decoders: ${decoders.inputs} inputs to ${decoders.kinds} decoders, which threw nothing but their own errors`);
  print(
    `orders: ${orders.sequences} sequences of messages, ${orders.accepted} completed a handshake, all of them legal`,
  );
  print(
    `soak: ${soak.inputs} hostile datagrams to the same engines; the heap grew by ${kilobytes(soak.growth.handshaking)} ` +
      `during a handshake, by ${kilobytes(soak.growth.established)} after one, and by ` +
      `${kilobytes(soak.growth['with connection IDs'])} with connection IDs`,
  );
  print(
    `engines: ${engines.inputs} datagrams in ${engines.cases} cases, ${perSecond} a second; ` +
      `${engines.features} distinct behaviours; corpus of ${engines.corpus} cases; heap ${kilobytes(before)} to ${kilobytes(after)}`,
  );
  const ends = [...engines.outcomes].sort(([, a], [, b]) => b - a);
  print(`  ended (client server): ${ends.map(([outcome, count]) => `${count} ${outcome}`).join(', ')}`);
  print('no findings');
}
