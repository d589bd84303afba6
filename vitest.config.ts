import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// Tests run the sources, so that a failure points at the line that was written.
const alias = [
  { find: /^@avs-net\/core\/(node|testing)$/, replacement: source('./packages/avs-net-core/src/$1/index.ts') },
  { find: /^@avs-net\/core$/, replacement: source('./packages/avs-net-core/src/index.ts') },
  { find: /^@avs-net\/crypto-creds\/node$/, replacement: source('./packages/avs-crypto-creds/src/node/index.ts') },
  { find: /^@avs-net\/crypto-creds$/, replacement: source('./packages/avs-crypto-creds/src/index.ts') },
  { find: /^@avs-net\/tls-pure\/portable$/, replacement: source('./packages/tls-pure/src/portable.ts') },
  { find: /^@avs-net\/(tls-pure|tls-openssl|tls-contract)$/, replacement: source('./packages/$1/src/index.ts') },
];

// Without a C++ compiler there is no addon, and nothing to test on it but that it says so. Where CI is set it must be there.
const addon = ['build/Release', 'prebuilds'].some((path) =>
  existsSync(source(`./packages/tls-openssl/native/${path}`)),
);
const exclude = [...configDefaults.exclude];
if (!addon && !process.env['CI']) {
  console.warn('@avs-net/tls-openssl: its tests are left out, since its addon is not built: npm run build tells why');
  exclude.push('packages/tls-openssl/test/**/!(build).test.ts');
}

const projects = [
  {
    name: 'unit',
    include: [
      'packages/*/test/**/*.test.ts',
      'apps/*/test/**/*.test.ts',
      'fuzz/test/**/*.test.ts',
      'bench/test/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    exclude,
    // For hangs only: a slow machine, or a sanitizer, must not fail a test.
    testTimeout: 60_000,
  },
  // Longer than what a test waits for by itself, which can tell more.
  {
    name: 'interop',
    include: ['interop/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
];

export default defineConfig({
  test: {
    projects: projects.map((test) => ({ resolve: { alias }, test })),
  },
});
