// Joins the modules of the package in the current folder, so that Node loads a few files in place of each module: that is most of what an
// import costs. One file for each entry in `exports` of package.json goes to its `default`, made of the source that its `types` were made
// of, and one for what entries share, so that there is one copy of each class. Other packages stay imports.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const folder = 'joined';
const { exports, engines } = JSON.parse(readFileSync('package.json', 'utf8'));
const input = Object.fromEntries(
  Object.values(exports).map((entry) => [
    basename(entry.default, '.js'),
    entry.types.replace(/^\.\/dist\/(.*)\.d\.ts$/, './src/$1.ts'),
  ]),
);

// As tsconfig.base.json has it: what the oldest Node of `engines` runs as it is.
const target = 'es2022';
if (!engines.node.startsWith('>=20')) throw new Error(`${target} was chosen for Node 20, not ${engines.node}`);

/** How many entries load each module at once. */
const loaders = new Map();
const countLoaders = {
  name: 'count-loaders',
  buildEnd() {
    for (const entry of Object.values(input)) {
      const modules = new Set([resolve(entry)]);
      for (const id of modules) {
        loaders.set(id, (loaders.get(id) ?? 0) + 1);
        for (const imported of this.getModuleInfo(id)?.importedIds ?? []) modules.add(imported);
      }
    }
  },
};

rmSync(folder, { recursive: true, force: true });
const bundle = await rolldown({
  input,
  plugins: [countLoaders],
  external: /^[^./]/,
  platform: 'neutral',
  tsconfig: false,
  transform: { target },
  onLog: (_level, log) => {
    throw new Error(log.message);
  },
});
const { output } = await bundle.write({
  dir: folder,
  format: 'esm',
  sourcemap: true,
  // The types have what is said of each symbol, and the sources the rest.
  comments: { annotation: true, jsdoc: false, legal: false },
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  // What an entry loads on demand is not shared with one that loads it at once.
  codeSplitting: { groups: [{ name: 'shared', test: (id) => (loaders.get(id) ?? 0) > 1 }] },
});
await bundle.close();

// The sources are in the package already.
for (const { fileName } of output.filter(({ fileName }) => fileName.endsWith('.map'))) {
  const path = join(folder, fileName);
  const { sourcesContent: _, ...map } = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify(map));
}
