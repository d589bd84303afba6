import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Reporter, TestModule } from 'vitest/node';
import type { Cell } from './cells.js';
import { type MeasuredPeer, renderPage, withoutVersions } from './page.js';

const pagePath = fileURLToPath(new URL('../../docs/interop.md', import.meta.url));
const peersPath = fileURLToPath(new URL('../peers/', import.meta.url));

/**
 * Writes `docs/interop.md` after a run of everything. Where the environment variable CI is set, a page that differs from the one
 * that was there, but for versions, is a failure.
 */
class PageReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const peers: MeasuredPeer[] = [];
    const cells: Cell[] = [];
    const missing = new Set<string>();
    let notPassed = 0;
    for (const module of modules) {
      if (module.state() === 'failed') notPassed += 1;
      for (const test of module.children.allTests()) {
        const { cell, peer, missingBackends = [] } = test.meta();
        if (test.result().state !== 'passed') notPassed += 1;
        if (peer !== undefined) peers.push(peer);
        if (cell !== undefined) cells.push(cell);
        for (const backend of missingBackends) missing.add(`the backend ${backend}`);
      }
    }
    for (const folder of peerFolders()) {
      if (!peers.some(({ name }) => name.startsWith(folder))) missing.add(folder);
    }
    if (notPassed > 0 || missing.size > 0) {
      const why = missing.size > 0 ? `there are no results of ${[...missing].join(', ')}` : 'not everything passed';
      console.log(`docs/interop.md stays as it is: ${why}.`);
      return;
    }
    writePage(renderPage(peers, cells));
  }
}

/** Every folder with a test is a peer that belongs on the page. */
function peerFolders(): string[] {
  return readdirSync(peersPath).filter((name) => existsSync(`${peersPath}${name}/${name}.test.ts`));
}

function writePage(page: string): void {
  const before = existsSync(pagePath) ? readFileSync(pagePath, 'utf8') : '';
  if (before === page) return;
  mkdirSync(dirname(pagePath), { recursive: true });
  writeFileSync(pagePath, page);
  const sameCells = withoutVersions(before) === withoutVersions(page);
  console.log(`docs/interop.md is written: ${sameCells ? 'only versions have' : 'its cells have'} changed.`);
  if (process.env['CI'] && !sameCells) {
    console.error(
      'The page in the tree does not say what was measured: run npm run interop, and commit docs/interop.md.',
    );
    process.exitCode = 1;
  }
}

// biome-ignore lint/style/noDefaultExport: Vitest loads a reporter by its default export.
export default PageReporter;
