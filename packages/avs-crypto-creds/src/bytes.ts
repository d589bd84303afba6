/** Whether `value` is a Uint8Array (a Buffer is one), from whatever realm. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]';
}

/** A copy with memory of its own. Unlike `slice`, that holds for a Buffer too. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** The bytes of all parts, one after another. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}

/**
 * Overwrites `bytes` with zeros.
 *
 * It reaches this memory only: copies that were made before, by whomever, stay.
 * @throws TypeError `bytes` is not a Uint8Array.
 */
export function clearBuffer(bytes: Uint8Array): void {
  if (!isBytes(bytes)) throw new TypeError('bytes must be a Uint8Array');
  bytes.fill(0);
}
