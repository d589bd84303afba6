import { parseArgs } from 'node:util';
import { explainSeed, runCampaign } from './network/campaign.js';

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const { values } = parseArgs({ options: { seed: { type: 'string' }, runs: { type: 'string', default: '3000' } } });

if (values.seed !== undefined) await explainSeed(Number(values.seed), print);
else await runCampaign({ runs: Number(values.runs), seed: 1 }, print);
