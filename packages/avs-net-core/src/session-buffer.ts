// How a session lies in the caller's `sessionResumptionBuffer`: its length in 4 bytes, big-endian, the engine's bytes, zeros.

const headerSize = 4;

/** A copy of the session in `buffer`; undefined when there is none, or when what is there cannot be one. */
export function readSession(buffer: Uint8Array | undefined): Uint8Array | undefined {
  if (buffer === undefined || buffer.length <= headerSize) return undefined;
  const length = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength).getUint32(0);
  if (length === 0 || length > buffer.length - headerSize) return undefined;
  return buffer.slice(headerSize, headerSize + length);
}

/** Writes a session and zeros behind it; all zeros when there is none or it does not fit. */
export function writeSession(buffer: Uint8Array | undefined, session: Uint8Array | undefined): void {
  if (buffer === undefined) return;
  buffer.fill(0);
  if (session === undefined || session.length === 0 || session.length > buffer.length - headerSize) return;
  new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength).setUint32(0, session.length);
  buffer.set(session, headerSize);
}
