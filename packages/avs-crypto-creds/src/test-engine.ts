import type { SecurityInfoType } from '@avs-net/core';
import { copyBytes } from './bytes.js';
import type { CredentialEngine, EngineResult } from './engines.js';

/** An engine that holds its credentials in memory, for tests. */
export interface TestEngine extends CredentialEngine {
  /** Holds a copy of `bytes` from now on, for this query. Several are for the types that can be compounds. */
  store(type: SecurityInfoType, query: string, ...bytes: readonly Uint8Array[]): void;
  /** Forgets what it holds for this query. */
  remove(type: SecurityInfoType, query: string): void;
  /** Makes every load fail with this error; undefined ends that. */
  failWith(error: Error | undefined): void;
}

class MemoryEngine implements TestEngine {
  readonly name: string;
  readonly #held = new Map<string, readonly Uint8Array[]>();
  #failure: Error | undefined;

  constructor(name: string) {
    this.name = name;
  }

  handles(query: string): boolean {
    return query.startsWith(`${this.name}:`);
  }

  load(type: SecurityInfoType, query: string): EngineResult {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#held.get(`${type} ${query}`)?.map(copyBytes);
  }

  store(type: SecurityInfoType, query: string, ...bytes: readonly Uint8Array[]): void {
    this.#held.set(`${type} ${query}`, bytes.map(copyBytes));
  }

  remove(type: SecurityInfoType, query: string): void {
    this.#held.delete(`${type} ${query}`);
  }

  failWith(error: Error | undefined): void {
    this.#failure = error;
  }
}

/** An engine for tests: it handles the queries that begin with its name and a colon, and holds what it was given. */
export function testEngine(name = 'test'): TestEngine {
  return new MemoryEngine(name);
}
