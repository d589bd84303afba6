import { parseArgs } from 'node:util';
import { flood } from './flood/flood.js';
import { explainSeed, runCampaign } from './network/campaign.js';

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const { values } = parseArgs({ options: { seed: { type: 'string' }, runs: { type: 'string', default: '3000' } } });

if (values.seed !== undefined) await explainSeed(Number(values.seed), print);
else {
  await flood(1000000, 1, print);
  await runCampaign({ runs: Number(values.runs), seed: 1 }, print);
}
