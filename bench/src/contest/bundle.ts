import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { type OutputAsset, type OutputChunk, type Plugin, rolldown } from 'rolldown';

// Within the package, so that its dependencies are found.
const folder = fileURLToPath(new URL('../../build', import.meta.url));

/** A bundle and its sizes in bytes. */
export interface Bundle {
  /** What is in it: paths of sources. */
  readonly sources: readonly string[];
  /** Where it is. */
  readonly file: string;
  readonly minified: number;
  readonly gzip: number;
  readonly brotli: number;
}

/** Packages are joined: their maps tell which sources are left of each file. */
const sourceMaps: Plugin = {
  name: 'source-maps',
  load: (id) =>
    existsSync(`${id}.map`) ? { code: readFileSync(id, 'utf8'), map: readFileSync(`${id}.map`, 'utf8') } : null,
};

/** Bundles a PSK client that uses an entry of a backend, as an application for a platform would be. What it loads on demand does not count. */
export async function bundle({ entry, platform }: { entry: string; platform: 'node' | 'browser' }): Promise<Bundle> {
  mkdirSync(folder, { recursive: true });
  const input = join(folder, `client-${platform}.mjs`);
  writeFileSync(input, clientOf(entry));
  const dir = join(folder, `bundle-${platform}`);
  rmSync(dir, { recursive: true, force: true });
  const bundled = await rolldown({ input, platform, treeshake: true, logLevel: 'warn', plugins: [sourceMaps] });
  const { output } = await bundled.write({
    dir,
    format: 'esm',
    minify: true,
    sourcemap: 'hidden',
    // Not .js, which would be CommonJS elsewhere.
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name].mjs',
  });
  await bundled.close();
  const chunks = loadedAtOnce(output[0], output);
  const codes = chunks.map(({ code }) => Buffer.from(code));
  const sum = (size: (code: Buffer) => number): number => codes.reduce((total, code) => total + size(code), 0);
  return {
    sources: chunks.flatMap(({ map }) => (map?.sources ?? []).map((source) => resolve(dir, source))),
    file: join(dir, output[0].fileName),
    minified: sum((code) => code.length),
    gzip: sum((code) => gzipSync(code, { level: 9 }).length),
    brotli: sum((code) => brotliCompressSync(code).length),
  };
}

/** A chunk, and all that it imports. */
function loadedAtOnce(entry: OutputChunk, output: readonly (OutputChunk | OutputAsset)[]): readonly OutputChunk[] {
  const chunks = new Set([entry]);
  for (const { imports } of chunks) {
    for (const each of output) if (each.type === 'chunk' && imports.includes(each.fileName)) chunks.add(each);
  }
  return [...chunks];
}

/** The client of the README, as a module that others import. */
function clientOf(entry: string): string {
  const connect = entry.endsWith('/portable')
    ? 'export async function connect(below) {\n  await socket.decorate(below);'
    : 'export async function connect(host, port) {\n  await socket.connect(host, port);';
  return `import { createDtlsSocket } from '${entry}';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';

const key = pskKeyInfoFromBuffer(Uint8Array.from({ length: 16 }, (_, i) => i));
const identity = pskIdentityInfoFromBuffer('device-1');
const socket = await createDtlsSocket({ security: { mode: 'psk', key, identity } });

${connect}
  await socket.send(new TextEncoder().encode('hello'));
  return socket.receive();
}
`;
}
