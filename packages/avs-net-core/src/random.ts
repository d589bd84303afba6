/** Fills `bytes` from the platform's CSPRNG: 65,536 at most. */
export function platformRandom(bytes: Uint8Array): void {
  globalThis.crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
}
