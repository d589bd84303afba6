import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onCore } from './cores.js';
import { buildNative, type NativeProgram } from './native.js';
import { type Contestant, NoAnswer, Program } from './program.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** What is compared, by the name that the tables have for it. */
export const implementations = {
  libssl: 'libssl in C',
  openssl: 'tls-openssl',
  opensslOverDgram: 'tls-openssl over node:dgram',
  pure: 'tls-pure',
  portable: 'tls-pure portable',
  naive: 'createCipheriv',
  raw: 'node:dgram',
  dtlsClient: 'node-dtls-client',
} as const;

/** One of {@link implementations}. */
export type Implementation = keyof typeof implementations;

/** One who takes part: an implementation, on one Node unless it needs none. */
export interface Entrant {
  readonly implementation: Implementation;
  /** Major version; undefined for programs without Node. */
  readonly node: string | undefined;
  /** Starts its program. @throws NoAnswer with the reason why it cannot take part. */
  launch(): Contestant;
}

/** Every implementation on every Node of the list. */
export function entrants(nodes: readonly string[], only: readonly Implementation[]): readonly Entrant[] {
  return only.flatMap((implementation) =>
    implementation === 'libssl' ? [nativeEntrant()] : nodes.map((node) => nodeEntrant(implementation, node)),
  );
}

function nativeEntrant(): Entrant {
  return { implementation: 'libssl', node: undefined, launch: () => startNative('limit') };
}

/** Starts a program of native/, on one core if one is given. @throws NoAnswer it could not be built. */
export function startNative(name: NativeProgram, core?: number): Program {
  const built = buildNative(name);
  if (built.program === undefined) throw new NoAnswer(built.reason);
  return new Program(...onCore(core, built.program, []));
}

function nodeEntrant(implementation: Implementation, node: string): Entrant {
  const worker = fileURLToPath(new URL('../work/worker.js', import.meta.url));
  return {
    implementation,
    node,
    launch: () => new Program(nodePath(node), [worker, implementation]),
  };
}

const paths = new Map<string, string>();

/** The Node of a major version: the running one if it is of that version, else one from npm. */
export function nodePath(version: string): string {
  if (process.versions.node.split('.')[0] === version) return process.execPath;
  const known = paths.get(version);
  if (known !== undefined) return known;
  const folder = npmTool(`node@${version}`);
  const path = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  paths.set(version, path);
  return path;
}

/** The folder of a package that is no dependency of the workspace. */
export function npmTool(spec: string): string {
  const script = join(root, 'scripts/npm-tool.mjs');
  return execFileSync(process.execPath, [script, spec], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}
