import type { Backend } from '@avs-net/core';
import { UserError } from './commands/user-error.js';

/** The backend `@avs-net/tls-<name>`, loaded when it is asked for. @throws UserError if there is none, or it does not load. */
export async function loadBackend(name: string): Promise<Backend> {
  const specifier = `@avs-net/tls-${name}`;
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name))
    throw new UserError(`--backend: ${JSON.stringify(name)} is not a backend's name`);
  let module: { readonly backend?: unknown };
  try {
    module = (await import(specifier)) as { readonly backend?: unknown };
  } catch (cause) {
    const missing = (cause as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND' && String(cause).includes(specifier);
    const reason = missing ? 'is not installed; "pure" is there' : `does not load: ${(cause as Error).message}`;
    throw new UserError(`--backend ${name}: ${specifier} ${reason}`, { cause });
  }
  if (!isBackend(module.backend)) throw new UserError(`--backend ${name}: ${specifier} is not there yet; use "pure"`);
  return module.backend;
}

function isBackend(value: unknown): value is Backend {
  return typeof value === 'object' && value !== null && 'createDtlsSocket' in value && 'createDtlsListener' in value;
}

/** @throws UserError `--cid` was given, and the backend has no connection IDs. */
export function checkCid({ name, capabilities }: Backend, cid: boolean | undefined): void {
  if (cid !== true || capabilities.connectionId) return;
  throw new UserError(`--cid: the backend ${name} has no connection IDs; use another one, such as "pure"`);
}
