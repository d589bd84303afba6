import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

/** How much of a source file was run. */
export interface FileCoverage {
  /** Below the package's `dist`. */
  readonly file: string;
  /** From 0 to 1, of its characters. */
  readonly covered: number;
}

const watched = /tls-pure\/dist\/((?:dtls12|handshake|record|wire)\/.*)$/;

/** Runs the kept cases, and tells how much of the protocol's code they run, by V8's block coverage. To be called before the engines are loaded. */
export async function coverageOfCorpus(): Promise<FileCoverage[]> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const { readCorpus } = await import('./corpus.js');
  const { runCase } = await import('./case.js');
  for (const bytes of readCorpus()) await runCase(bytes);
  const { result } = await session.post('Profiler.takePreciseCoverage');
  session.disconnect();
  return result
    .flatMap(({ url, functions }) => {
      const file = watched.exec(url)?.[1];
      if (file === undefined) return [];
      const missed = new Uint8Array(readFileSync(new URL(url), 'utf8').length);
      // Ranges are nested, the inner ones later: each has the last word on its part.
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges)
          missed.fill(count === 0 ? 1 : 0, startOffset, endOffset);
      }
      const covered = 1 - missed.reduce((sum, each) => sum + each, 0) / missed.length;
      return [{ file, covered }];
    })
    .sort((a, b) => a.covered - b.covered);
}
