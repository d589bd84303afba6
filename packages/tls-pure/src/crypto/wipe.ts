/**
 * Overwrites secrets with zeros. What the engine has copied elsewhere (registers, moved heap objects) is out of reach:
 * this shortens the time that a key is in memory, it is no guarantee.
 */
export function wipe(...secrets: readonly (Uint8Array | Uint32Array)[]): void {
  for (const secret of secrets) secret.fill(0);
}
