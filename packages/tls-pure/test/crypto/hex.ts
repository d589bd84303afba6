/** Bytes from hexadecimal. */
export function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** Hexadecimal from bytes, for messages that a person can read. */
export function hex(data: Uint8Array): string {
  return Buffer.from(data).toString('hex');
}
