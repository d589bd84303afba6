import { parseArgs } from 'node:util';
import { explainAddressSeed, runAddressCampaign } from './addresses/campaign.js';
import { flood } from './flood/flood.js';
import { registerAcrossNamespaces } from './namespaces/register.js';
import { explainSeed, runCampaign } from './network/campaign.js';
import { restartDemo } from './processes/restart.js';
import { restart } from './restart/restart.js';

const help = `npm run faults [-- options]
  --seed N      repeat one run of the network campaign, or with --only addresses of that, and show all about it
  --from N      the first seed of these two (default 1)
  --runs N      its runs for each pair of backends (default 2000)
  --hellos N    ClientHellos of the flood (default 1000000)
  --only LIST   of network, addresses, restart, flood, demo, namespaces (default all)
`;

type Print = (line: string) => void;

const print: Print = (line) => {
  process.stdout.write(`${line}\n`);
};

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    from: { type: 'string', default: '1' },
    runs: { type: 'string', default: '2000' },
    hellos: { type: 'string', default: '1000000' },
    only: { type: 'string', default: 'demo,namespaces,restart,network,addresses,flood' },
    help: { type: 'boolean', default: false },
  },
});

const campaign = { runs: Number(values.runs), seed: Number(values.from) };

/** The parts, those first that mostly wait: they run beside each other, and each prints when it is done. */
const parts: Readonly<Record<string, (print: Print) => Promise<unknown>>> = {
  demo: restartDemo,
  namespaces: registerAcrossNamespaces,
  restart,
  network: (show) => runCampaign(campaign, show),
  addresses: (show) => runAddressCampaign(campaign, show),
  flood: (show) => flood(Number(values.hellos), Number(values.from), show),
};
const explain = values.only === 'addresses' ? explainAddressSeed : explainSeed;
const waiting: readonly string[] = ['demo', 'namespaces'];

if (values.help) process.stdout.write(help);
else if (values.seed !== undefined) await explain(Number(values.seed), print);
else await runParts(values.only.split(','));

async function runParts(names: readonly string[]): Promise<void> {
  const unknown = names.find((name) => !Object.hasOwn(parts, name));
  if (unknown !== undefined) throw new Error(`unknown part ${unknown}; there are: ${Object.keys(parts).join(', ')}`);
  let failed = 0;
  const run = async (name: string): Promise<void> => {
    const lines: string[] = [];
    try {
      await parts[name]?.((line) => lines.push(line));
    } catch (error) {
      failed += 1;
      lines.push(`FAILED ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    for (const line of lines) print(line);
  };
  const beside = names.filter((name) => waiting.includes(name)).map(run);
  for (const name of names) if (!waiting.includes(name)) await run(name);
  await Promise.all(beside);
  print(`${names.length - failed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}
