import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('../../native', import.meta.url));
const output = fileURLToPath(new URL('../../build', import.meta.url));

/** What building a program came to. */
export type Built = { readonly program: string } | { readonly program: undefined; readonly reason: string };

/** The programs, and what each is made of. */
const programs = {
  limit: ['limit.c', 'memory_link.c', 'psk.c'],
  sockets: ['sockets.c', 'loopback.c', 'load.c', 'psk.c'],
} as const;

/** One of the programs of native/. */
export type NativeProgram = keyof typeof programs;

const built = new Map<string, Built>();

/** Compiles a program of native/ against the system's libssl, once in each run. */
export function buildNative(name: NativeProgram): Built {
  const known = built.get(name);
  if (known !== undefined) return known;
  mkdirSync(output, { recursive: true });
  const program = join(output, name);
  const args = [
    '-O2',
    '-Wall',
    '-o',
    program,
    ...programs[name].map((file) => join(sources, file)),
    '-lssl',
    '-lcrypto',
  ];
  const { error, status, stderr } = spawnSync('cc', args, { encoding: 'utf8' });
  const result: Built =
    error === undefined && status === 0 ? { program } : { program: undefined, reason: explain(error, stderr ?? '') };
  built.set(name, result);
  return result;
}

function explain(error: Error | undefined, printed: string): string {
  if (error !== undefined || /openssl\/.*\.h|-lssl|-lcrypto/.test(printed)) {
    return 'needs a C compiler and libssl: apt-get install gcc libc6-dev libssl-dev';
  }
  throw new Error(`the compiler failed:\n${printed}`);
}
