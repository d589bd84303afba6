import { execFileSync } from 'node:child_process';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';
import { nodePath } from '../contest/entrants.js';

/** The machine, the versions and the moment, a line each. */
export function environment(nodes: readonly string[], others: readonly string[]): readonly string[] {
  const [cpu] = cpus();
  const [load = 0] = loadavg();
  return [
    `${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()}`,
    ...nodes.map(describeNode),
    ...others,
    `${new Date().toISOString().slice(0, 10)}, load ${load.toFixed(1)} at the start`,
  ];
}

function describeNode(version: string): string {
  const script =
    'process.stdout.write(process.versions.node + ", V8 " + process.versions.v8 + ", OpenSSL " + process.versions.openssl)';
  return `Node ${execFileSync(nodePath(version), ['-e', script], { encoding: 'utf8' })}`;
}
