import { AvsError, errnoError, type SecurityInfoType } from '@avs-net/core';
import { copyBytes, isBytes } from './bytes.js';
import { maxElements } from './limits.js';

/**
 * A store of credentials that are named by queries: hardware, a keychain, another process.
 *
 * avs: what `avs_crypto_…_from_engine` asks, there one PKCS#11 engine that is compiled in.
 */
export interface CredentialEngine {
  /** Names the engine in errors. */
  readonly name: string;
  /** Whether `query` is meant for this engine, such as by its first word. It may hold a PIN: do not log it. */
  handles(query: string): boolean;
  /**
   * What `query` stands for, as a file of this type would hold it: raw bytes for PSKs, PEM or DER for the rest; undefined if
   * there is none. The bytes are copied.
   */
  load(type: SecurityInfoType, query: string): EngineResult | Promise<EngineResult>;
}

/** One credential, several for the types that can be compounds, or none. */
export type EngineResult = Uint8Array | readonly Uint8Array[] | undefined;

const engines = new Set<CredentialEngine>();

/**
 * Makes an engine known to every loader in this process. The engine that was registered first and handles a query gets it.
 * @returns a function that unregisters it; calling it again does nothing.
 * @throws TypeError not an engine; EEXIST an engine of this name is registered.
 */
export function registerEngine(engine: CredentialEngine): () => void {
  const given: Partial<CredentialEngine> | undefined = Object(engine);
  if (typeof given?.name !== 'string' || typeof given.handles !== 'function' || typeof given.load !== 'function')
    throw new TypeError('engine must have a name and the functions handles and load');
  for (const { name } of engines)
    if (name === engine.name) throw errnoError('EEXIST', `an engine named ${name} is registered already`);
  engines.add(engine);
  return () => {
    engines.delete(engine);
  };
}

/**
 * Copies of what the engine of `query` has for it, at least one.
 * @throws ENOENT no engine, or nothing there; EIO the engine failed or gave something else; an AvsError of the engine's own.
 */
export async function loadFromEngine(type: SecurityInfoType, query: string, where: string): Promise<Uint8Array[]> {
  let name = 'an engine';
  try {
    const engine = [...engines].find((candidate) => candidate.handles(query));
    if (engine === undefined) throw errnoError('ENOENT', `${where}.query: no registered engine handles it (${type})`);
    name = `engine ${engine.name}`;
    const result: unknown = await engine.load(type, query);
    if (result === undefined) throw errnoError('ENOENT', `${where}.query: ${name} has no such ${type}`);
    const all: readonly unknown[] = Array.isArray(result) ? result : [result];
    if (all.length === 0) throw errnoError('ENOENT', `${where}.query: ${name} has no such ${type}`);
    if (all.length > maxElements || !all.every(isBytes))
      throw errnoError('EIO', `${where}.query: ${name} gave something else than bytes for a ${type}`);
    return all.map(copyBytes);
  } catch (error) {
    if (error instanceof AvsError) throw error;
    throw errnoError('EIO', `${where}.query: ${name} failed to load a ${type}`, { cause: error });
  }
}
