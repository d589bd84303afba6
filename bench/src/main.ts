import { parseArgs } from 'node:util';
import type { Bench, Run } from './benches/bench.js';
import { connecting } from './benches/connecting.js';
import { handshakes } from './benches/handshakes.js';
import { memory } from './benches/memory.js';
import { records } from './benches/records.js';
import { sockets } from './benches/sockets.js';
import { start } from './benches/start.js';
import { buildNative } from './contest/native.js';
import { Program } from './contest/program.js';
import { writeDocs } from './report/docs.js';
import { environment } from './report/environment.js';
import { renderReport, saveReport } from './report/page.js';

const benches: readonly Bench[] = [records, handshakes, sockets, connecting, memory, start];

const help = `npm run bench [-- NAME…] [-- options]
  NAME          what to measure (default all of it, in some ${sum(benches)} minutes; these are for two cores that do nothing else):
${benches.map(({ name, title, minutes }) => `                  ${name.padEnd(10)}  ${title.toLowerCase()}; ${minutes} min`).join('\n')}
  --node LIST   major versions of Node; others than the running one come from npm (default 20,26)
  --rounds N    samples of each (default 15)
  --quick       only enough to show that it works: nothing is written
  --docs        measure nothing: only bring docs/benchmarks.md up to date with bench/results
Without --quick, what was measured is written to bench/results, and from there into docs/benchmarks.md.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    node: { type: 'string', default: '20,26' },
    rounds: { type: 'string', default: '15' },
    quick: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(help);
else if (values.docs) updateDocs();
else await runAll();

function sum(all: readonly Bench[]): number {
  return Math.round(all.reduce((total, { minutes }) => total + minutes, 0));
}

async function runAll(): Promise<void> {
  const unknown = positionals.find((name) => !benches.some((bench) => bench.name === name));
  if (unknown !== undefined) throw new Error(`there is no bench ${unknown}\n${help}`);
  const { quick } = values;
  const nodes = values.node.split(',');
  const run: Run = {
    nodes,
    effort: quick ? { rounds: 3, sample: 5, warmUp: 50 } : { rounds: Number(values.rounds), sample: 20, warmUp: 400 },
    quick,
    progress: (text) => process.stderr.write(`${text}\n`),
  };
  const machine = environment(nodes, await nativeVersion());
  for (const bench of benches) {
    if (positionals.length > 0 && !positionals.includes(bench.name)) continue;
    const { name, title, method } = bench;
    const begin = performance.now();
    const findings = await bench.run(run);
    run.progress(`${name} took ${Math.round((performance.now() - begin) / 1e3)} s`);
    const command = ['npm run bench --', name, ...(values.node === '20,26' ? [] : ['--node', values.node])].join(' ');
    const report = { name, title, method, command, environment: machine, ...findings };
    process.stdout.write(`${renderReport(report)}\n`);
    if (!quick) process.stderr.write(`written to ${saveReport(report)}\n`);
  }
  if (!quick) updateDocs();
}

function updateDocs(): void {
  process.stderr.write(`docs/benchmarks.md ${writeDocs() ? 'is brought up to date' : 'is up to date already'}\n`);
}

async function nativeVersion(): Promise<readonly string[]> {
  const built = buildNative('limit');
  if (built.program === undefined) return [`the programs in C: not there; ${built.reason}`];
  const program = new Program(built.program, []);
  const version = await program.ask('version');
  await program.end();
  return [`the programs in C: ${version}`];
}
