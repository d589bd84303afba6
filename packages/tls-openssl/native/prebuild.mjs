// Builds the binary that a published package carries, into native/prebuilds/<platform>-<arch>. It is built against the headers of the
// running Node, which should be the oldest supported one (20: OpenSSL 3.0), and runs on that and on every later one.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { headersPrefix } from './headers.mjs';

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));
const prefix = headersPrefix();
if (prefix) process.env.npm_config_nodedir = prefix;
if (!process.versions.node.startsWith('20.')) {
  process.stderr.write(
    `building with Node ${process.versions.node}: the binary may need at least its OpenSSL, ${process.versions.openssl}\n`,
  );
}

await promisify(require('prebuildify'))({
  cwd: here,
  name: 'avs-tls-openssl',
  napi: true,
  strip: process.platform !== 'win32',
  tagLibc: process.platform === 'linux',
  targets: [process.versions.node],
});
