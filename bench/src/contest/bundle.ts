import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { type Plugin, rolldown } from 'rolldown';

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

/** Bundles a PSK client that uses an entry of a backend, as an application for a platform would be. */
export async function bundle({ entry, platform }: { entry: string; platform: 'node' | 'browser' }): Promise<Bundle> {
  mkdirSync(folder, { recursive: true });
  const input = join(folder, `client-${platform}.mjs`);
  writeFileSync(input, clientOf(entry));
  const bundled = await rolldown({ input, platform, treeshake: true, logLevel: 'warn', plugins: [sourceMaps] });
  const { output } = await bundled.generate({ dir: folder, format: 'esm', minify: true, sourcemap: true });
  await bundled.close();
  const [chunk] = output;
  // Without the comment that leads to the map.
  const code = Buffer.from(chunk.code.replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n'));
  const file = join(folder, `bundle-${platform}.mjs`);
  writeFileSync(file, code);
  return {
    sources: (chunk.map?.sources ?? []).map((source) => resolve(folder, source)),
    file,
    minified: code.length,
    gzip: gzipSync(code, { level: 9 }).length,
    brotli: brotliCompressSync(code).length,
  };
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
