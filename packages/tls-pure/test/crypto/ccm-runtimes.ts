import { vi } from 'vitest';
import type * as portable from '../../src/crypto/ccm-portable.js';
import type * as node from '../../src/crypto/node.js';

/** What AES-CCM may find where it runs. */
export interface Runtime {
  readonly name: string;
  /** What there is in place of `WebAssembly`. */
  readonly webAssembly: (found: typeof WebAssembly) => Partial<typeof WebAssembly> | undefined;
  /** Whether CCM is expected to run in it. */
  readonly usesIt: boolean;
}

class RefusedModule {
  constructor() {
    throw new WebAssembly.CompileError('Wasm code generation disallowed by embedder');
  }
}

export const runtimes: readonly Runtime[] = [
  { name: 'with WebAssembly as it is here', webAssembly: (found) => found, usesIt: true },
  {
    // All that asks is told so; then the module must do without.
    name: 'where WebAssembly has no relaxed vectors',
    webAssembly: (found) => changed(found, { validate: () => false }),
    usesIt: true,
  },
  {
    name: 'where a policy refuses WebAssembly',
    webAssembly: (found) => changed(found, { Module: RefusedModule as unknown as typeof WebAssembly.Module }),
    usesIt: false,
  },
  { name: 'without WebAssembly', webAssembly: () => undefined, usesIt: false },
];

/** `WebAssembly` but for some of its members. */
export function changed(found: typeof WebAssembly, members: Partial<typeof WebAssembly>): Partial<typeof WebAssembly> {
  const { Module, Instance, validate } = found;
  return { Module, Instance, validate, ...members };
}

/** AES-CCM as it is when it does its first work in that runtime, and whether that is in WebAssembly. */
export async function ccmIn({ webAssembly }: Pick<Runtime, 'webAssembly'>): Promise<{
  createCcm: typeof portable.createCcm;
  nodeProvider: typeof node.nodeProvider;
  isInWebAssembly: boolean;
}> {
  const replacement = webAssembly(WebAssembly);
  vi.resetModules();
  const { ccmInWebAssembly } = await import('../../src/crypto/ccm-wasm.js');
  const { createCcm } = await import('../../src/crypto/ccm-portable.js');
  const { nodeProvider } = await import('../../src/crypto/node.js');
  vi.stubGlobal('WebAssembly', replacement);
  try {
    return { createCcm, nodeProvider, isInWebAssembly: ccmInWebAssembly() !== undefined };
  } finally {
    vi.unstubAllGlobals();
  }
}
