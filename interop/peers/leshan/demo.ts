import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ProcessPeer } from '../../src/process-peer.js';

const main = fileURLToPath(new URL('../../../apps/demo/dist/main.js', import.meta.url));

/** Runs `avs-demo`, built. */
export function avsDemo(...args: string[]): ProcessPeer {
  if (!existsSync(main)) throw new Error('the demo is not built: npm run build');
  return new ProcessPeer(process.execPath, [main, ...args]);
}
