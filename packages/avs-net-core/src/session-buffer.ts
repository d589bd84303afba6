// How a session lies in the caller's `sessionResumptionBuffer`: its length in 4 bytes, big-endian, the engine's bytes, zeros.

const headerSize = 4;

/** The session of one client socket: in the caller's buffer where there is one, else in memory for as long as the socket lives. */
export class StoredSession {
  #inMemory: Uint8Array | undefined;

  constructor(private readonly buffer: Uint8Array | undefined) {}

  /** A copy; undefined when there is none, or when what is in the buffer cannot be one. */
  read(): Uint8Array | undefined {
    const { buffer } = this;
    if (buffer === undefined) return this.#inMemory?.slice();
    if (buffer.length <= headerSize) return undefined;
    const length = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength).getUint32(0);
    if (length === 0 || length > buffer.length - headerSize) return undefined;
    return buffer.slice(headerSize, headerSize + length);
  }

  /** Keeps a copy; all zeros when there is none or it does not fit. */
  write(session: Uint8Array | undefined): void {
    const { buffer } = this;
    if (buffer === undefined) {
      this.#inMemory?.fill(0);
      this.#inMemory = session?.slice();
      return;
    }
    buffer.fill(0);
    if (session === undefined || session.length === 0 || session.length > buffer.length - headerSize) return;
    new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength).setUint32(0, session.length);
    buffer.set(session, headerSize);
  }

  /** Forgets what is in memory; the caller's buffer stays as it is. */
  wipe(): void {
    this.#inMemory?.fill(0);
    this.#inMemory = undefined;
  }
}
