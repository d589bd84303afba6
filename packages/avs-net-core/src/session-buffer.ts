import type { ResumableSession } from './engine.js';

// How a session and an association lie in the caller's `sessionResumptionBuffer`: each as its length in 4 bytes, big-endian, and the engine's
// bytes; then zeros.

const headerSize = 4;

/** The session of one client socket: in the caller's buffer where there is one, else in memory for as long as the socket lives. */
export class StoredSession {
  #inMemory: ResumableSession | undefined;
  /** The association as this socket wrote it last, or took it out. */
  #association: Uint8Array | undefined;

  constructor(private readonly buffer: Uint8Array | undefined) {}

  /** A copy; undefined when there is none, or when what is in the buffer cannot be one. */
  read(): Uint8Array | undefined {
    if (this.buffer === undefined) return this.#inMemory?.store();
    return readSlot(this.buffer, 0)?.slice();
  }

  /** Keeps a session, which is this object's; all zeros when there is none or it does not fit. An association stays if there is room. */
  write(session: ResumableSession | undefined): void {
    if (this.buffer === undefined) {
      this.#inMemory?.destroy();
      this.#inMemory = session;
      return;
    }
    const stored = session?.store();
    session?.destroy();
    this.#render(stored, stored === undefined ? undefined : this.#readAssociation()?.slice());
    stored?.fill(0);
  }

  /** A copy of the association in the buffer, which is not there any more: it can be continued once. */
  takeAssociation(): Uint8Array | undefined {
    const association = this.#readAssociation()?.slice();
    if (association !== undefined) this.#render(this.read(), undefined);
    this.#association = undefined;
    return association;
  }

  /** Puts an association back that was taken and not used. */
  returnAssociation(association: Uint8Array): void {
    this.#render(this.read(), association);
  }

  /**
   * Keeps a copy of the association, if there is room, or none.
   * @returns False: what this socket has written last is not there any more, so the buffer is another's, and was left alone.
   */
  writeAssociation(association: Uint8Array | undefined): boolean {
    const present = this.#readAssociation();
    if (this.#association !== undefined && !isSame(present, this.#association)) return false;
    this.#render(this.read(), association);
    this.#association = this.#readAssociation()?.slice();
    return true;
  }

  /** Whether there is an association in the buffer. */
  get hasAssociation(): boolean {
    return this.#readAssociation() !== undefined;
  }

  /** The association is over, or somebody else's: the next one is written whatever is there. */
  disownAssociation(): void {
    this.#association = undefined;
  }

  /** Forgets what is in memory; the caller's buffer stays as it is. */
  wipe(): void {
    this.#inMemory?.destroy();
    this.#inMemory = undefined;
    this.#association = undefined;
  }

  #readAssociation(): Uint8Array | undefined {
    const { buffer } = this;
    if (buffer === undefined || buffer.length < headerSize) return undefined;
    const session = readSlot(buffer, 0);
    // Without a session there is an empty one in front of it.
    const at = headerSize + (session?.length ?? 0);
    return session === undefined && lengthAt(buffer, 0) !== 0 ? undefined : readSlot(buffer, at);
  }

  #render(session: Uint8Array | undefined, association: Uint8Array | undefined): void {
    const { buffer } = this;
    if (buffer === undefined) return;
    buffer.fill(0);
    const sessionEnd = writeSlot(buffer, 0, session);
    writeSlot(buffer, sessionEnd, association);
  }
}

function lengthAt(buffer: Uint8Array, at: number): number {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength).getUint32(at);
}

/** A view of what is in the slot; undefined when that is nothing, or cannot be. */
function readSlot(buffer: Uint8Array, at: number): Uint8Array | undefined {
  if (buffer.length < at + headerSize) return undefined;
  const length = lengthAt(buffer, at);
  const start = at + headerSize;
  if (length === 0 || length > buffer.length - start) return undefined;
  return buffer.subarray(start, start + length);
}

/** Writes a slot, empty if what it is given does not fit, and gives its end. */
function writeSlot(buffer: Uint8Array, at: number, content: Uint8Array | undefined): number {
  const start = at + headerSize;
  if (content === undefined || content.length > buffer.length - start) return start;
  new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength).setUint32(at, content.length);
  buffer.set(content, start);
  return start + content.length;
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);
}
